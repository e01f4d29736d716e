// `caisey ls`: the endpoints of the site, as an operator looks at them first.

import type { EndpointSummary } from '#appliance/protocol/endpoint-summary.ts';
import { listEndpoints as listAll } from '#appliance/protocol/lists.ts';
import { visibleText } from '#crypto/visible.ts';
import { type Act, connected, type Invocation } from './invocation.ts';
import type { Output } from './output.ts';
import type { Parent } from './program.ts';
import { formatAgo, formatSize } from './quantity.ts';
import type { Cell } from './table.ts';

export function addLs(parent: Parent, act: Act): void {
  parent
    .command('ls')
    .description('list the endpoints: state, load, memory, disk, open session')
    .addHelpText(
      'after',
      '\nHow each was enrolled, and its key: caisey endpoint ls\n' +
        '\nExample:\n  $ caisey ls --format json | jq -r .endpoints[].name',
    )
    .action(() => act(listEndpoints));
}

async function listEndpoints(invocation: Invocation): Promise<void> {
  const { output, terminal } = invocation;
  await using connection = await connected(invocation);
  const endpoints = await listAll(connection.client);
  const sorted = [...endpoints].sort((a, b) => (a.name < b.name ? -1 : 1));
  await output.result({ endpoints: sorted }, () => {
    if (sorted.length === 0) return sayNobodyEnrolled(output);
    return output.table(
      ['NAME', 'STATE', 'LAST SEEN', 'OS', 'LOAD', 'MEMORY', 'DISK', 'SESSION', 'LABELS'],
      sorted.map((endpoint) => rowOf(endpoint, terminal.now())),
    );
  });
  await sayNeverSeen(output, sorted);
}

/** What a list says that has no endpoint. */
export function sayNobodyEnrolled(output: Output): string {
  const token = output.called('endpoint token --name NAME');
  return `No endpoint is enrolled yet: "${token}" lets one in.\n`;
}

/** Says what to do about endpoints that were enrolled, and never came. */
export async function sayNeverSeen(
  output: Output,
  endpoints: readonly Pick<EndpointSummary, 'name' | 'state'>[],
): Promise<void> {
  const names = endpoints.filter(({ state }) => state === 'never-seen').map(({ name }) => name);
  if (names.length === 0) return;
  const run = output.called('agent run --dir DIR');
  await output.note(
    `Never connected yet: ${visibleText(names.join(', '))}. Start the agent there: ${run}`,
  );
}

function rowOf(endpoint: EndpointSummary, nowMs: number): readonly Cell[] {
  const { name, isVerified, state, lastSeen, host, openSession, openSessions, labels } = endpoint;
  return [
    name,
    isVerified
      ? { text: state, style: state === 'online' ? 'green' : 'dim' }
      : { text: `${state}, pending`, style: 'yellow' },
    state === 'online' ? 'now' : formatAgo(lastSeen, nowMs),
    host === null ? '-' : `${host.os} ${host.arch}`,
    host === null ? '-' : `${host.load1.toFixed(2)} of ${host.cpuCount}`,
    host === null ? '-' : useOf(host.memoryTotalBytes, host.memoryFreeBytes),
    host === null ? '-' : useOf(host.diskTotalBytes, host.diskFreeBytes),
    `${openSession ?? '-'}${openSessions > 1 ? ` +${openSessions - 1}` : ''}`,
    labels.join(' '),
  ];
}

function useOf(total: number, free: number): string {
  const part = total === 0 ? 0 : Math.round((1 - free / total) * 100);
  return `${part} % of ${formatSize(total)}`;
}
