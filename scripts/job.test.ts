import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Job, type Outcome, runJobs } from './job.ts';

const PASSED: Outcome = { passed: 2, failed: 0, skipped: 0, detail: '', notes: [], ms: 1 };

function job(name: string, change: Partial<Outcome> = {}): Job {
  return { name, run: () => Promise.resolve({ ...PASSED, ...change }) };
}

async function run(jobs: readonly Job[]): Promise<string[]> {
  const lines: string[] = [];
  await runJobs(jobs, { width: 2, log: (line) => lines.push(line) });
  return lines;
}

const it = suite('runJobs()');

it('ends with the sums', async () => {
  const lines = await run([job('a'), job('b', { failed: 1 }), job('c')]);
  assert.is(lines.at(-1), '6 passed, 1 failed');
});

it('ends with zero sums for no jobs', async () => {
  assert.equal(await run([]), ['0 passed, 0 failed']);
});

it('tells a failure in full, and only that', async () => {
  const text = (
    await run([job('a', { detail: 'quiet' }), job('b', { failed: 1, detail: 'expected 1, got 2' })])
  ).join('\n');
  assert.match(text, /--- b\nexpected 1, got 2/);
  assert.not.match(text, 'quiet');
});

it('says aloud what was skipped', async () => {
  const lines = await run([job('a', { skipped: 3, notes: ['skipped: needs PowerShell'] })]);
  const text = lines.join('\n');
  assert.match(text, '3 SKIPPED');
  assert.match(text, 'needs PowerShell');
  assert.is(lines.at(-1), '2 passed, 0 failed');
});

it('counts a job that throws as one failed, and goes on', async () => {
  const thrown: Job = { name: 'a', run: () => Promise.reject(new Error('no such tool')) };
  const lines = await run([thrown, job('b')]);
  assert.match(lines.join('\n'), 'no such tool');
  assert.is(lines.at(-1), '2 passed, 1 failed');
});

it('runs as many jobs at once as its width, each of them once', async () => {
  let running = 0;
  let most = 0;
  const ran: number[] = [];
  const jobs = Array.from({ length: 7 }, (_, index): Job => {
    return {
      name: String(index),
      run: async () => {
        ran.push(index);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return PASSED;
      },
    };
  });
  await run(jobs);
  assert.is(most, 2);
  assert.equal(ran, [0, 1, 2, 3, 4, 5, 6]);
});

it.run();
