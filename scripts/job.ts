// What the gate is made of: jobs, a few at a time, each counted. A failure is told three times, as whoever runs
// the gate may keep only a part of what it said: in short where it happens, in full at the end, by name last.

import { availableParallelism } from 'node:os';

import { killAll } from './command.ts';

/** A part of a job that failed, such as one test: its name, and what was said about it. */
export type Failure = { title: string; text: string };

/**
 * What a job came to. `detail` is what a person needs when it failed, `failures` the parts of it that failed where
 * it has parts, `notes` what to know when it passed.
 */
export type Outcome = {
  passed: number;
  failed: number;
  skipped: number;
  detail: string;
  failures?: readonly Failure[];
  notes: readonly string[];
  ms: number;
};

export type Job = {
  name: string;
  run: () => Promise<Outcome>;
};

export type Totals = { passed: number; failed: number; skipped: number };

/** What is said of a failed job at once, in lines. */
export const MAX_EXCERPT_LINES = 60;
/** How many failed jobs are named at the end. With what is around them they fill the last twenty lines. */
export const MAX_NAMED = 16;
const MAX_LINE_CHARS = 500;
const INDENT = '      ';

/**
 * Runs jobs in order, `width` at a time, a line for each as it ends, with an excerpt when it failed; at the end the
 * failures again, in full, and then a line for each. The very last line is always `N passed, N failed`; `failed`
 * above 0 should become exit code 1.
 */
export async function runJobs(
  jobs: readonly Job[],
  options: { width?: number; log: (line: string) => void },
): Promise<Totals> {
  const { width = Math.min(2, availableParallelism()), log } = options;
  const queue = jobs.values();
  const failures: { name: string; outcome: Outcome }[] = [];
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  const work = async () => {
    for (const job of queue) {
      const outcome = await runOne(job);
      totals.passed += outcome.passed;
      totals.failed += outcome.failed;
      totals.skipped += outcome.skipped;
      log(formatOutcome(job.name, outcome));
      for (const note of outcome.notes) log(`${INDENT}${note}`);
      if (outcome.failed === 0) continue;
      failures.push({ name: job.name, outcome });
      for (const line of excerptOf(outcome)) log(`${INDENT}${line}`.trimEnd());
    }
  };
  // One iterator, several takers: each job is taken once.
  await Promise.all(Array.from({ length: width }, work));
  for (const { name, outcome } of failures) log(`\n--- ${name}\n${outcome.detail.trimEnd()}`);
  if (failures.length > 0) log('');
  for (const { name, outcome } of failures.slice(0, MAX_NAMED)) {
    log(shorten(`FAIL  ${name}: ${titlesOf(outcome).join(' | ')}`));
  }
  if (failures.length > MAX_NAMED) log(`… and ${failures.length - MAX_NAMED} jobs more`);
  if (totals.skipped > 0) log(`${totals.skipped} skipped: they are not counted as passed`);
  log(`${totals.passed} passed, ${totals.failed} failed`);
  return totals;
}

/** Ends the commands that jobs have running when this process is told to end. */
export function endWithSignals(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => {
      killAll();
      process.exit(code);
    });
  }
}

async function runOne(job: Job): Promise<Outcome> {
  const started = performance.now();
  try {
    return await job.run();
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const ms = performance.now() - started;
    return { passed: 0, failed: 1, skipped: 0, detail, notes: [], ms };
  }
}

function formatOutcome(name: string, { passed, failed, skipped, ms }: Outcome): string {
  const counts = [`${passed} passed`];
  if (failed > 0) counts.push(`${failed} FAILED`);
  if (skipped > 0) counts.push(`${skipped} SKIPPED`);
  return `${failed > 0 ? 'FAIL' : 'ok  '}  ${name}  ${counts.join(', ')}  ${(ms / 1000).toFixed(1)} s`;
}

/** Of parts that failed, the beginning of each: there it says what was expected. Of other output, the end. */
function excerptOf({ detail, failures = [] }: Outcome): string[] {
  const lines = linesOf(detail);
  if (failures.length === 0) {
    if (lines.length <= MAX_EXCERPT_LINES) return lines;
    const shown = lines.slice(1 - MAX_EXCERPT_LINES);
    return [`… ${lines.length - shown.length} lines before`, ...shown];
  }
  const share = Math.max(2, Math.floor(MAX_EXCERPT_LINES / failures.length));
  return failures.flatMap(({ text }) => linesOf(text).slice(0, share)).slice(0, MAX_EXCERPT_LINES);
}

/** What failed, in names; for a job without parts, the last line that it said. */
function titlesOf({ detail, failures = [] }: Outcome): readonly string[] {
  return failures.length > 0 ? failures.map(({ title }) => title) : linesOf(detail).slice(-1);
}

function linesOf(text: string): string[] {
  return text.trimEnd().split('\n').map(shorten);
}

function shorten(line: string): string {
  return line.length > MAX_LINE_CHARS ? `${line.slice(0, MAX_LINE_CHARS)} …` : line;
}
