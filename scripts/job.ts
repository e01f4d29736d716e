// What the gate is made of: jobs, a few at a time, each counted, the failures told in full.

import { availableParallelism } from 'node:os';

import { killAll } from './command.ts';

/** What a job came to. `detail` is what a person needs when it failed, `notes` what to know when it passed. */
export type Outcome = {
  passed: number;
  failed: number;
  skipped: number;
  detail: string;
  notes: readonly string[];
  ms: number;
};

export type Job = {
  name: string;
  run: () => Promise<Outcome>;
};

export type Totals = { passed: number; failed: number; skipped: number };

/**
 * Runs jobs in order, `width` at a time, a line for each as it ends and the failures again, in full, at the end.
 * The last line is always `N passed, N failed`; `failed` above 0 should become exit code 1.
 */
export async function runJobs(
  jobs: readonly Job[],
  options: { width?: number; log: (line: string) => void },
): Promise<Totals> {
  const { width = Math.min(2, availableParallelism()), log } = options;
  const queue = jobs.values();
  const failures: { name: string; detail: string }[] = [];
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  const work = async () => {
    for (const job of queue) {
      const outcome = await runOne(job);
      totals.passed += outcome.passed;
      totals.failed += outcome.failed;
      totals.skipped += outcome.skipped;
      log(formatOutcome(job.name, outcome));
      for (const note of outcome.notes) log(`      ${note}`);
      if (outcome.failed > 0) failures.push({ name: job.name, detail: outcome.detail });
    }
  };
  // One iterator, several takers: each job is taken once.
  await Promise.all(Array.from({ length: width }, work));
  for (const { name, detail } of failures) log(`\n--- ${name}\n${detail.trimEnd()}`);
  if (failures.length > 0) log('');
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
