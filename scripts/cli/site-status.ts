// What `caisey site status` shows.

import { connected, type Invocation } from './invocation.ts';
import { formatAgo, formatSize } from './quantity.ts';

export async function showStatus(invocation: Invocation): Promise<void> {
  const { output, terminal } = invocation;
  await using connection = await connected(invocation);
  const status = await connection.client.call('site.status', {});
  const { endpoints } = status;
  await output.result(status, () =>
    output.facts([
      ['client', status.client],
      ['site', status.site],
      ['msp', status.msp],
      ['log', status.origin],
      ['log key', status.log],
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
