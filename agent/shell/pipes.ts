// Real pipes for Node on Linux. Node gives a child sockets for its output, and a socket cannot be opened again
// by name: `echo x >/dev/stderr` would fail there and nowhere else. So FIFOs are made once and used again; they
// have no name any more by the time a command runs. Deno gives pipes by itself; elsewhere sockets do.

import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

/** Where a command's output can be read. */
export interface OutputPipes {
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** Two pipes for one command: the ends that it writes to, and the ends that are read. */
export interface PipePair {
  readonly stdout: number;
  readonly stderr: number;
  /** Lets go of the ends that the command has, and gives those to read: call it once, after the spawn. */
  open(): OutputPipes;
  /** Opens a third pipe, towards the process; at most once, and before `open`. Both ends are the caller's. */
  openInlet(): PipeEnds;
}

/** Both ends of one pipe, by descriptor. */
export interface PipeEnds {
  readonly read: number;
  readonly write: number;
}

/** Three nameless FIFOs, by descriptors that stand for them without opening them (open(2), O_PATH). */
interface Fifos {
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
}

const O_PATH = 0o10000000; // Linux, every architecture that Node runs on; not among Node's constants
const MAX_IDLE = 16;
const idle: Fifos[] = [];
let isUnable = false;

/** Takes a pair of pipes, or null where the runtime's own will do or none can be made. */
export async function takePipes(): Promise<PipePair | null> {
  if (process.platform !== 'linux' || 'Deno' in globalThis || isUnable) return null;
  const fifos = idle.pop() ?? (await createFifos());
  return fifos === null ? null : openPair(fifos);
}

async function createFifos(): Promise<Fifos | null> {
  try {
    const folder = await mkdtemp(join(tmpdir(), 'caisey-pipes-'));
    try {
      return await createFifosIn(folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  } catch {
    isUnable = true; // no mkfifo, or no place for one: the runtime's sockets serve almost as well
    return null;
  }
}

async function createFifosIn(folder: string): Promise<Fifos> {
  const stdin = join(folder, 'stdin');
  const stdout = join(folder, 'stdout');
  const stderr = join(folder, 'stderr');
  const env = { PATH: '/usr/bin:/bin' };
  await promisify(execFile)('mkfifo', ['-m', '600', stdin, stdout, stderr], { env });
  return {
    stdin: openSync(stdin, O_PATH),
    stdout: openSync(stdout, O_PATH),
    stderr: openSync(stderr, O_PATH),
  };
}

function openPair(fifos: Fifos): PipePair {
  const [out, err] = [openEnds(fifos.stdout), openEnds(fifos.stderr)];
  return {
    stdout: out.write,
    stderr: err.write,
    open() {
      closeSync(out.write);
      closeSync(err.write);
      const pipes = { stdout: readFrom(out.read), stderr: readFrom(err.read) };
      recycle(fifos, pipes);
      return pipes;
    },
    openInlet() {
      const { read, write } = openEnds(fifos.stdin);
      closeSync(read);
      // A process wants to wait when it reads. Opening waits for nobody any more: there is a writer.
      return { read: openSync(nameOf(fifos.stdin), constants.O_RDONLY), write };
    },
  };
}

function nameOf(fifo: number): string {
  return `/proc/self/fd/${fifo}`;
}

/** Opens both ends at once. The reader first and without waiting, as a FIFO's ends wait for each other. */
function openEnds(fifo: number): PipeEnds {
  const path = nameOf(fifo);
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { read, write: openSync(path, constants.O_WRONLY) };
}

function readFrom(fd: number): Readable {
  return new Socket({ fd, readable: true, writable: false });
}

/** Keeps FIFOs for the next command when both came to their end: then no process has them open any more. */
function recycle(fifos: Fifos, { stdout, stderr }: OutputPipes): void {
  let open = 2;
  const closed = (): void => {
    open -= 1;
    if (open > 0) return;
    const isClean = stdout.readableEnded && stderr.readableEnded;
    if (isClean && idle.length < MAX_IDLE) idle.push(fifos);
    else for (const fd of [fifos.stdin, fifos.stdout, fifos.stderr]) closeSync(fd);
  };
  stdout.once('close', closed);
  stderr.once('close', closed);
}
