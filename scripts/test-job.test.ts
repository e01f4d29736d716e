import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { Ended } from './command.ts';
import {
  FILE_TIMEOUT_MS,
  planTestRuns,
  readFailures,
  readReport,
  runTestFile,
} from './test-job.ts';

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

const SAID = ` x()  • ✘ ✘   (1 / 3)

   FAIL  x()  "does "two""
    Expected values to be strictly equal:  (is)
    at x.test.ts:5:40


   FAIL  x()  "three"
    boom

 y()  •   (1 / 1)

 z()  ✘   (0 / 1)

   FAIL  z()  "four"
    late


  Total:     5
  Passed:    2
  Skipped:   0
  Duration:  2.82ms

`;

const failures = suite('readFailures()');

failures('names each failed test of each suite, with what uvu says of it and nothing else', () => {
  assert.equal(readFailures(SAID), [
    {
      title: 'x() "does "two""',
      text: '   FAIL  x()  "does "two""\n    Expected values to be strictly equal:  (is)\n    at x.test.ts:5:40',
    },
    { title: 'x() "three"', text: '   FAIL  x()  "three"\n    boom' },
    { title: 'z() "four"', text: '   FAIL  z()  "four"\n    late' },
  ]);
  assert.equal(readFailures(REPORT), []);
});

failures(
  'are part of the report of a file that failed, with why it did not come to its end',
  () => {
    const titles = (change: Partial<Ended>) =>
      readReport(ended(change)).failures?.map((f) => f.title);
    const three = ['x() "does "two""', 'x() "three"', 'z() "four"'];
    assert.equal(titles({ code: 1, output: SAID }), three);
    const cut = SAID.slice(0, SAID.indexOf('  Total:'));
    assert.equal(titles({ code: null, timedOut: true, output: cut })?.slice(0, 4), [
      ...three,
      `Ended after ${FILE_TIMEOUT_MS / 1000} s: still running`,
    ]);
    assert.equal(titles({ output: `   FAIL  x()  "only said"\n${REPORT}` }), []);
  },
);

failures.run();

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
    const text = `import fc from 'fast-check';\nimport { suite } from 'uvu';\nconst it = suite('x()');\n${source}`;
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

run('names the tests that failed', async () => {
  const { failed, failures = [] } = await runSource(`
    it('one', () => {});
    it('two', () => { throw new Error('boom'); });
    it.run();
    const y = suite('y()');
    y('three', () => { throw new Error('bang'); });
    y.run();
  `);
  assert.is(failed, 2);
  assert.equal(
    failures.map(({ title }) => title),
    ['x() "two"', 'y() "three"'],
  );
  assert.match(failures[0]?.text ?? '', /boom[^]*x\.test\.ts/);
  assert.not.match(failures[0]?.text ?? '', 'bang');
});

run('tries properties with the same values in every run, unless CAISEY_SEED is given', async () => {
  const drawn = async (): Promise<string> => {
    const { failures = [] } = await runSource(`
      it('draws', () => { throw new Error(fc.sample(fc.bigInt(), 9).join()); });
      it.run();
    `);
    const [numbers] = /-?\d+,[-\d,]+/.exec(failures[0]?.text ?? '') ?? [];
    if (numbers === undefined) throw new Error(`expected numbers in ${JSON.stringify(failures)}`);
    return numbers;
  };
  const kept = process.env['CAISEY_SEED'];
  try {
    delete process.env['CAISEY_SEED'];
    const first = await drawn();
    assert.is(await drawn(), first);
    process.env['CAISEY_SEED'] = 'random';
    assert.is.not(await drawn(), first);
  } finally {
    if (kept === undefined) delete process.env['CAISEY_SEED'];
    else process.env['CAISEY_SEED'] = kept;
  }
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
