import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { CliError } from './error.ts';
import { checkRunnable, type RunFields } from './sign-run.ts';

/** What is said of these; null: they can be run. */
function refusalOf(over: Partial<RunFields>, state: string | null = null): string | null {
  const fields = { command: 'ls', shell: null, cwd: null, env: {} };
  const bounds = { timeout_ms: 1000, output_limit: 1000 };
  try {
    checkRunnable({ fields: { ...fields, ...bounds, ...over }, state });
    return null;
  } catch (cause) {
    assert.ok(cause instanceof CliError);
    assert.is(cause.code, 'usage');
    return cause.message;
  }
}

const runnable = suite('checkRunnable()');

runnable('takes a command, and a folder named from its root', () => {
  assert.is(refusalOf({}), null);
  for (const cwd of ['/srv', 'C:\\app', '\\\\host\\share'])
    assert.is(refusalOf({ cwd }), null, cwd);
});

runnable('refuses what has nothing to run, also as the state around it', () => {
  for (const command of ['', ' ', '\n']) {
    assert.is(refusalOf({ command }), 'Cannot run command: it is empty');
    assert.match(refusalOf({}, command) ?? '', /^Cannot capture state: .* is empty$/);
  }
});

runnable('refuses a folder that is seen from nowhere', () => {
  for (const cwd of ['nope', '', './x', '~/x', 'C:x']) {
    assert.is(refusalOf({ cwd }), `Cannot run in "${cwd}": it is not a whole path`);
  }
});

runnable.run();
