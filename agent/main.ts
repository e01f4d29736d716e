// The agent as a program, on Node and on Deno.
//
//   main.ts run   --dir DIR [--log text|json]
//   main.ts enrol --dir DIR --token-file FILE|-
//
// Exit codes of `run`:   0 stopped · 1 failed · 2 wrong use, or a folder that cannot be used · 4 the site removed this
//                        endpoint: do not start it again
// Exit codes of `enrol`: 0 enrolled · 1 failed · 2 wrong use, or a folder or token that cannot be used · 3 refused:
//                        the token was used or has expired, the name is taken · 4 the appliance was not reached ·
//                        5 interrupted

import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

import { siteFingerprints } from '#crypto/site-fingerprints.ts';
import { type AgentEnd, openAgent } from './agent.ts';
import { enrol } from './enrol.ts';
import { AgentError, type AgentErrorCode } from './error.ts';
import { formatEvent, type LogFormat } from './event-line.ts';
import { identityFingerprint } from './identity.ts';
import { parseEnrolToken } from './protocol/enrol-message.ts';
import { isProtocolError, type ProtocolError } from './protocol/error.ts';
import { lineWriter, streamWriter } from './protocol/line-writer.ts';
import { describeSystemError, systemWords } from './system-error.ts';
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
  using _ = onSignals(() => stop.abort(new Interrupted('Cannot go on: stopped by a signal')));
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
const UNREACHED = 4;
const REFUSED = 3;
const UNUSABLE = 2;
const INTERRUPTED = 5;

class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

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
  const token = await readToken(tokenFile);
  const identity = await enrol({ token, folder: dir, signal });
  const { name, endpoint, site } = identity;
  const keys = siteFingerprints(site);
  return `Enrolled "${name}" as endpoint ${endpoint} in "${dir}"
Fingerprint of its key: ${await identityFingerprint(identity)}
Keys of its site: appliance ${keys.appliance}, record ${keys.log}
  The same stand where its token was made. If they differ, do not start it: the token was not that site's.
Next, here: caisey agent run --dir ${asArgument(dir)}
Then, at the site: caisey endpoint verify ${name}
  or on the machine's page of the console. Until a person has compared the fingerprint there with this one,
  the machine is pending, and nobody can work here.`;
}

/** A path as it is typed on a command line. */
function asArgument(path: string): string {
  return /^[\w./:\\-]+$/.test(path) ? path : `"${path}"`;
}

/** Reads a token, and looks whether it is one. @throws {AgentError} code `token-unusable`; it quotes nothing */
async function readToken(file: string): Promise<string> {
  try {
    const token = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
    parseEnrolToken(token);
    return token;
  } catch (cause) {
    if (!isSystemProblem(cause) && !isProtocolError(cause)) throw cause;
    const where = file === '-' ? 'standard input' : `"${file}"`;
    const why = systemWords(cause) ?? cause.message.replace(/^Cannot parse token: /, '');
    throw new AgentError(
      'token-unusable',
      `Cannot read token from ${where}: ${why}\nGive the file that "caisey endpoint token --name NAME --out FILE" wrote at the site, or pipe the token in by --token-file -`,
    );
  }
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
  if (isProtocolError(error)) return `${error.message}${hintOf(error)}`;
  if (isSystemProblem(error)) {
    return describeSystemError(error) ?? `Cannot go on: ${error.message}`;
  }
  const isPlain = [AgentError, UsageError, Interrupted].some((type) => error instanceof type);
  if (error instanceof Error) return isPlain ? error.message : (error.stack ?? error.message);
  return String(error);
}

/** What to do about an appliance that enrolment did not reach. */
function hintOf({ code }: ProtocolError): string {
  switch (code) {
    case 'peer-unreachable':
      return '\nIs the appliance running, and does this machine reach it? The token is still good: enrol again with it';
    case 'peer-unknown':
      return "\nAnother machine has the appliance's address. The token is still good; find out why before you use it";
    case 'timeout':
      return '\nIs the network slow or cut? Enrol again; if the token was used, have the endpoint removed at the site';
    default:
      return '';
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || isSystemProblem(error)) return UNUSABLE;
  if (error instanceof Interrupted) return INTERRUPTED;
  if (isProtocolError(error)) return /^(?:message|frame)-/.test(error.code) ? 1 : UNREACHED;
  if (!(error instanceof AgentError)) return 1;
  if (error.code === 'removed') return REMOVED;
  if (REFUSALS.has(error.code)) return REFUSED;
  return /^(?:folder|identity|journal)-|^token-unusable$/.test(error.code) ? UNUSABLE : 1;
}

const REFUSALS: ReadonlySet<string> = new Set<AgentErrorCode>([
  'token-expired',
  'token-used',
  'name-taken',
  'proof-invalid',
]);

/** An error of the system about a file or folder: no such file, no permission. */
function isSystemProblem(error: unknown): error is Error {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code);
}

function consoleStreams(): Streams {
  const stdout = lineWriter(streamWriter(process.stdout));
  const stderr = lineWriter(streamWriter(process.stderr));
  return {
    out: (line) => {
      stdout.write(line);
    },
    err: (line) => {
      stderr.write(line);
    },
  };
}

if (import.meta.main) {
  process.exitCode = await runAgent(process.argv.slice(2));
  // libp2p keeps a BroadcastChannel, which holds Deno for ever.
  if ('Deno' in globalThis) process.exit();
}
