// The agent as a program, on Node and on Deno.
//
//   main.ts run   --dir DIR [--log text|json]
//   main.ts enrol --dir DIR --token-file FILE|-
//
// Exit codes: 0 stopped or enrolled · 1 failed, or enrolment refused · 2 wrong use, or a folder that cannot be
// used · 4 the site removed this endpoint: do not start it again.

import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

import { type AgentEnd, openAgent } from './agent.ts';
import { enrol } from './enrol.ts';
import { AgentError } from './error.ts';
import { formatEvent, type LogFormat } from './event-line.ts';
import { isProtocolError } from './protocol/error.ts';
import { useNativeCrypto } from './protocol/native-crypto.ts';

const USAGE = `Usage: caisey agent run --dir DIR [--log text|json]
       caisey agent enrol --dir DIR --token-file FILE|-`;

/** Where the program's words go: stderr is the log, stdout the answer. */
interface Streams {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** Runs the agent's command line, `run` or `enrol`, to its end. Answers the exit code; never throws. */
export async function runAgent(
  argv: readonly string[],
  { out, err }: Streams = consoleStreams(),
): Promise<number> {
  const stop = new AbortController();
  using _ = onSignals(() => stop.abort(new Error('Cannot go on: stopped by a signal')));
  try {
    const { command, values } = parse(argv);
    useNativeCrypto();
    if (command === 'enrol') {
      out(await enrolFrom(values, stop.signal));
      return 0;
    }
    const end = await runIn(values, { signal: stop.signal, err });
    return end === 'removed' ? REMOVED : 0;
  } catch (error) {
    err(describe(error));
    return exitCodeOf(error);
  }
}

const REMOVED = 4;

interface Values {
  readonly dir: string;
  readonly log: LogFormat;
  readonly tokenFile: string | undefined;
}

function parse(argv: readonly string[]): { command: 'run' | 'enrol'; values: Values } {
  const { positionals, values } = parseOptions(argv);
  const [command, ...others] = positionals;
  const { dir, log = 'text', 'token-file': tokenFile } = values;
  const isCommand = command === 'run' || command === 'enrol';
  if (!isCommand || others.length > 0 || dir === undefined) throw new UsageError(USAGE);
  if (log !== 'text' && log !== 'json') throw new UsageError(USAGE);
  if ((command === 'enrol') !== (tokenFile !== undefined)) throw new UsageError(USAGE);
  return { command, values: { dir, log, tokenFile } };
}

function parseOptions(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        dir: { type: 'string' },
        log: { type: 'string' },
        'token-file': { type: 'string' },
      },
    });
  } catch (cause) {
    throw new UsageError(`${cause instanceof Error ? cause.message : ''}\n${USAGE}`, { cause });
  }
}

class UsageError extends Error {
  override readonly name = 'UsageError';
}

async function enrolFrom({ dir, tokenFile = '-' }: Values, signal: AbortSignal): Promise<string> {
  const token = tokenFile === '-' ? await text(process.stdin) : await readFile(tokenFile, 'utf8');
  const { name, endpoint } = await enrol({ token, folder: dir, signal });
  return `Enrolled "${name}" as endpoint ${endpoint} in "${dir}"`;
}

async function runIn(
  { dir, log }: Values,
  { signal, err }: { signal: AbortSignal; err: Streams['err'] },
): Promise<AgentEnd> {
  await using agent = await openAgent({
    folder: dir,
    signal,
    onEvent: (event) => err(formatEvent(event, { format: log, atMs: Date.now() })),
  });
  return await agent.done;
}

/** SIGHUP too: a closed terminal must not leave commands running. A second signal ends the process at once. */
function onSignals(stop: () => void): Disposable {
  const signals = process.platform === 'win32' ? WINDOWS_SIGNALS : POSIX_SIGNALS;
  for (const signal of signals) process.once(signal, stop);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, stop);
    },
  };
}

const POSIX_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const WINDOWS_SIGNALS = ['SIGINT', 'SIGBREAK'] as const;

function describe(error: unknown): string {
  if (error instanceof AgentError || error instanceof UsageError || isProtocolError(error)) {
    return error.message;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return 2;
  if (!(error instanceof AgentError)) return 1;
  if (error.code === 'removed') return REMOVED;
  return /^(folder|identity|journal)-/.test(error.code) ? 2 : 1;
}

function consoleStreams(): Streams {
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
  };
}

if (import.meta.main) {
  process.exitCode = await runAgent(process.argv.slice(2));
  // libp2p keeps a BroadcastChannel, which holds Deno for ever.
  if ('Deno' in globalThis) process.exit();
}
