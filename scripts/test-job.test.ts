import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { Ended } from './command.ts';
import { planTestRuns, readReport, runTestFile } from './test-job.ts';

const REPORT = '\n  Total:     3\n  Passed:    3\n  Skipped:   0\n  Duration:  1.00ms\n\n';

function ended(change: Partial<Ended>): Ended {
  return { code: 0, timedOut: false, output: REPORT, ms: 1, ...change };
}

const report = suite('readReport()');

report('counts what uvu counted', () => {
  const { passed, failed, skipped } = readReport(ended({}));
  assert.equal({ passed, failed, skipped }, { passed: 3, failed: 0, skipped: 0 });
});

const refused: [claim: string, change: Partial<Ended>, failed: number][] = [
  ['a report without tests', { output: REPORT.replaceAll('3\n', '0\n') }, 1],
  ['no report at all, with exit code 0', { output: '' }, 1],
  ['exit code 1 after every test passed', { code: 1 }, 1],
  ['an end by a signal', { code: null }, 1],
  ['a time-out', { code: null, timedOut: true, output: ' a() • ' }, 1],
  [
    'tests that a throwing hook left out, with exit code 0',
    { output: REPORT.replace('Passed:    3', 'Passed:    1') },
    2,
  ],
];
for (const [claim, change, count] of refused) {
  report(`counts as failed: ${claim}`, () => {
    const { failed, detail } = readReport(ended(change));
    assert.is(failed, count);
    assert.ok(detail.length > 0);
  });
}

report.run();

const plan = suite('planTestRuns()');

plan('runs crypto, agent and *.both.test.ts on Deno as well, nothing else', () => {
  const files = [
    'agent/run.test.ts',
    'appliance/scenarios/offline.both.test.ts',
    'appliance/scenarios/story.test.ts',
    'crypto/tile.test.ts',
    'crypto/tile.ts',
  ];
  assert.equal(
    planTestRuns(files, []).map(({ file, runtime }) => `${file} ${runtime}`),
    [
      'agent/run.test.ts node',
      'agent/run.test.ts deno',
      'appliance/scenarios/offline.both.test.ts node',
      'appliance/scenarios/offline.both.test.ts deno',
      'appliance/scenarios/story.test.ts node',
      'crypto/tile.test.ts node',
      'crypto/tile.test.ts deno',
    ],
  );
});

plan('keeps the files that contain one of the filters', () => {
  const files = ['agent/a.test.ts', 'appliance/b.test.ts', 'scripts/c.test.ts'];
  const runs = planTestRuns(files, ['appliance/', 'c.test']);
  assert.equal(
    runs.map(({ file }) => file),
    ['appliance/b.test.ts', 'scripts/c.test.ts'],
  );
});

plan.run();

/** Runs a test file of this source in a folder of its own that borrows this checkout's runner and packages. */
async function runSource(source: string): Promise<Awaited<ReturnType<typeof runTestFile>>> {
  const root = await mkdtemp(join(tmpdir(), 'caisey-test-job-'));
  try {
    await mkdir(join(root, 'crypto'));
    for (const shared of ['node_modules', 'scripts', 'package.json']) {
      await symlink(join(process.cwd(), shared), join(root, shared));
    }
    const text = `import { suite } from 'uvu';\nconst it = suite('x()');\n${source}`;
    await writeFile(join(root, 'crypto/x.test.ts'), text);
    return await runTestFile(root, { file: 'crypto/x.test.ts', runtime: 'node' });
  } finally {
    await rm(root, { recursive: true });
  }
}

const run = suite('runTestFile()');

run('counts suites on both sides of a top-level await, and names what is skipped', async () => {
  const { passed, failed, skipped, notes } = await runSource(`
    it('one', () => {});
    it.skip('is for another day', () => {});
    it.run();
    await new Promise((resolve) => setImmediate(resolve));
    const late = suite('late()');
    late('two', () => {});
    late.run();
  `);
  assert.equal({ passed, failed, skipped }, { passed: 2, failed: 0, skipped: 1 });
  assert.equal(notes, ['skipped: is for another day']);
});

run('fails a file whose test waits for ever', async () => {
  const { failed } = await runSource(`it('waits', () => new Promise(() => {}));\nit.run();`);
  assert.is(failed, 1);
});

run('fails a file that forgets .run()', async () => {
  const { failed, detail } = await runSource(`it('one', () => {});`);
  assert.is(failed, 1);
  assert.match(detail, 'is a .run() missing?');
});

run('fails a file with a promise that is rejected and awaited by nobody', async () => {
  const { failed } = await runSource(`it('x', async () => {
    void Promise.reject(new Error('floating'));
    await new Promise((resolve) => setImmediate(resolve));
  });
  it.run();`);
  assert.is(failed, 1);
});

run.run();
