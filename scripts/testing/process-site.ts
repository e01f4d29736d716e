// A real site in processes of its own: the appliance, and as many agents as are wanted, on Node or on Deno.
// For scenarios that kill them, and for benchmarks that must not share an event loop with what they measure.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type ConsoleConfig, placesIn } from '#appliance/config.ts';
import { saveApprovers } from '#appliance/gate/approver-file.ts';
import { sealKey } from '#appliance/gate/pin.ts';
import type { Client } from '#appliance/protocol/client.ts';
import { type PolicyRules, presetPolicy } from '#crypto/policy.ts';
import {
  type Daemon,
  enrolAgent,
  type Runtime,
  startAgent,
  startAppliance,
} from '../caisey-process.ts';
import { freePort } from './free-port.ts';
import { connect, createPeople, found, type Keyed, type People } from './live-site.ts';

export type { Runtime };

export interface ProcessAgent extends AsyncDisposable {
  readonly name: string;
  readonly endpoint: string;
  readonly folder: string;
  readonly daemon: Daemon;
  /** Starts it again on the same folder, after it was killed. */
  restart(): Promise<void>;
}

export interface ProcessSite extends AsyncDisposable, People {
  readonly folder: string;
  /** C2SP verifier key of the log. */
  readonly log: string;
  /** By which clients find the appliance and know it. */
  readonly pins: { readonly appliance: string; readonly addresses: readonly string[] };
  /** The PIN under which the approver's key lies at the appliance. */
  readonly pin: string;
  readonly appliance: Daemon;
  /** What the processes said. */
  readonly lines: readonly string[];
  connect(as: Keyed): Promise<Client>;
  /** Starts the appliance again on the same folder, after it was killed. */
  restart(): Promise<void>;
  /** Enrols, verifies and starts an agent; resolves when it is online. */
  addAgent(options: {
    name: string;
    runtime?: Runtime;
    labels?: readonly string[];
  }): Promise<ProcessAgent>;
}

const PIN = '739150';
const UP_MS = 60_000;

/** Founds a site in a temporary folder and starts its appliance. */
export async function openProcessSite({
  rules = presetPolicy('standard', 'UTC'),
  console: joined,
}: {
  rules?: PolicyRules;
  /** The console that the site is joined to. */
  console?: ConsoleConfig;
} = {}): Promise<ProcessSite> {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-process-'));
  const people = await createPeople();
  const home = { home: folder };
  const address = `/ip4/127.0.0.1/tcp/${await freePort()}`;
  const applianceFolder = join(folder, 'appliance');
  const founded = await found({
    ...{ rules, people, ...(joined && { console: joined }) },
    folder: applianceFolder,
    listen: [address],
    http: { host: '127.0.0.1', port: await freePort() },
  });
  const sealed = await sealKey(people.approver.seed, PIN, { costLog2: 12 });
  await saveApprovers(placesIn(applianceFolder).approvers, [
    { id: 'carla', name: 'Carla Client', key: people.approver.key, sealed },
  ]);
  const pins = { appliance: founded.appliance, addresses: [address] };
  const lines: string[] = [];
  const start = (): Daemon =>
    startAppliance({ ...home, onLine: (line) => lines.push(`appliance: ${line}`) });
  let appliance = start();
  const agents: ProcessAgent[] = [];
  const site: ProcessSite = {
    folder,
    ...people,
    log: founded.log,
    ...{ pins, pin: PIN },
    lines,
    get appliance() {
      return appliance;
    },
    connect: (as) => connectWhenUp(pins, as, { appliance: () => appliance, lines }),
    async restart() {
      await appliance[Symbol.asyncDispose]();
      appliance = start();
    },
    async addAgent(options) {
      const agent = await addAgent(site, { ...options, folder, lines });
      agents.push(agent);
      return agent;
    },
    async [Symbol.asyncDispose]() {
      for (const agent of agents) await agent[Symbol.asyncDispose]();
      await appliance[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return site;
}

async function addAgent(
  site: ProcessSite,
  {
    name,
    runtime = 'node',
    labels = [],
    folder: parent,
    lines,
  }: {
    name: string;
    runtime?: Runtime;
    labels?: readonly string[];
    folder: string;
    lines: string[];
  },
): Promise<ProcessAgent> {
  const folder = join(parent, `agent-${name}`);
  await using owner = await site.connect(site.owner);
  const { token } = await owner.call('endpoint.token', { name, labels: [...labels], lifeS: 3600 });
  await enrolAgent({ runtime, folder, token, home: parent });
  const onLine = (line: string): void => {
    lines.push(`${name}: ${line}`);
  };
  const start = (): Daemon => startAgent({ runtime, folder, home: parent, onLine });
  let daemon = start();
  const endpoint = await whenOnline(owner, name, lines);
  await owner.call('endpoint.verify', { endpoint });
  return {
    ...{ name, endpoint, folder },
    get daemon() {
      return daemon;
    },
    async restart() {
      await daemon[Symbol.asyncDispose]();
      daemon = start();
      await using client = await site.connect(site.owner);
      await whenOnline(client, name, lines);
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

/** Waits until an endpoint is online; answers its id. */
async function whenOnline(client: Client, name: string, lines: readonly string[]): Promise<string> {
  const deadlineMs = performance.now() + UP_MS;
  for (;;) {
    const { endpoints } = await client.call('endpoint.list', {});
    const found = endpoints.find((endpoint) => endpoint.name === name);
    if (found?.state === 'online') return found.endpoint;
    if (performance.now() > deadlineMs) {
      throw new Error(`Cannot wait for "${name}": not online\n${lines.join('\n')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function connectWhenUp(
  pins: { appliance: string; addresses: readonly string[] },
  as: Keyed,
  { appliance, lines }: { appliance: () => Daemon; lines: readonly string[] },
): Promise<Client> {
  const deadlineMs = performance.now() + UP_MS;
  for (;;) {
    try {
      return await connect(pins, as);
    } catch (cause) {
      const { exitCode } = appliance().child;
      if (exitCode !== null || performance.now() > deadlineMs) {
        throw new Error(`Cannot reach the appliance\n${lines.join('\n')}`, { cause });
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
