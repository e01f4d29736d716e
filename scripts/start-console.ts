// The console of `npm start`: built when its sources have changed, run from a copy of its own, on loopback. It keeps
// its things in CAISEY_HOME/console.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startDaemon } from './caisey-process.ts';
import { killAll } from './command.ts';
import { copyConsole } from './console-build.ts';
import { howEnded } from './kept-daemon.ts';
import type { ConsolePorts } from './start-ports.ts';
import { HandOver } from './start-hand-over.ts';
import { inHome, type StartedSite } from './start-site.ts';

/** The running console. */
export interface StartedConsole extends AsyncDisposable {
  readonly origin: string;
  /** By which an owner brings the site of this computer in. */
  readonly code: string;
  /** Resolves when it ended by itself, with what that means and what to do. */
  readonly ended: Promise<string>;
}

export interface ConsoleOptions {
  readonly home: string;
  readonly ports: ConsolePorts;
  readonly site: Pick<StartedSite, 'restartAppliance'>;
  readonly say: (text: string) => void;
  /** Ends what is under way before it is up. */
  readonly signal: AbortSignal;
}

/** Builds and runs the console. @throws {Error} with what the build said, or when it ends before it listens */
export async function openConsole({
  home,
  ports,
  site,
  say,
  signal,
}: ConsoleOptions): Promise<StartedConsole> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'caisey-start-console-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  signal.addEventListener('abort', killAll, { once: true });
  stack.defer(() => signal.removeEventListener('abort', killAll));
  const log = (line: string): void => say(`${line} (some half a minute)`);
  const program = await copyConsole(folder, log, { signal });
  const origin = `http://localhost:${ports.page}`;
  say('Starting the console …');
  const up = Promise.withResolvers<'up'>();
  const daemon = stack.use(
    startDaemon(
      { program: process.execPath, args: [program] },
      {
        ...{ home, hasChannel: true, env: environmentOf({ home, ports, origin }) },
        onLine: (line) => {
          if (/^Listening on/.test(line)) up.resolve('up');
          else say(`  console    ${line}`);
        },
      },
    ),
  );
  const handOver = new HandOver({ home, say, restartAppliance: () => site.restartAppliance() });
  const { child } = daemon;
  child.on('message', (message) => {
    void handOver.answer(message).then((answer) => {
      if (answer !== null && child.connected) child.send(answer);
    });
  });
  const first = await Promise.race([up.promise, daemon.ended, aborted(signal)]);
  if (first !== 'up') {
    const how = `The console has ended (${howEnded(first)})`;
    throw new Error(`Cannot start: ${how}; its last lines above say why`);
  }
  const opened = stack.move();
  return {
    origin,
    ended: daemon.ended.then((exitCode) => consoleEnd(exitCode, home)),
    get code() {
      return handOver.code;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** What the end of a running console means, and what to do. */
function consoleEnd(exitCode: number | null, home: string): string {
  const restart = inHome(home, 'npm start');
  return `The console has ended (${howEnded(exitCode)}), so everything ends: appliance and agent are stopped in order, and
nothing that was recorded is lost. What the console said above says why. Put that right, then:

  everything       ${restart}
  without console  ${restart} -- --no-console`;
}

function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  if (signal.aborted) reject(signal.reason);
  return promise;
}

/** The trial's own: what the environment says of another console is not for this one. */
function environmentOf({
  home,
  ports: { page, relayTcp, relayWs },
  origin,
}: Pick<ConsoleOptions, 'home' | 'ports'> & { origin: string }): Record<string, string> {
  return {
    ...{ HOST: '127.0.0.1', PORT: String(page), ORIGIN: origin },
    ...{ CAISEY_CONSOLE_DATA: join(home, 'console'), DATABASE_URL: '', RELAY_ANNOUNCE: '' },
    RELAY_TCP: `127.0.0.1:${relayTcp}`,
    RELAY_WS: `127.0.0.1:${relayWs}`,
    CAISEY_THIS_COMPUTER: 'ipc',
  };
}
