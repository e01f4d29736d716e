// The gate: what must hold before anything lands, and all that CI runs.
//
//   npm test                      everything
//   npm test -- crypto/ ledger    only the test files whose path contains one of these
//
// Two jobs at a time; each step counts as one passed or failed, each test as one for every runtime it ran on.
// The last line is `N passed, N failed`.

import process from 'node:process';

import { type Ended, runCommand } from './command.ts';
import { buildConsole } from './console-build.ts';
import { type Job, endWithSignals, runJobs } from './job.ts';
import { testJobs } from './test-job.ts';
import { provideChromium } from './testing/chromium.ts';

const STEP_TIMEOUT_MS = 300_000;

/** The steps that are not tests, longest first: lint reads every type, and the rest fits beside it. */
const STEPS: readonly [name: string, argv: readonly [string, ...string[]]][] = [
  ['lint', ['eslint', '.']],
  ['format', ['prettier', '--check', '--log-level', 'warn', '.']],
  ['types', ['tsc', '-p', '.']],
  [
    'types of the console',
    ['svelte-check', '--tsconfig', 'ui/tsconfig.json', '--threshold', 'error'],
  ],
  ['types of crypto without a platform', ['tsc', '-p', 'scripts/tsconfig.crypto.json']],
  ['rooms import downward', ['node', 'scripts/check-rooms.ts']],
  ['every test can run', ['node', 'scripts/check-tests.ts']],
  ['the verifier bundles for a browser', ['node', 'scripts/check-bundle.ts']],
];

const root = process.cwd();
const filters = process.argv.slice(2);
const tests = await testJobs(root, filters);
if (tests.length === 0) {
  console.error(`No test file matches ${filters.map((filter) => `"${filter}"`).join(', ')}`);
  process.exitCode = 2;
} else {
  endWithSignals();
  provideChromium(console.log);
  process.exitCode = (await runGate()) ? 0 : 1;
}

/** Answers whether everything passed. */
async function runGate(): Promise<boolean> {
  try {
    await buildConsole(console.log); // lint, types and browser tests of ui read what it writes
  } catch (error) {
    console.log(error instanceof Error ? error.message : String(error));
    console.log('0 passed, 1 failed'); // nothing else would tell more
    return false;
  }
  const steps = filters.length === 0 ? STEPS.map(([name, argv]) => stepJob(name, argv)) : [];
  const { failed } = await runJobs([...steps, ...tests], { log: console.log });
  return failed === 0;
}

function stepJob(name: string, argv: readonly [string, ...string[]]): Job {
  return {
    name,
    run: async () => {
      const ended = await runCommand(argv, { cwd: root, timeoutMs: STEP_TIMEOUT_MS });
      const { code, output, ms } = ended;
      if (code === 0) {
        return { passed: 1, failed: 0, skipped: 0, detail: '', notes: shortNote(output), ms };
      }
      return { passed: 0, failed: 1, skipped: 0, detail: explain(argv, ended), notes: [], ms };
    },
  };
}

function explain(argv: readonly string[], { code, timedOut, output }: Ended): string {
  const end = timedOut ? `still running after ${STEP_TIMEOUT_MS / 1000} s` : `exit code ${code}`;
  return `${output.trimEnd()}\n${argv.join(' ')}: ${end}`;
}

/** A step that says one short thing, such as a size, is quoted. */
function shortNote(output: string): string[] {
  const text = output.trim();
  return text === '' || text.includes('\n') ? [] : [text];
}
