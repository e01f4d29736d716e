// What `caisey site status` shows; of an appliance on this machine that refuses to run, why.

import { isProtocolError } from '#agent/protocol/error.ts';
import { siteFingerprints } from '#appliance/protocol/site-fingerprints.ts';
import type { Connection } from './connect.ts';
import { CliError } from './error.ts';
import { connected, type Invocation } from './invocation.ts';
import type { Home } from './place.ts';
import { formatAgo, formatSize } from './quantity.ts';

export async function showStatus(invocation: Invocation): Promise<void> {
  const { output, terminal } = invocation;
  await using connection = await connectedOrWhyNot(invocation);
  const status = await connection.client.call('site.status', {});
  const { endpoints } = status;
  const { appliance } = connection.site;
  const fingerprints = siteFingerprints({ appliance, log: status.log });
  await output.result({ ...status, fingerprints }, () =>
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
