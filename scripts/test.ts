// Runs the tests, without the rest of the gate.
//
//   node scripts/test.ts                      all of them
//   node scripts/test.ts crypto/ ledger       the files whose path contains one of these
//
// CAISEY_SEED=random before it tries properties with other values than the gate's (testing/run-file.ts).
//
// A process for each file, two at a time; the last line is `N passed, N failed`.

import process from 'node:process';

import { endWithSignals, runJobs } from './job.ts';
import { testJobs } from './test-job.ts';

const filters = process.argv.slice(2);
const jobs = await testJobs(process.cwd(), filters);
if (jobs.length === 0) {
  console.error(`No test file matches ${filters.map((filter) => `"${filter}"`).join(', ')}`);
  process.exitCode = 2;
} else {
  endWithSignals();
  const { failed } = await runJobs(jobs, { log: console.log });
  process.exitCode = failed === 0 ? 0 : 1;
}
