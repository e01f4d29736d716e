import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Job, MAX_EXCERPT_LINES, MAX_NAMED, type Outcome, runJobs } from './job.ts';

const PASSED: Outcome = { passed: 2, failed: 0, skipped: 0, detail: '', notes: [], ms: 1 };

function job(name: string, change: Partial<Outcome> = {}): Job {
  return { name, run: () => Promise.resolve({ ...PASSED, ...change }) };
}

async function run(jobs: readonly Job[], width = 2): Promise<string[]> {
  const lines: string[] = [];
  await runJobs(jobs, { width, log: (line) => lines.push(line) });
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

it('tells the failed parts at once, below the line of their job, before the next job', async () => {
  const failures = [
    { title: 'x() "one"', text: '   FAIL  x()  "one"\n    expected 1' },
    { title: 'x() "two"', text: '   FAIL  x()  "two"' },
  ];
  const lines = await run([job('a', { failed: 2, failures, detail: 'all' }), job('b')], 1);
  assert.match(lines[0] ?? '', /^FAIL {2}a {2}/);
  const indented = ['   FAIL  x()  "one"', '    expected 1', '   FAIL  x()  "two"'];
  assert.equal(
    lines.slice(1, 4),
    indented.map((line) => `      ${line}`),
  );
  assert.match(lines[4] ?? '', /^ok {4}b {2}/);
  assert.equal(lines.slice(-2), ['FAIL  a: x() "one" | x() "two"', '4 passed, 2 failed']);
});

it('tells of long output without parts the end at once, and names its last line', async () => {
  const said = Array.from({ length: 200 }, (_, i) => `line ${i}`).join('\n');
  const lines = await run([job('a', { failed: 1, detail: said })], 1);
  const excerpt = lines.filter((line) => line.startsWith('      '));
  assert.is(excerpt.length, MAX_EXCERPT_LINES);
  assert.equal(excerpt[0]?.trim(), '… 141 lines before');
  assert.equal(excerpt.at(-1)?.trim(), 'line 199');
  assert.is(lines.at(-2), 'FAIL  a: line 199');
});

it('gives each of many failed parts its share of the excerpt', async () => {
  const failures = Array.from({ length: 10 }, (_, i) => {
    return { title: `t${i}`, text: `start ${i}\n${'more\n'.repeat(50)}` };
  });
  const lines = await run([job('a', { failed: 10, failures })], 1);
  const excerpt = lines.filter((line) => line.startsWith('      '));
  assert.is(excerpt.length, MAX_EXCERPT_LINES);
  for (let i = 0; i < 10; i++) assert.ok(excerpt.includes(`      start ${i}`));
});

it('names every failed job in the last twenty lines, in short ones', async () => {
  const detail = 'x'.repeat(100_000);
  const jobs = Array.from({ length: MAX_NAMED + 3 }, (_, i) => job(`j${i}`, { failed: 1, detail }));
  const lines = await run([...jobs, job('s', { skipped: 1 })]);
  const last = lines.slice(-20);
  for (let i = 0; i < MAX_NAMED; i++) {
    assert.ok(last.some((line) => line.startsWith(`FAIL  j${i}: `) && line.length < 600));
  }
  assert.ok(last.includes('… and 3 jobs more'));
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
