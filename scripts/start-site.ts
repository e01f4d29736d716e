// The site of `npm start`: founded at the first start, with a PIN for its approver; then its appliance and the agent
// of this machine, which is enrolled as its endpoint. Each is a process of its own.

import { randomInt } from 'node:crypto';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { checkNewPin } from '#appliance/gate/pin.ts';
import type { Clock } from '#appliance/work/clock.ts';
import { PAGE_ADDRESS } from './cli/place.ts';
import {
  caisey,
  caiseyOk,
  type Daemon,
  enrolAgent,
  startAgent,
  startAppliance,
} from './caisey-process.ts';
import { howEnded, keepDaemon, NotUpError } from './kept-daemon.ts';

/** How this machine is called at its site. */
export const ENDPOINT = 'this-machine';
const UP_MS = 60_000;
const POLL_MS = 50;

/** The running site of this computer. */
export interface StartedSite extends AsyncDisposable {
  /** The approver's PIN when the site was founded just now: it is kept nowhere in clear. */
  readonly pin: string | null;
  /** Resolves when all is to end: its appliance was stopped, or its agent has ended; with what to say. */
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
  void appliance.stopped.then(() => ended.resolve('The appliance was stopped'));
  if (!(await isThere(join(home, 'agent', 'identity.json')))) await enrolThisMachine(home, say);
  say('Starting the agent …');
  const onLine = (line: string): void => say(`  agent      ${line}`);
  const agent = stack.use(
    startAgent({ runtime: 'node', folder: join(home, 'agent'), home, onLine }),
  );
  await whenUp(agent, { name: 'agent', signal, isUp: () => isOnline(home) });
  void agent.ended.then((code) => ended.resolve(`The agent has ended (${howEnded(code)})`));
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

/** How a person writes `caisey` for a home, in a clone. */
export function commandFor(home: string): string {
  const env = home === join(homedir(), '.caisey') ? '' : `CAISEY_HOME=${home} `;
  return `${env}npm run -s caisey --`;
}

async function openAppliance(
  home: string,
  { say, signal }: Pick<SiteOptions, 'say' | 'signal'>,
): Promise<Daemon> {
  let isReady = false; // by its own word: another one may answer at its address
  const appliance = startAppliance({
    home,
    onLine: (line) => {
      isReady ||= line.endsWith(' ready');
      say(`  appliance  ${line}`);
    },
  });
  const isUp = async (): Promise<boolean> => (await setTimeout(POLL_MS), isReady);
  try {
    await whenUp(appliance, { name: 'appliance', signal, isUp });
    return appliance;
  } catch (cause) {
    await appliance[Symbol.asyncDispose]();
    throw cause;
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
  await enrolAgent({ runtime: 'node', folder: join(home, 'agent'), token: token.trim(), home });
  await caiseyOk(['endpoint', 'verify', ENDPOINT, '--yes'], { home }); // we have just enrolled it ourselves
}

async function isOnline(home: string): Promise<boolean> {
  const { code, stdout } = await caisey(['ls', '--format', 'json'], { home });
  return code === 0 && stdout.includes('"online"');
}

/** Asks until the answer is yes. @throws {NotUpError} when the process ends first, or it takes too long */
async function whenUp(
  { child }: Daemon,
  { name, signal, isUp }: { name: string; signal: AbortSignal; isUp: () => Promise<boolean> },
): Promise<void> {
  const deadlineMs = performance.now() + UP_MS;
  while (!(await isUp())) {
    signal.throwIfAborted();
    const { exitCode, signalCode } = child;
    if (exitCode !== null || signalCode !== null) {
      const how = howEnded(exitCode);
      const message = `The ${name} did not come up (${how}); its last lines above say why`;
      throw new NotUpError(message, { exitCode });
    }
    if (performance.now() > deadlineMs) {
      const message = `The ${name} did not come up within ${UP_MS / 1000} s`;
      throw new NotUpError(message, { exitCode });
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
