// The console as its people meet it: the built console in a process of its own, real appliances and agents as the
// command line starts them, and Chromium. Everything lies in one temporary folder and ends with the stage.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Browser, chromium } from 'playwright-core';
import { Assertion } from 'uvu/assert';

import { type Daemon, startAppliance, startCaisey, startDaemon } from '../caisey-process.ts';
import { copyConsole } from '../console-build.ts';
import { openBrowserVisitor, type BrowserVisitor, type VisitorOptions } from './browser-visitor.ts';
import { freePort } from './free-port.ts';
import { SpokenLines } from './spoken-lines.ts';

/** The one time limit of whatever is waited for: machines that run tests are busy. */
export const STAGE_TIMEOUT_MS = 90_000;

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** An appliance that joined a console. */
export interface StageAppliance {
  readonly home: string;
  /** The page on site. */
  readonly page: string;
  readonly daemon: Daemon;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Starts it on what it left behind. */
  restart(): Promise<void>;
}

export interface ConsoleStage extends AsyncDisposable {
  /** What stands in the address bar. */
  readonly origin: string;
  readonly folder: string;
  /** The console's data folder. */
  readonly data: string;
  readonly spoken: SpokenLines;
  readonly browser: Browser;
  /** The process of console and relay. */
  readonly host: Daemon;
  /** Ends console and relay as a power cut would. */
  killConsole(): Promise<void>;
  /** Starts them again, on the same ports and data. */
  startConsole(): Promise<void>;
  /** Somebody with a browser and an authenticator of their own. Gone with the stage. */
  visitor(options?: VisitorOptions): Promise<BrowserVisitor>;
  /** Runs `caisey appliance join`; the name is for its folder and its lines. */
  join(name: string, token: string): Promise<StageAppliance>;
  /** Starts something that runs until the stage ends. */
  keep(daemon: Daemon): Daemon;
  /** Runs a story. When it fails, the error says what stood on every screen, and what the processes said. */
  tell(story: () => Promise<void>): Promise<void>;
}

/** Builds the console when needed, and opens it with a browser. */
export async function openConsoleStage(options: {
  executablePath: string;
  /** What else the console is told; it may depend on what stands in the address bar. */
  env?: (origin: string) => Readonly<Record<string, string>>;
}): Promise<ConsoleStage> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'caisey-console-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const program = await copyConsole(folder, console.log);
  const data = join(folder, 'data');
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const env = {
    ...{ HOST: '127.0.0.1', PORT: String(port), ORIGIN: origin, CAISEY_CONSOLE_DATA: data },
    RELAY_TCP: `127.0.0.1:${await freePort()}`,
    RELAY_WS: `127.0.0.1:${await freePort()}`,
    ...options.env?.(origin),
  };
  const spoken = new SpokenLines();
  const daemons = stack.use(new AsyncDisposableStack());
  const keep = (daemon: Daemon): Daemon => daemons.use(daemon);
  const start = async (): Promise<Daemon> => {
    const from = spoken.all.length;
    const onLine = spoken.of('console');
    const daemon = keep(
      startDaemon({ program: process.execPath, args: [program] }, { home: folder, onLine, env }),
    );
    await spoken.when(/console: Listening on/, { from });
    return daemon;
  };
  let host = await start();
  const browser = await chromium.launch({
    ...{ executablePath: options.executablePath, args: FLAGS, timeout: STAGE_TIMEOUT_MS },
  });
  stack.defer(() => browser.close());
  const visitors = new Set<BrowserVisitor>();
  const opened = stack.move();
  return {
    ...{ origin, folder, data, spoken, browser, keep },
    get host() {
      return host;
    },
    killConsole: () => killDaemon(host),
    async startConsole() {
      host = await start();
    },
    async visitor(visiting) {
      const visitor = await openBrowserVisitor(browser, { origin, ...visiting });
      visitors.add(visitor);
      return visitor;
    },
    join: (name, token) => joinAppliance({ name, token, folder, spoken, keep }),
    async tell(story) {
      try {
        await story();
      } catch (cause) {
        const screens = await Promise.all([...visitors].map(screenOf));
        const said = spoken.all.slice(-MAX_SAID).join('\n');
        throw new Error([...wordsOf(cause), ...screens, said].join('\n\n'), { cause });
      }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const MAX_SAID = 60;

/** What failed; of an assertion also what differs, which is not in its message. */
function wordsOf(cause: unknown): readonly string[] {
  const words = cause instanceof Error ? cause.message : String(cause);
  const differs = cause instanceof Assertion ? cause.details : false;
  return differs === false ? [words] : [words, differs];
}

/** What stands on a screen, and a picture of it in a folder that is left there. */
async function screenOf({ page, complaints }: BrowserVisitor): Promise<string> {
  if (page.isClosed()) return 'A page that is closed';
  const path = join(await mkdtemp(join(tmpdir(), 'caisey-screen-')), 'page.png');
  await page.screenshot({ path, fullPage: true });
  const text = await page.locator('body').innerText();
  return [`${page.url()} (${path})`, ...complaints, text].join('\n');
}

/** Ends a process as a power cut would. */
export async function killDaemon({ child, ended }: Daemon): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

async function joinAppliance({
  name,
  token,
  folder,
  spoken,
  keep,
}: {
  name: string;
  token: string;
  folder: string;
  spoken: SpokenLines;
  keep: (daemon: Daemon) => Daemon;
}): Promise<StageAppliance> {
  const home = join(folder, name);
  const http = `127.0.0.1:${await freePort()}`;
  const listen = `/ip4/127.0.0.1/tcp/${await freePort()}`;
  const onLine = spoken.of(name);
  const args = ['appliance', 'join', token, '--http', http, '--listen', listen, '--no-mdns'];
  let daemon = keep(startCaisey(args, { home, onLine }));
  return {
    ...{ home, page: `http://${http}/` },
    get daemon() {
      return daemon;
    },
    kill: () => killDaemon(daemon),
    async restart() {
      const from = spoken.all.length;
      daemon = keep(startAppliance({ home, onLine }));
      await spoken.when(new RegExp(`^${name}: .* ready$`), { from });
    },
  };
}
