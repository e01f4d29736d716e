// One test file on one runtime as a job of the gate: which there are, how each is run, what uvu's report says.

import { readFile } from 'node:fs/promises';

import { type Ended, runCommand } from './command.ts';
import type { Failure, Job, Outcome } from './job.ts';
import { isTestFile, listSourceFiles } from './source-file.ts';

export type Runtime = 'node' | 'deno';

export type TestRun = { file: string; runtime: Runtime };

/** A test file that has not ended by then is ended, with all that it started, and has failed. */
export const FILE_TIMEOUT_MS = 480_000;

/**
 * Chooses what to run: every test file that contains one of `filters` (all, without filters) on Node, and those
 * of crypto and agent, and any `*.both.test.ts`, on Deno as well.
 */
export function planTestRuns(files: readonly string[], filters: readonly string[]): TestRun[] {
  return files
    .filter(isTestFile)
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .flatMap((file) => {
      const runtimes: Runtime[] = runsOnDeno(file) ? ['node', 'deno'] : ['node'];
      return runtimes.map((runtime) => ({ file, runtime }));
    });
}

/** Finds the tests under `root` and makes a job of each run; `filters` as in `planTestRuns`. */
export async function testJobs(root: string, filters: readonly string[] = []): Promise<Job[]> {
  const runs = planTestRuns(await listSourceFiles(root), filters.map(withoutDot));
  return runs.map((run) => ({
    name: `${run.file} (${run.runtime})`,
    run: () => runTestFile(root, run),
  }));
}

/** Runs one test file in a process of its own and counts its tests. */
export async function runTestFile(root: string, { file, runtime }: TestRun): Promise<Outcome> {
  const runner = ['scripts/testing/run-file.ts', file];
  const deno = ['run', '-A', '--no-lock', '--no-remote'];
  const ended = await runCommand(
    runtime === 'node' ? ['node', ...runner] : ['deno', ...deno, ...runner],
    {
      cwd: root,
      timeoutMs: FILE_TIMEOUT_MS,
      env: { FORCE_COLOR: undefined, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
    },
  );
  const outcome = readReport(ended);
  if (outcome.skipped === 0) return outcome;
  return { ...outcome, notes: await listSkips(`${root}/${file}`) };
}

/**
 * Reads what uvu printed and how the process ended. A file that ran no test has failed, as has one that ended
 * with an error or without a report, whatever was counted.
 */
export function readReport({ code, timedOut, output, ms }: Ended): Outcome {
  const report = /^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)/m.exec(output);
  const [total = 0, passed = 0, skipped = 0] = report?.slice(1).map(Number) ?? [];
  const reasons: string[] = [];
  if (timedOut) reasons.push(`Ended after ${FILE_TIMEOUT_MS / 1000} s: still running`);
  else if (code !== 0) reasons.push(`Ended with exit code ${code ?? 'none (by a signal)'}`);
  if (report === null) reasons.push('The tests did not run to their end: uvu printed no report');
  else if (total === 0) reasons.push('No test ran: is a .run() missing?');
  else if (passed < total && code === 0) {
    reasons.push(`${total - passed} tests did not run: a before or before.each hook threw`);
  }
  const failed = reasons.length === 0 ? 0 : Math.max(1, total - passed);
  const detail = [output.trimEnd(), ...reasons].join('\n');
  const named = failed === 0 ? [] : readFailures(output);
  const beyond = report === null ? reasons.map((text) => ({ title: text, text })) : [];
  const failures = named.length === 0 ? [] : [...named, ...beyond];
  return { passed, failed, skipped, detail, failures, notes: [], ms };
}

/** The tests that uvu says have failed, each with what it says of it. */
export function readFailures(output: string): Failure[] {
  const failures: { title: string; lines: string[] }[] = [];
  let isInside = false;
  for (const line of output.split('\n')) {
    const [, title] = /^ {3}FAIL {2}(.*")$/.exec(line) ?? [];
    if (title !== undefined) failures.push({ title: title.replace(/ {2}(?=")/, ' '), lines: [] });
    // After the failures of one suite comes the next one's line of dots, or the sums.
    isInside = title !== undefined || (isInside && !/^ {2}Total: | {3}\(\d+ \/ \d+\)$/.test(line));
    if (isInside) failures.at(-1)?.lines.push(line);
  }
  return failures.map(({ title, lines }) => ({ title, text: lines.join('\n').trimEnd() }));
}

function runsOnDeno(file: string): boolean {
  return /^(crypto|agent)\//.test(file) || file.endsWith('.both.test.ts');
}

function withoutDot(filter: string): string {
  return filter.replace(/^\.\//, '');
}

/** uvu counts skipped tests without naming them: the source does. */
async function listSkips(file: string): Promise<string[]> {
  const source = await readFile(file, 'utf8');
  const titles = source.matchAll(/\.skip\(\s*(['"`])(.*?)\1/g);
  return Array.from(titles, ([, , title = '']) => `skipped: ${title}`);
}
