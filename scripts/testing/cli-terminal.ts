// A terminal in memory, for tests of the command line: what it was told, what a person types, and Ctrl+C.

import { runCaisey } from '../cli/program.ts';
import type { OutStream, Terminal } from '../cli/terminal.ts';
import { createInbox, type Inbox } from './agent-appliance.ts';

export interface TestTerminal extends Terminal {
  /** All that was written, as bytes and as text. */
  readonly outBytes: () => Buffer;
  readonly out: () => string;
  readonly err: () => string;
  /** Pieces as they were written on stderr, to wait for. */
  readonly errLines: Inbox<string>;
  /** As `errLines`, of stdout. */
  readonly outLines: Inbox<string>;
  /** Presses Ctrl+C. */
  interrupt(): void;
  /** Closes the terminal: the program is told, and no write succeeds any more. */
  hangUp(error: Error): void;
}

export interface TestTerminalOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What is piped in, or typed, a line each, when it is a terminal. */
  readonly input?: string;
  readonly isTTY?: boolean;
  readonly program?: string;
  /** Thrown by every write on stdout. */
  readonly stdoutFails?: Error;
}

/** Makes a terminal. */
export function createTerminal(options: TestTerminalOptions = {}): TestTerminal {
  const { env = {}, input = '', isTTY = false, stdoutFails, program = 'caisey' } = options;
  const out: Uint8Array[] = [];
  const err: Uint8Array[] = [];
  const errLines = createInbox<string>();
  const outLines = createInbox<string>();
  const typed = input.split('\n');
  const listeners = new Set<() => void>();
  const stream = (into: Uint8Array[], told: (text: string) => void): OutStream => ({
    isTTY,
    columns: isTTY ? 100 : null,
    hasColour: isTTY && (env['NO_COLOR'] ?? '') === '',
    write: async (data) => {
      if (hungUp !== null) throw hungUp;
      const bytes = Buffer.from(data);
      into.push(bytes);
      told(bytes.toString('utf8'));
      return Promise.resolve();
    },
  });
  let hungUp: Error | null = null;
  const stdout = stream(out, (text) => {
    if (stdoutFails !== undefined) throw stdoutFails;
    outLines.put(text);
  });
  const interrupt = (): void => {
    for (const listener of [...listeners]) listener();
  };
  return {
    stdout,
    stderr: stream(err, (text) => {
      errLines.put(text);
    }),
    stdin: {
      isTTY,
      isGiven: !isTTY && input !== '',
      readAll: () => Promise.resolve(input),
      readLine: () => Promise.resolve(typed.shift() ?? ''),
    },
    env,
    program,
    isUnicode: true,
    onInterrupt(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => listeners.delete(listener) };
    },
    now: () => Date.now(),
    outBytes: () => Buffer.concat(out),
    out: () => Buffer.concat(out).toString('utf8'),
    err: () => Buffer.concat(err).toString('utf8'),
    errLines,
    outLines,
    interrupt,
    hangUp(error) {
      hungUp = error;
      interrupt();
    },
  };
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Begins `caisey` with these arguments, with the terminal in hand. */
export function startCli(
  argv: readonly string[],
  options: TestTerminalOptions = {},
): { readonly terminal: TestTerminal; readonly ended: Promise<number> } {
  const terminal = createTerminal(options);
  return { terminal, ended: runCaisey(argv, terminal) };
}

/** Runs the command line to its end on a terminal of its own. */
export async function runCli(
  argv: readonly string[],
  options: TestTerminalOptions = {},
): Promise<Ran> {
  const terminal = createTerminal(options);
  const code = await runCaisey(argv, terminal);
  return { code, out: terminal.out(), err: terminal.err() };
}
