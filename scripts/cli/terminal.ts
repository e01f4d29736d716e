// What the command line talks to: three streams, the environment, and the keys that interrupt. The process has
// one; tests have their own.

import { fstatSync } from 'node:fs';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import type { WriteStream } from 'node:tty';

import { streamWriter } from '#agent/protocol/line-writer.ts';
import { CliError } from './error.ts';
import { programName } from './program-name.ts';

/** A stream to write on. */
export interface OutStream {
  readonly isTTY: boolean;
  /** Characters on a line; null when it is no terminal. */
  readonly columns: number | null;
  readonly hasColour: boolean;
  /** Resolves when the stream has taken it: a slow reader slows its writer. */
  write(data: string | Uint8Array): Promise<void>;
}

export interface Terminal {
  readonly stdout: OutStream;
  readonly stderr: OutStream;
  readonly stdin: {
    readonly isTTY: boolean;
    /** Whether somebody piped something in, or named a file that is not empty. */
    readonly isGiven: boolean;
    readAll(): Promise<string>;
    /** Reads one line; without `echo` nothing of it is shown. @throws {CliError} code `interrupted` */
    readLine(options: { echo: boolean }): Promise<string>;
  };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the person types to call this program: `caisey`, or npm's form in a clone. */
  readonly program: string;
  /** Whether it shows characters beyond ASCII. */
  readonly isUnicode: boolean;
  /** Told when the person, or the system, asks us to stop. */
  onInterrupt(listener: () => void): Disposable;
  /** Milliseconds since 1970. */
  now(): number;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { env } = process;
  return {
    stdout: outStream(process.stdout, env),
    stderr: outStream(process.stderr, env),
    stdin: {
      isTTY: process.stdin.isTTY,
      isGiven: isStdinGiven(),
      readAll: () => text(process.stdin),
      readLine: ({ echo }) => readLine(echo),
    },
    env,
    program: programName(process.argv[1] ?? ''),
    isUnicode: isUnicode(env),
    onInterrupt,
    now: () => Date.now(),
  };
}

function outStream(stream: WriteStream, env: NodeJS.ProcessEnv): OutStream {
  const isTTY = stream.isTTY;
  return {
    isTTY,
    get columns() {
      return isTTY ? stream.columns : null;
    },
    hasColour: isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    write: streamWriter(stream),
  };
}

/** A pipe or a file, by what the system says of it: reading would take it away from a loop around us. */
function isStdinGiven(): boolean {
  try {
    const stdin = fstatSync(0);
    return stdin.isFIFO() || (stdin.isFile() && stdin.size > 0);
  } catch {
    return false; // it is closed
  }
}

function isUnicode(env: NodeJS.ProcessEnv): boolean {
  if (process.platform === 'win32') return env['WT_SESSION'] !== undefined;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return /utf-?8/i.test(locale);
}

const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Nobody presses Ctrl+C twice in so short a time. */
export const REPEAT_MS = 250;

function onInterrupt(listener: () => void): Disposable {
  const once = mergeRepeats(listener, () => performance.now());
  for (const signal of INTERRUPTS) process.on(signal, once);
  return {
    [Symbol.dispose]() {
      for (const signal of INTERRUPTS) process.removeListener(signal, once);
    },
  };
}

/**
 * Makes one of what comes several times at once: a terminal, a hangup or a supervisor tells the whole process group,
 * and npm, and the script that starts us, pass on what they were told.
 */
export function mergeRepeats(listener: () => void, now: () => number): () => void {
  let lastMs = -Infinity;
  return () => {
    const atMs = now();
    const isRepeat = atMs - lastMs < REPEAT_MS;
    lastMs = atMs;
    if (!isRepeat) listener();
  };
}

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const DELETE = '\u007f';

/** Reads a line off a terminal, a character at a time, for the terminal itself would show what is typed. */
async function readLine(echo: boolean): Promise<string> {
  const { stdin, stderr } = process;
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  const typed: string[] = [];
  const line = Promise.withResolvers<string>();
  const take = (char: string): void => {
    if (char === CTRL_C) line.reject(new CliError('interrupted', 'Cannot go on: interrupted'));
    else if (char === '\r' || char === '\n' || char === CTRL_D) line.resolve(typed.join(''));
    else if (char === DELETE || char === '\b') {
      if (typed.pop() !== undefined && echo) stderr.write('\b \b');
    } else if (char >= ' ') {
      typed.push(char);
      if (echo) stderr.write(char);
    }
  };
  const onData = (chunk: string | Buffer): void => {
    for (const char of String(chunk)) take(char);
  };
  stdin.on('data', onData);
  stdin.resume();
  try {
    return await line.promise;
  } finally {
    stdin.removeListener('data', onData);
    stdin.pause();
    stdin.setRawMode(false);
    stderr.write('\n');
  }
}
