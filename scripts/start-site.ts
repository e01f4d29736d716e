// The site of `npm start`: founded at the first start, with a PIN for its approver; then its appliance and the agent
// of this machine, which is enrolled as its endpoint. Each is a process of its own.

import { randomInt } from 'node:crypto';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { checkNewPin } from '#appliance/gate/pin.ts';
import type { Clock } from '#appliance/work/clock.ts';
import { PAGE_ADDRESS } from './cli/place.ts';
import { caiseyOk, type Daemon, enrolAgent, startAgent, startAppliance } from './caisey-process.ts';
import { inTime, openDaemon, UP_MS } from './daemon-up.ts';
import { keepDaemon, type KeptDaemon, NotUpError } from './kept-daemon.ts';

/** How this machine is called at its site. */
export const ENDPOINT = 'this-machine';

/** The running site of this computer. */
export interface StartedSite extends AsyncDisposable {
  /** The approver's PIN when the site was founded just now: it is kept nowhere in clear. */
  readonly pin: string | null;
  /** Resolves when all is to end: its appliance or its agent was stopped; with what to say. */
  readonly ended: Promise<string>;
  /** Resolves when its appliance ended and is left off; why was said. The rest of it goes on. */
  readonly isWithoutAppliance: Promise<void>;
  /** Starts the appliance anew, on a configuration that was changed. */
  restartAppliance(): Promise<void>;
}

export interface SiteOptions {
  readonly home: string;
  readonly say: (text: string) => void;
  readonly clock: Clock;
  /** Aborted when all is to stop: what ends then is not started again. */
  readonly signal: AbortSignal;
}

