// `npm start`: a site on this machine, ready for the next command. The first time it is founded, with a PIN for
// its approver, and this machine is enrolled as its endpoint; then appliance and agent run until Ctrl+C.
//
// Everything lies in CAISEY_HOME (~/.caisey), where the CLI looks for it.
//
// Exit codes: 0 stopped by a signal · 1 failed, or one of the two ended · 2 the site of this home runs already.

import { randomInt } from 'node:crypto';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { loadConfig, placesIn } from '#appliance/config.ts';
import { checkNewPin } from '#appliance/gate/pin.ts';
import { lockOwner } from '#appliance/ledger/lock.ts';
import {
  caisey,
  caiseyOk,
  type Daemon,
  enrolAgent,
  startAgent,
  startAppliance,
} from './caisey-process.ts';

const ENDPOINT = 'this-machine';
const PAGE = '127.0.0.1:8420';
const UP_MS = 60_000;
const POLL_MS = 50;

/** Runs the site of this machine until a signal, or until the appliance ends. Answers the exit code. */
async function start(home: string): Promise<number> {
  if (await isRunning(home)) return 2;
  const stop = Promise.withResolvers<'stopped'>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop.resolve('stopped');
    });
  }
  const pin = (await exists(join(home, 'site.json'))) ? null : await foundSite(home);
  say('Starting the appliance …');
  let isReady = false; // by its own word: another one may answer at its address
  await using appliance = startAppliance({
    home,
    onLine: (line) => {
      isReady ||= line.endsWith(' ready');
      say(`  appliance  ${line}`);
    },
  });
  await whenUp(appliance, async () => (await setTimeout(POLL_MS), isReady));
  if (!(await exists(join(home, 'agent', 'identity.json')))) await enrolThisMachine(home);
  say('Starting the agent …');
  await using agent = startAgent({
    runtime: 'node',
    folder: join(home, 'agent'),
    home,
    onLine: (line) => say(`  agent      ${line}`),
  });
  await whenUp(agent, () => isOnline(home));
  sayWhatNext({ home, pin });
  const end = await Promise.race([
    stop.promise,
    appliance.ended.then((code) => `The appliance has ended (${howEnded(code)})`),
    agent.ended.then((code) => `The agent has ended (${howEnded(code)})`),
  ]);
  if (end === 'stopped') {
    say('\nStopping; the site and its log stay in ' + home);
    return 0;
  }
  say(
    `\n${end}. If it said why, that stands above. "npm start" starts both again; nothing recorded is lost.`,
  );
  return 1;
}

function howEnded(code: number | null): string {
  return code === null ? 'by a signal' : `exit code ${code}`;
}

/** Whether the appliance of this home runs already; then it is said where. */
async function isRunning(home: string): Promise<boolean> {
  const folder = join(home, 'appliance');
  const pid = await lockOwner(placesIn(folder).log);
  if (pid === null) return false;
  const { http, listen } = await loadConfig(folder);
  const page = http === null ? 'none' : `http://${http.host}:${http.port}`;
  const status = `${commandFor(home)} site status`;
  process.stderr.write(
    `The site in ${home} runs already: process ${pid}, page ${page}, endpoints reach it at ${listen.join(' ')}\n` +
      `"${status}" shows it. To start it anew, stop that process first (Ctrl+C where it runs, or: kill ${pid}).\n`,
  );
  return true;
}

/** Founds the site; answers the approver's PIN, which is kept nowhere in clear. */
async function foundSite(home: string): Promise<string> {
  const pin = makePin();
  say(`Founding a site in ${home} (first run only) …`);
  const names = ['--client', 'Trial client', '--site', 'This machine', '--msp', 'Your MSP'];
  const people = ['--owner', process.env['USER'] ?? 'Owner', '--approver', 'Client contact'];
  const rest = ['--policy', 'standard', '--pin-file', '-', '--http', PAGE];
  await caiseyOk(['site', 'init', ...names, ...people, ...rest], { home, input: `${pin}\n` });
  return pin;
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

async function enrolThisMachine(home: string): Promise<void> {
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

function sayWhatNext({ home, pin }: { home: string; pin: string | null }): void {
  const command = commandFor(home);
  say(`
The site is up. In another terminal:

  see it            ${command} ls
  look at something ${command} run ${ENDPOINT} -- uname -a
  change something  ${command} run ${ENDPOINT} --why "to try it" -- touch /tmp/hello-caisey

The last one waits for the client: open http://${PAGE} and approve it with the PIN.${
    pin === null
      ? ''
      : `

  The client's PIN is  ${pin}  (write it down: it is kept nowhere in clear)`
  }

  then read the record  ${command} session ls --all
                        ${command} records export <session>
  and check it          ${command} verify <session>.evidence.json --trust ${join(home, 'trust.json')}

Another machine of this network, with its own clone of this repository:

  here   ${command} endpoint token --name web > token    (lets one machine in, once)
  there  npm run -s caisey -- agent enrol --dir DIR --token-file token
         npm run -s caisey -- agent run --dir DIR
  here   ${command} endpoint verify web           (compare the fingerprint that enrolling it printed)

When the PIN is lost: nobody can read it out. Give the client a key file instead, and take the old key away:

  ${command} key create client.key --name "Client contact"
  ${command} site approvers add --id client-2 --name "Client contact" --public-key KEY-IT-PRINTED
  ${command} site approvers rm client-contact
  ${command} request approve CODE --key client.key

Ctrl+C stops appliance and agent.`);
}

function commandFor(home: string): string {
  const env = home === join(homedir(), '.caisey') ? '' : `CAISEY_HOME=${home} `;
  return `${env}npm run -s caisey --`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  process.exitCode = await start(process.env['CAISEY_HOME'] ?? join(homedir(), '.caisey'));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
