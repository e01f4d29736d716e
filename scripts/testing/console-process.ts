// The built console in a process of its own, on free ports and an empty folder, for tests that need no browser.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startDaemon } from '../caisey-process.ts';
import { copyConsole } from '../console-build.ts';
import { freePort } from './free-port.ts';
import { SpokenLines } from './spoken-lines.ts';

export interface ConsoleProcess extends AsyncDisposable {
  /** What stands in the address bar. */
  readonly origin: string;
  /** Where the pages are, and the relay's WebSocket. */
  readonly ports: { readonly pages: number; readonly ws: number };
  /** The console's data folder. */
  readonly data: string;
}

/** Builds the console when needed, and runs it with what else it is told. */
export async function openConsoleProcess(
  more: (origin: string) => Readonly<Record<string, string>>,
): Promise<ConsoleProcess> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'caisey-console-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const program = await copyConsole(folder, console.log);
  const data = join(folder, 'data');
  const ports = { pages: await freePort(), ws: await freePort() };
  const own = `http://localhost:${ports.pages}`;
  const env = {
    ...{ HOST: '127.0.0.1', PORT: String(ports.pages), ORIGIN: own, CAISEY_CONSOLE_DATA: data },
    ...{ RELAY_TCP: `127.0.0.1:${await freePort()}`, RELAY_WS: `127.0.0.1:${ports.ws}` },
    ...more(own),
  };
  const spoken = new SpokenLines();
  const onLine = spoken.of('console');
  stack.use(
    startDaemon({ program: process.execPath, args: [program] }, { home: folder, onLine, env }),
  );
  await spoken.when(/console: Listening on/, { from: 0 });
  const held = stack.move();
  return {
    ...{ origin: env.ORIGIN, ports, data },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