/** Founds the site when there is none, and runs it. @throws {NotUpError} when a process ends before it is up */
export async function openSite({ home, say, clock, signal }: SiteOptions): Promise<StartedSite> {
  await using stack = new AsyncDisposableStack();
  const ended = Promise.withResolvers<string>();
  const pin = (await isThere(join(home, 'site.json'))) ? null : await foundSite(home, say);
  say('Starting the appliance …');
  const appliance = stack.use(
    await keepDaemon({
      ...{ name: 'appliance', say, clock, signal },
      open: (starting) => openAppliance(home, { say, signal: starting }),
      refusal: (exitCode) => applianceRefusal(exitCode, home),
    }),
  );
  if (!(await isThere(join(agentFolder(home), 'identity.json')))) await enrolThisMachine(home, say);
  say('Starting the agent …');
  const agent = await keepAgent({ home, say, clock, signal });
  if (agent !== null) stack.use(agent);
  void appliance.stopped.then(() => ended.resolve('The appliance was stopped'));
  void agent?.stopped.then(() => ended.resolve('The agent was stopped'));
  const opened = stack.move();
  return {
    ...{ pin, ended: ended.promise, isWithoutAppliance: appliance.givenUp },
    restartAppliance: () => appliance.restart(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const START_AGAIN = 'Then: Ctrl+C, where anything still runs here, and "npm start" again.';

/** What an appliance that ended with this code will not start without; null: another start may do. */
export function applianceRefusal(exitCode: number | null, home: string): string | null {
  const command = commandFor(home);
  switch (exitCode) {
    case 2:
      return (
        'It refuses to open its folder, and is not started again: what it said above names why. If another process\n' +
        `has the log open, stop that one ("${command} site status" shows it). If something is missing, put\n` +
        `${join(home, 'appliance')} back as it was. ${START_AGAIN}`
      );
    case 5:
      return (
        'It refuses its log, and is not started again: the log is damaged, or somebody holds a newer or another one,\n' +
        `and signing on would make a second history. Keep ${join(home, 'appliance')} as it is.\n` +
        `What is wrong:  ${command} log fsck --offline\n` +
        'If an undamaged and newest copy exists (log/ and second/ together), put that in its place. If none does, this\n' +
        `log is closed for good: found a new site in another CAISEY_HOME. ${START_AGAIN}`
      );
    default:
      return null;
  }
}

/** The same of the agent. Without it the site goes on: it may have other machines. */
export function agentRefusal(exitCode: number | null, home: string): string | null {
  const folder = agentFolder(home);
  switch (exitCode) {
    case 2:
      return (
        'It refuses to open its folder, and is not started again: what it said above names why. If another process\n' +
        `has that folder open, stop that one; if something is missing, put ${folder} back as it was.\n` +
        `The rest goes on without this machine. ${START_AGAIN}`
      );
    case 4:
      return (
        'The site removed this machine, so its agent is not started again. The rest goes on without this machine.\n' +
        `To enrol it anew: move ${folder} away. ${START_AGAIN}`
      );
    default:
      return null;
  }
}

/** How a person writes `caisey` for a home, in a clone. */
export function commandFor(home: string): string {
  return inHome(home, 'npm run -s caisey --');
}

/** A command of a clone for a home, to be pasted. */
export function inHome(home: string, command: string): string {
  return home === join(homedir(), '.caisey') ? command : `CAISEY_HOME=${home} ${command}`;
}

function agentFolder(home: string): string {
  return join(home, 'agent');
}

type Opening = Pick<SiteOptions, 'say' | 'signal'>;

/** Up by its own word: another one may answer at its address. */
function openAppliance(home: string, { say, signal }: Opening): Promise<Daemon> {
  return openDaemon({
    ...{ name: 'appliance', signal },
    start: (onLine) => startAppliance({ home, onLine }),
    onLine: (line) => say(`  appliance  ${line}`),
    isUp: (line) => line.endsWith(' ready'),
  });
}

/** Up as soon as its folder is open: whether the appliance runs is not its matter. */
function openAgent(
  home: string,
  { say, signal, onOnline }: Opening & { onOnline: () => void },
): Promise<Daemon> {
  const folder = agentFolder(home);
  return openDaemon({
    ...{ name: 'agent', signal },
    start: (onLine) => startAgent({ runtime: 'node', folder, home, onLine }),
    onLine: (line) => {
      say(`  agent      ${line}`);
      if (line.includes(' ready: ')) onOnline();
    },
    isUp: (line) => line.includes(', key fingerprint '),
  });
}

/** Keeps the agent; null: it will not start again, and why was said. @throws {NotUpError} */
async function keepAgent({ home, say, clock, signal }: SiteOptions): Promise<KeptDaemon | null> {
  await using stack = new AsyncDisposableStack();
  const online = Promise.withResolvers<undefined>();
  const onOnline = (): void => online.resolve(undefined);
  try {
    const agent = stack.use(
      await keepDaemon({
        ...{ name: 'agent', say, clock, signal },
        open: (starting) => openAgent(home, { say, signal: starting, onOnline }),
        refusal: (exitCode) => agentRefusal(exitCode, home),
      }),
    );
    await firstOnline(agent, { online: online.promise, signal });
    stack.move(); // it is the caller's now
    return agent;
  } catch (cause) {
    const isRefused = cause instanceof NotUpError && agentRefusal(cause.exitCode, home) !== null;
    if (!isRefused) throw cause;
    say(`\n${cause.message}`);
    return null;
  }
}

async function foundSite(home: string, say: (text: string) => void): Promise<string> {
  const pin = makePin();
  say(`Founding a site in ${home} (first run only) …`);
  const names = ['--client', 'Trial client', '--site', 'This computer', '--msp', 'Your MSP'];
  const people = ['--owner', keyFileName(process.env['USER']), '--approver', 'Client contact'];
  const rest = ['--policy', 'standard', '--pin-file', '-', '--http', PAGE_ADDRESS];
  await caiseyOk(['site', 'init', ...names, ...people, ...rest], { home, input: `${pin}\n` });
  return pin;
}

/** How the record names the owner's key: at the page the same person has another one. */
function keyFileName(user: string | undefined): string {
  return user === undefined ? 'Key file on this computer' : `${user} (key file on this computer)`;
}

function makePin(): string {
  for (;;) {
    const pin = String(randomInt(0, 1_000_000)).padStart(6, '0');
    try {
      checkNewPin(pin);
      return pin;
    } catch {
      continue; // one that anybody would try first
    }
  }
}

async function enrolThisMachine(home: string, say: (text: string) => void): Promise<void> {
  say('Enrolling this machine as an endpoint (first run only) …');
  const token = await caiseyOk(['endpoint', 'token', '--name', ENDPOINT], { home });
  await enrolAgent({ runtime: 'node', folder: agentFolder(home), token: token.trim(), home });
  await caiseyOk(['endpoint', 'verify', ENDPOINT, '--yes'], { home }); // we have just enrolled it ourselves
}

/** Waits until the agent was online once, or is left off. @throws {NotUpError} when that takes too long */
async function firstOnline(
  { stopped, givenUp }: Pick<KeptDaemon, 'stopped' | 'givenUp'>,
  { online, signal }: { online: Promise<undefined>; signal: AbortSignal },
): Promise<void> {
  const first = await inTime([online, stopped, givenUp], { signal });
  if (first !== 'late') return;
  const message = `The agent was not online within ${UP_MS / 1000} s; its last lines above say why`;
  throw new NotUpError(message, { exitCode: null });
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
