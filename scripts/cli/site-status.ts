// What `caisey site status` shows; of an appliance on this machine that refuses to run, why.

import { isProtocolError } from '#agent/protocol/error.ts';
import { siteFingerprints } from '#crypto/site-fingerprints.ts';
import { visibleText } from '#crypto/visible.ts';
import type { Connection } from './connect.ts';
import { CliError } from './error.ts';
import { connected, type Invocation } from './invocation.ts';
import { readAlerts, type ShownAlert } from './log-ls.ts';
import type { Home } from './place.ts';
import { formatAgo, formatSize } from './quantity.ts';

export async function showStatus(invocation: Invocation): Promise<void> {
  const { output, terminal } = invocation;
  await using connection = await connectedOrWhyNot(invocation);
  const status = await connection.client.call('site.status', {});
  const alerts = await readAlerts(connection, { limit: SHOWN_ALERTS });
  const { endpoints } = status;
  const { appliance } = connection.site;
  const fingerprints = siteFingerprints({ appliance, log: status.log });
  await output.result({ ...status, fingerprints, alerts }, () =>
    output.facts([
      ['client', status.client],
      ['site', status.site],
      ['msp', status.msp],
      ['appliance key', fingerprints.appliance],
      ['log', status.origin],
      ['log key', `${fingerprints.log}\n${status.log}`],
      ['entries', String(status.size)],
      ['endpoints', `${endpoints.online} of ${endpoints.total} online`],
      ['sessions', `${status.openSessions} open`],
      ['requests', `${status.waitingRequests} waiting`],
      ['alerts', alertLines(alerts, { nowMs: terminal.now(), more: output.called('log ls') })],
      ['policy', `version ${status.policyVersion}`],
      ['roster', `version ${status.rosterVersion}`],
      ['disk', `${formatSize(status.diskFreeBytes)} free`],
      ['page', status.http],
      ['addresses', status.addresses.join('\n')],
      ['software', status.software],
      ['up since', formatAgo(status.upSince, terminal.now())],
    ]),
  );
}

/** So many of the newest alerts are shown. */
const SHOWN_ALERTS = 5;

function alertLines(
  alerts: readonly ShownAlert[],
  { nowMs, more }: { nowMs: number; more: string },
): string {
  const lines = alerts.map(({ at, detail }) => {
    return `${formatAgo(at, nowMs)}: ${visibleText(detail ?? '(content erased)')}`;
  });
  if (lines.length === 0) return 'none';
  const rest = alerts.length < SHOWN_ALERTS ? [] : [`more: ${more}`];
  return [...lines, ...rest].join('\n');
}

async function connectedOrWhyNot(invocation: Invocation): Promise<Connection> {
  try {
    return await connected(invocation);
  } catch (cause) {
    if (isProtocolError(cause, 'peer-unreachable')) await checkCaught(invocation.home, cause);
    throw cause;
  }
}

/** @throws {CliError} code `not-verified` when the appliance of this home was rolled back, and so does not run */
async function checkCaught({ appliance }: Home, cause: unknown): Promise<void> {
  const { placesIn } = await import('#appliance/config.ts');
  const { CAUGHT_ADVICE } = await import('#appliance/ledger/advice.ts');
  const { isCaught } = await import('#appliance/ledger/witnessed.ts');
  if (!(await isCaught(placesIn(appliance).second))) return;
  const state = 'an endpoint holds a newer log, or another one, than the appliance has';
  throw new CliError('not-verified', `The appliance refuses to run: ${state}`, {
    ...{ cause, hint: CAUGHT_ADVICE },
  });
}
