// A site that was founded by the command line, for its tests: the appliance and one endpoint run in this process,
// and `caisey` is called in the owner's home.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openAgent } from '#agent/agent.ts';
import { enrol } from '#agent/enrol.ts';
import { type ApplianceEvent, openAppliance } from '#appliance/appliance.ts';
import type { PolicyRules } from '#crypto/policy.ts';
import { createInbox } from './agent-appliance.ts';
import { freePort } from './free-port.ts';
import {
  createTerminal,
  type Ran,
  runCli,
  type TestTerminal,
  type TestTerminalOptions,
} from './cli-terminal.ts';
import { runCaisey } from '../cli/program.ts';

export interface CliSite extends AsyncDisposable {
  readonly folder: string;
  /** The owner's home. */
  readonly home: string;
  /** The approver's key file. */
  readonly approverKey: string;
  /** What the appliance told. */
  readonly events: readonly ApplianceEvent[];
  /** Runs `caisey` in the owner's home. */
  run(argv: readonly string[], options?: TestTerminalOptions): Promise<Ran>;
  /** As `run`, of which stdout is JSON. @throws {Error} with what it said when it fails */
  json(argv: readonly string[]): Promise<unknown>;
  /** Begins `caisey` in the owner's home, with the terminal in hand. */
  start(
    argv: readonly string[],
    options?: TestTerminalOptions,
  ): {
    readonly terminal: TestTerminal;
    readonly code: Promise<number>;
  };
  /** Stops the appliance; what is on disk stays. */
  stopAppliance(): Promise<void>;
}

/** What runs without asking, what is asked and what is refused is easy to tell. */
export const CLI_RULES: PolicyRules = {
  time_zone: 'UTC',
  rules: [
    { id: 'all', effect: 'allow' },
    { id: 'touch', effect: 'ask', programs: ['touch'] },
    { id: 'rm', effect: 'deny', programs: ['rm'] },
  ],
  ask: { approvals: 1, expires_s: 600 },
};

/** Founds a site and opens its appliance; with `endpoint`, a machine of that name is enrolled, verified
 * and online. */
export async function openCliSite({
  endpoint,
  rules,
}: { endpoint?: string; rules?: PolicyRules } = {}): Promise<CliSite> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'caisey-cli-'));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const home = join(folder, 'home');
  const approverKey = join(folder, 'carla.key');
  const env = { CAISEY_HOME: home };
  const site: Omit<CliSite, 'events' | 'stopAppliance' | typeof Symbol.asyncDispose> = {
    ...{ folder, home, approverKey },
    run: (argv, options) => runCli(argv, { ...options, env: { ...env, ...options?.env } }),
    async json(argv) {
      const { code, out, err } = await site.run([...argv, '--format', 'json']);
      if (code !== 0) throw new Error(`caisey ${argv.join(' ')}: exit ${code}: ${err}`);
      return JSON.parse(out) as unknown;
    },
    start(argv, options) {
      const terminal = createTerminal({ ...options, env: { ...env, ...options?.env } });
      return { terminal, code: runCaisey(argv, terminal) };
    },
  };
  await site.json(foundingArguments({ approverKey, port: await freePort() }));
  const events: ApplianceEvent[] = [];
  const appliance = await openAppliance({
    folder: join(home, 'appliance'),
    software: 'caisey/test',
    onEvent: (event) => events.push(event),
  });
  opening.use(appliance);
  if (rules !== undefined) await setRules(site, rules);
  if (endpoint !== undefined) opening.use(await openEndpoint(site, endpoint));
  const opened = opening.move();
  return {
    ...site,
    events,
    stopAppliance: async () => {
      await appliance[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The arguments of `caisey site init` for a site of tests: on loopback alone, decided by a key file. */
export function foundingArguments({
  approverKey,
  port,
}: {
  approverKey: string;
  port: number;
}): string[] {
  return [
    ...['site', 'init', '--client', 'Corner Bakery', '--site', 'Main Street', '--msp', 'Acme IT'],
    ...['--owner', 'Olga Owner', '--approver', 'Carla Client', '--approver-key', approverKey],
    ...['--time-zone', 'UTC', '--http', 'none', '--no-mdns'],
    ...['--listen', `/ip4/127.0.0.1/tcp/${port}`],
  ];
}

async function setRules(
  { folder, json }: Pick<CliSite, 'folder' | 'json'>,
  rules: PolicyRules,
): Promise<void> {
  const path = join(folder, 'rules.json');
  await writeFile(path, JSON.stringify(rules));
  await json(['site', 'policy', 'set', path]);
}

async function openEndpoint(
  site: Pick<CliSite, 'folder' | 'run' | 'json'>,
  name: string,
): Promise<AsyncDisposable> {
  const { out: token } = await site.run(['endpoint', 'token', '--name', name]);
  const folder = join(site.folder, 'agent');
  const { signal } = new AbortController();
  await enrol({ ...{ token, folder, signal }, mdns: false });
  await site.json(['endpoint', 'verify', name, '--yes']);
  const events = createInbox<string>();
  const agent = await openAgent({
    ...{ folder, signal, mdns: false },
    onEvent: ({ kind }) => {
      events.put(kind);
    },
  });
  await events.take((kind) => kind === 'ready');
  return agent;
}
