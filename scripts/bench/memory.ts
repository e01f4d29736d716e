// `bench memory`: what rests in memory. An idle agent on Node and on Deno, each a process of its own; and an
// appliance with a hundred agents linked, which share one process so that the machine has room for them.

import { openAgent } from '#agent/agent.ts';
import { enrol } from '#agent/enrol.ts';
import { join } from 'node:path';

import { openProcessSite, type ProcessSite } from '../testing/process-site.ts';
import type { BenchOptions, Figures } from './main.ts';
import { residentMb } from './process-cost.ts';

const AGENTS = 100;
const REST_MS = 5000;

/** Answers resident megabytes (10^6 bytes) of each; null where the system does not tell (no /proc). */
export async function bench({ log }: BenchOptions): Promise<Figures> {
  await using site = await openProcessSite();
  log('an agent on Node, and one on Deno …');
  const node = await site.addAgent({ name: 'node', runtime: 'node' });
  const deno = await site.addAgent({ name: 'deno', runtime: 'deno' });
  await rest();
  const figures = {
    agent_node_mb: await residentMb(node.daemon),
    agent_deno_mb: await residentMb(deno.daemon),
    appliance_2_agents_mb: await residentMb(site.appliance),
  };
  log(`${AGENTS} agents …`);
  await using agents = await linkAgents(site, log);
  await rest();
  return {
    ...figures,
    appliance_100_agents_mb: await residentMb(site.appliance),
    agents: agents.count,
  };
}

/** Enrols and links so many agents, in this process. */
async function linkAgents(
  site: ProcessSite,
  log: (line: string) => void,
): Promise<AsyncDisposable & { count: number }> {
  const stack = new AsyncDisposableStack();
  const stop = new AbortController();
  await using owner = await site.connect(site.owner);
  const { signal } = stop;
  for (let i = 0; i < AGENTS; i++) {
    const name = `bench-${i}`;
    const { token } = await owner.call('endpoint.token', { name, labels: [], lifeS: 3600 });
    const folder = join(site.folder, name);
    await enrol({ token, folder, signal, software: 'caisey-bench', mdns: false });
    stack.use(await openAgent({ folder, signal, mdns: false, onEvent: () => undefined }));
    if ((i + 1) % 25 === 0) log(`${i + 1} of ${AGENTS}`);
  }
  for (;;) {
    const { endpoints } = await owner.call('endpoint.list', {});
    if (endpoints.filter(({ state }) => state === 'online').length >= AGENTS + 2) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    count: AGENTS,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await stack.disposeAsync();
    },
  };
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS));
}
