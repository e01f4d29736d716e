// Ports for processes that are told one before they listen. The system's own choice is of no use for that: until the
// process listens, the same port may go to another test, or to anybody's outgoing connection. So ports are taken from
// below the range of those (32768 and up on Linux), at random, and each is kept for the process that asked, by a file.

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FIRST = 15_000;
const LAST = 32_000;
const MAX_TRIES = 200;
const FOLDER = join(tmpdir(), 'caisey-test-ports');

/** A port of 127.0.0.1 on which nothing listens, and which no other process is given while this one runs. */
export async function freePort(): Promise<number> {
  await mkdir(FOLDER, { recursive: true });
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = randomInt(FIRST, LAST);
    if ((await reserve(port)) && (await isFree(port))) return port;
  }
  throw new Error('Cannot find a free port');
}

/** Whether the port is this process's now: nobody else has it, or who had it has ended. */
async function reserve(port: number): Promise<boolean> {
  const file = join(FOLDER, String(port));
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (!isRunning(owner)) await rm(file, { force: true }); // free for the next who draws it
    return false;
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const isListening = once(server, 'listening').then(
    () => true,
    () => false, // somebody listens there
  );
  server.listen(port, '127.0.0.1');
  if (!(await isListening)) return false;
  server.close();
  await once(server, 'close');
  return true;
}
