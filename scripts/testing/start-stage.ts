// `npm start` as a person meets it: one process with a home of its own and ports that are free, and Chromium. Its site
// is founded before, as one of an earlier version would be: on ports that nobody else has.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Browser, chromium } from 'playwright-core';

import { caiseyOk, type Daemon, startDaemon } from '../caisey-process.ts';
import { type BrowserVisitor, openBrowserVisitor, type VisitorOptions } from './browser-visitor.ts';
import { freePort } from './free-port.ts';
import { SpokenLines } from './spoken-lines.ts';

const START = join(import.meta.dirname, '..', 'start.ts');
const UP_MS = 300_000;

export interface StartStage extends AsyncDisposable {
  readonly home: string;
  readonly origin: string;
  readonly spoken: SpokenLines;
  readonly daemon: Daemon;
  readonly browser: Browser;
  /** What stands in the terminal to be typed into the page: the next one, once it is said. Each is good once. */
  code(): Promise<string>;
  /** What it shows after that code was typed, to be compared by the page: the next one, once it is said. */
  handedCode(): Promise<string>;
  visitor(options?: VisitorOptions): Promise<BrowserVisitor>;
  /** Runs `npm start` again on the same home, after the one before has ended. */
  restart(): Promise<void>;
}

/** Founds a site and starts everything; resolves when the console's address was said. */
export async function openStartStage(executablePath: string): Promise<StartStage> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'caisey-start-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const home = join(folder, 'home');
  await found(home, folder);
  const spoken = new SpokenLines();
  const daemons = stack.use(new AsyncDisposableStack());
  const ports = { page: await freePort(), relayTcp: await freePort(), relayWs: await freePort() };
  await mkdir(join(home, 'console'), { mode: 0o700 });
  await writeFile(join(home, 'console', 'ports.json'), JSON.stringify(ports)); // as an earlier start chose them
  const origin = `http://localhost:${ports.page}`;
  const start = async (): Promise<Daemon> => {
    const from = spoken.all.length;
    const env = { PORT: '', BROWSER: 'none', HOME: folder };
    const program = { program: process.execPath, args: [START] };
    const daemon = daemons.use(startDaemon(program, { home, env, onLine: spoken.of('start') }));
    await spoken.when(new RegExp(`The console is at +${origin}`), { from, timeoutMs: UP_MS });
    await spoken.when(/Ctrl\+C stops everything/, { from });
    return daemon;
  };
  let daemon = await start();
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  });
  stack.defer(() => browser.close());
  const opened = stack.move();
  return {
    ...{ home, origin, spoken, browser },
    get daemon() {
      return daemon;
    },
    code: nextOf(spoken, /(?:Code|now)  ([0-9A-Z]{4}-[0-9A-Z]{4})/),
    handedCode: nextOf(spoken, /before you sign there: {2}([0-9A-Z-]{14})/),
    visitor: (visiting) => openBrowserVisitor(browser, { origin, ...visiting }),
    async restart() {
      daemon = await start();
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Reads what a pattern finds in the lines: each time what was said after the one before, waited for if need be. */
function nextOf(spoken: SpokenLines, pattern: RegExp): () => Promise<string> {
  let from = 0;
  return async () => {
    const [said, found = ''] = await spoken.when(pattern, { from });
    from = spoken.all.findIndex((line, i) => i >= from && line.includes(said)) + 1;
    return found;
  };
}

async function found(home: string, folder: string): Promise<void> {
  const names = ['--client', 'Trial client', '--site', 'This computer', '--msp', 'Your MSP'];
  const people = ['--owner', 'Root', '--approver', 'Client contact'];
  const listen = ['--listen', `/ip4/127.0.0.1/tcp/${await freePort()}`, '--no-mdns'];
  const rest = [
    '--approver-key',
    join(folder, 'client.key'),
    '--http',
    'none',
    '--time-zone',
    'UTC',
  ];
  await caiseyOk(['site', 'init', ...names, ...people, ...listen, ...rest], { home });
}
