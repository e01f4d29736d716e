// Where the console of `npm start` listens. Chosen at the first start and kept: a browser holds its keys for an
// address, and the appliance looks for the relay where it was.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import * as z from 'zod';

const port = z.int().min(1).max(65_535);
const portsSchema = z.strictObject({ page: port, relayTcp: port, relayWs: port });

/** The ports of pages and relay, all of loopback. */
export type ConsolePorts = z.infer<typeof portsSchema>;

const FIRST: ConsolePorts = { page: 3000, relayTcp: 4020, relayWs: 4021 };
const MAX_TRIES = 100;

/**
 * Takes the ports of before, or the first that are free. `wanted` is for the pages: the variable PORT.
 * @throws {Error} naming the port that is taken, and what to do
 */
export async function choosePorts(
  folder: string,
  { wanted, say }: { wanted: string | undefined; say: (text: string) => void },
): Promise<ConsolePorts> {
  const path = join(folder, 'ports.json');
  const before = await readPorts(path);
  const asked = wanted === undefined || wanted === '' ? null : parsePort(wanted);
  const chosen = before ?? (await firstFree(asked));
  const ports = { ...chosen, page: asked ?? chosen.page };
  await checkFree(ports);
  if (before === null && asked === null && ports.page !== FIRST.page) {
    say(`Port ${FIRST.page} is taken: the console takes ${ports.page}, and keeps it from now on.`);
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(path, `${JSON.stringify(ports)}\n`, { mode: 0o600 });
  return ports;
}

async function readPorts(path: string): Promise<ConsolePorts | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw cause;
  }
  try {
    return portsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`Cannot read "${path}": not as npm start wrote it; remove it`, { cause });
  }
}

function parsePort(text: string): number {
  const parsed = port.safeParse(/^\d{1,5}$/.test(text) ? Number(text) : null);
  if (parsed.success) return parsed.data;
  throw new Error('Cannot start the console: PORT must be a number from 1 to 65535');
}

async function firstFree(asked: number | null): Promise<ConsolePorts> {
  const taken = new Set<number>();
  const next = async (from: number): Promise<number> => {
    for (let at = from; at < from + MAX_TRIES; at++) {
      if (taken.has(at) || !(await isFree(at))) continue;
      taken.add(at);
      return at;
    }
    throw new Error(
      `Cannot start the console: no port from ${from} to ${from + MAX_TRIES} is free`,
    );
  };
  const page = asked ?? (await next(FIRST.page));
  taken.add(page);
  return { page, relayTcp: await next(FIRST.relayTcp), relayWs: await next(FIRST.relayWs) };
}

async function checkFree({ page, relayTcp, relayWs }: ConsolePorts): Promise<void> {
  if (!(await isFree(page))) {
    throw new Error(
      `Cannot start the console: port ${page} is taken by another program.\n` +
        'End that program, or choose another port: PORT=3100 npm start\n' +
        '(A browser holds its keys for one address: at another you make a new signing key.)\n' +
        'Without the console: npm start -- --no-console',
    );
  }
  for (const relay of [relayTcp, relayWs]) {
    if (await isFree(relay)) continue;
    throw new Error(
      `Cannot start the console: port ${relay}, where its relay was, is taken by another program.\n` +
        'End that program. Without the console: npm start -- --no-console',
    );
  }
}

function isFree(at: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(at, '127.0.0.1', () => server.close(() => resolve(true)));
  return promise;
}
