// The site of `npm start`: founded at the first start, with a PIN for its approver; then its appliance and the agent
// of this machine, which is enrolled as its endpoint. Each is a process of its own.

import { randomInt } from 'node:crypto';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { checkNewPin } from '#appliance/gate/pin.ts';
import { PAGE_ADDRESS } from './cli/place.ts';
import {
  caisey,
  caiseyOk,
  type Daemon,
  enrolAgent,
  startAgent,
  startAppliance,
} from './caisey-process.ts';

/** How this machine is called at its site. */
export const ENDPOINT = 'this-machine';
const UP_MS = 60_000;
const POLL_MS = 50;

/** The running site of this computer. */
export interface StartedSite extends AsyncDisposable {
  /** The approver's PIN when the site was founded just now: it is kept nowhere in clear. */
  readonly pin: string | null;
  /** Resolves when one of its processes ended by itself, with what to say. */
  readonly ended: Promise<string>;
  /** Starts the appliance anew, on a configuration that was changed. */
  restartAppliance(): Promise<void>;
}

/** Founds the site when there is none, and runs it. @throws {Error} when a process ends before it is up */
export async function openSite(home: string, say: (text: string) => void): Promise<StartedSite> {
  await using stack = new AsyncDisposableStack();
  const ended = Promise.withResolvers<string>();
  const pin = (await isThere(join(home, 'site.json'))) ? null : await foundSite(home, say);
  let appliance: Daemon | null = null;
  let turn: Promise<void> = Promise.resolve();
  stack.defer(async () => {
    await turn.catch(() => undefined); // whoever restarted it is told
    await appliance?.[Symbol.asyncDispose]();
  });
  const replaceAppliance = async (): Promise<void> => {
    const before = appliance;
    appliance = null; // its end is ours
    await before?.[Symbol.asyncDispose]();
    const started = await openAppliance(home, say);
    appliance = started;
    void started.ended.then((code) => {
      if (appliance === started) ended.resolve(`The appliance has ended (${howEnded(code)})`);
    });
  };
  const runAppliance = (): Promise<void> => (turn = replaceAppliance());
  say('Starting the appliance …');
  await runAppliance();
  if (!(await isThere(join(home, 'agent', 'identity.json')))) await enrolThisMachine(home, say);
  say('Starting the agent …');
  const onLine = (line: string): void => say(`  agent      ${line}`);
  const agent = stack.use(
    startAgent({ runtime: 'node', folder: join(home, 'agent'), home, onLine }),
  );
  await whenUp(agent, () => isOnline(home));
  void agent.ended.then((code) => ended.resolve(`The agent has ended (${howEnded(code)})`));
  const opened = stack.move();
  return {
    ...{ pin, ended: ended.promise, restartAppliance: runAppliance },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** How a person writes `caisey` for a home, in a clone. */
export function commandFor(home: string): string {
  const env = home === join(homedir(), '.caisey') ? '' : `CAISEY_HOME=${home} `;
  return `${env}npm run -s caisey --`;
}

/** How a process ended, in words. */
export function howEnded(code: number | null): string {
  return code === null ? 'by a signal' : `exit code ${code}`;
}

async function openAppliance(home: string, say: (text: string) => void): Promise<Daemon> {
  let isReady = false; // by its own word: another one may answer at its address
  const appliance = startAppliance({
    home,
    onLine: (line) => {
      isReady ||= line.endsWith(' ready');
      say(`  appliance  ${line}`);
    },
  });
  try {
    await whenUp(appliance, async () => (await setTimeout(POLL_MS), isReady));
    return appliance;
  } catch (cause) {
    await appliance[Symbol.asyncDispose]();
    throw cause;
  }
}

async function foundSite(home: string, say: (text: string) => void): Promise<string> {
  const pin = makePin();
  say(`Founding a site in ${home} (first run only) …`);
  const names = ['--client', 'Trial client', '--site', 'This machine', '--msp', 'Your MSP'];
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

/** Asks until the answer is yes. @throws {Error} when the process ends first, or it takes too long */
async function whenUp(daemon: Daemon, isUp: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + UP_MS;
  while (!(await isUp())) {
    if (daemon.child.exitCode !== null) {
      throw new Error('Cannot start: a process ended; its last lines above say why');
    }
    if (performance.now() > deadlineMs) throw new Error('Cannot start: it takes too long');
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
