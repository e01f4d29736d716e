import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { presetPolicy } from '#crypto/policy.ts';

import { openJudge } from './decide.ts';

const judge = await openJudge();
const STANDARD = presetPolicy('standard', 'UTC');

/** Effect and rule under the standard policy. */
function outcome(command: string): string {
  const { effect, rule } = judge(STANDARD, {
    ...{ shell: 'bash', command, cwd: null, env: {}, labels: [], role: 'technician' },
    atMs: Date.parse('2026-11-18T10:00:00Z'),
  });
  return `${effect} ${rule ?? '-'}`;
}

const restricting = suite('restricts()');

restricting('does not take what is only looked up for what is run', () => {
  for (const command of ['command -v mkfs.ext4', 'find / -name mkfs.ext4', 'type mkfs.ext4']) {
    assert.is(outcome(command), 'allow reading', command);
  }
});

restricting('meets what a wrapper runs, or may run where the line is not clear', () => {
  for (const command of [
    'command mkfs.ext4 /dev/sda1',
    'command -p mkfs.ext4 /dev/sda1',
    'command -v ls $x; command mkfs.ext4 /dev/sda1',
    'find / -exec mkfs.ext4 {} +',
    "[ -v 'a[$(mkfs /dev/sda1)]' ]",
    "test 'a[$(mkfs /dev/sda1)]' -eq 1",
  ]) {
    assert.is(outcome(command), 'deny no-wiping', command);
  }
});

restricting.run();
