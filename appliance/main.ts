// The appliance as a program.
//
//   main.ts run --dir DIR [--log text|json]
//
// Exit codes: 0 stopped by a signal · 1 failed, also when it cannot listen on its ports, or its log could not be
// written: started again it recovers, or says why it cannot · 2 wrong use, or a folder that cannot be used · 5 the log
// can no longer be trusted: what it says must be looked at before the appliance is started again.

import process from 'node:process';
import { parseArgs } from 'node:util';

import { lineWriter, streamWriter } from '#agent/protocol/line-writer.ts';
import { visibleText } from '#crypto/visible.ts';
import { type Appliance, type ApplianceEvent, openAppliance } from './appliance.ts';
import { loadClaimState } from './claim/claim-state.ts';
import { openUnclaimed } from './claim/unclaimed.ts';
import { placesIn } from './config.ts';
import { ledgerAdvice } from './ledger/advice.ts';
import { LedgerError } from './ledger/error.ts';
import { ListenError, listenAdvice } from './listen-error.ts';
import { readSoftware } from './software.ts';
import { WorkError, type WorkErrorCode } from './work/error.ts';

export type LogFormat = 'text' | 'json';

/** Where the program's words go, a line at a time. */
export interface RunOptions {
  readonly folder: string;
  readonly log: LogFormat;
  readonly write: (line: string) => void;
}

const USAGE = 'Usage: caisey appliance run --dir DIR [--log text|json]';
const UNTRUSTED = 5;
const EXAMINE = 'What can be read still is examined by: caisey log fsck --offline';

/** Runs an appliance until a signal or its log ends it. Answers the exit code; never throws. */
export async function runAppliance({ folder, log, write }: RunOptions): Promise<number> {
  const stop = Promise.withResolvers<null>();
  using _ = onSignals(() => {
    stop.resolve(null);
  });
  const say = (event: ApplianceEvent): void => {
    write(formatEvent(event, { format: log, atMs: Date.now() }));
  };
  try {
    const software = await readSoftware();
    if (!(await waitForClaim({ folder, software, say, stopped: stop.promise }))) return 0;
    await using appliance = await openAppliance({ folder, software, onEvent: say });
    for (const what of greet(appliance)) say({ level: 'info', what });
    const failure = await Promise.race([stop.promise, appliance.failed]);
    if (failure === null) {
      say({ level: 'info', what: 'stopping' });
      return 0;
    }
    say({ level: 'error', what: 'the log failed; nothing more is run or signed', cause: failure });
    advise(failure.cause, say);
    return exitCodeOf(failure.cause);
  } catch (cause) {
    say({ level: 'error', what: 'cannot run the appliance', cause });
    if (cause instanceof ListenError) {
      say({ level: 'error', what: listenAdvice(cause, await configFileOf(folder)) });
    } else advise(cause, say);
    return exitCodeOf(cause);
  }
}

/** Serves an appliance that is not founded yet until it is; false when it was stopped before. */
async function waitForClaim({
  folder,
  software,
  say,
  stopped,
}: {
  folder: string;
  software: string;
  say: (event: ApplianceEvent) => void;
  stopped: Promise<null>;
}): Promise<boolean> {
  const state = await loadClaimState(folder);
  if (state === null) return true;
  await using unclaimed = await openUnclaimed({ folder, state, software, onEvent: say });
  const { code, page } = unclaimed;
  say({ level: 'info', what: `this appliance waits to be claimed; its code is ${code}` });
  if (page !== null) say({ level: 'info', what: `the on-site page is at ${page}` });
  const founded = await Promise.race([stopped, unclaimed.founded]);
  say({ level: 'info', what: founded === null ? 'stopping' : 'the site is set up' });
  return founded !== null;
}

/** Where it says what to listen on: an appliance that is not founded yet has that in its claim. */
async function configFileOf(folder: string): Promise<string> {
  const { claim, config } = placesIn(folder);
  return (await loadClaimState(folder)) === null ? config : claim;
}

/** What a person must do before it is started again. */
function advise(cause: unknown, say: (event: ApplianceEvent) => void): void {
  if (exitCodeOf(cause) !== UNTRUSTED || !(cause instanceof LedgerError)) return;
  const what = [ledgerAdvice(cause.code), EXAMINE].filter((words) => words !== null).join(' ');
  say({ level: 'error', what });
}

function greet({ desk, addresses }: Appliance): readonly string[] {
  const { facts, ledger } = desk.site;
  const page = desk.about.http();
  return [
    `${facts.client}, ${facts.site}: the log has ${ledger.size} entries`,
    `endpoints and technicians reach it at ${addresses.join(' ')}`,
    page === null ? 'no on-site page is configured' : `the on-site page is at ${page}`,
    'ready',
  ];
}

/** Formats an event as one line, whatever is in it. */
export function formatEvent(
  { level, what, cause }: ApplianceEvent,
  { format, atMs }: { format: LogFormat; atMs: number },
): string {
  const time = new Date(atMs).toISOString();
  const reason = cause === undefined ? undefined : reasonOf(cause);
  if (format === 'json') return JSON.stringify({ time, level, what, reason });
  const mark = level === 'info' ? '' : `${level}: `;
  return `${time} ${mark}${visibleText(reason === undefined ? what : `${what}: ${reason}`)}`;
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause ? ` (${String(cause.code)})` : '';
  const isPlain = cause instanceof ListenError; // says in its own words what its cause says in the system's
  const below = cause.cause instanceof Error && !isPlain ? `; ${cause.cause.message}` : '';
  return `${cause.message}${code}${below}`;
}

function exitCodeOf(cause: unknown): number {
  const isUnusable = cause instanceof WorkError && UNUSABLE.has(cause.code);
  if (isUnusable) return 2;
  if (!(cause instanceof LedgerError)) return 1;
  return cause.code === 'locked' || cause.code === 'missing' ? 2 : UNTRUSTED;
}

const UNUSABLE: ReadonlySet<string> = new Set<WorkErrorCode>([
  'folder-unusable',
  'record-incomplete',
]);

function onSignals(stop: () => void): Disposable {
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return {
    [Symbol.dispose]() {
      process.removeListener('SIGINT', stop);
      process.removeListener('SIGTERM', stop);
    },
  };
}

/** The command line of this file run by itself. */
async function main(argv: readonly string[]): Promise<number> {
  const lines = lineWriter(streamWriter(process.stderr));
  const code = await runArguments(argv, (line) => {
    lines.write(line);
  });
  await lines.written();
  return code;
}

async function runArguments(argv: readonly string[], write: RunOptions['write']): Promise<number> {
  try {
    const { positionals, values } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { dir: { type: 'string' }, log: { type: 'string', default: 'text' } },
    });
    const { dir, log } = values;
    const isUsed = positionals.length === 1 && positionals[0] === 'run' && dir !== undefined;
    if (isUsed && (log === 'text' || log === 'json')) {
      return await runAppliance({ folder: dir, log, write });
    }
  } catch {
    // an unknown option: the usage says what is known
  }
  write(USAGE);
  return 2;
}

// What was opened is closed by then; an idle socket of a peer that vanished must not keep the process.
if (import.meta.main) process.exit(await main(process.argv.slice(2)));
