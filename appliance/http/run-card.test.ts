import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { FieldsOf } from '#crypto/kind.ts';
import type { Run } from './course.ts';
import { formatBytes, runCard } from './run-card.ts';

const CLOCK = { timeZone: 'Europe/Berlin', nowMs: Date.UTC(2026, 10, 21, 2, 12) };
const AT = Date.UTC(2026, 10, 21, 2, 9, 14);
const EXITED: FieldsOf<'command.exited'> = {
  ...{ outcome: 'exited', exit_code: 0, signal: null, duration_ms: 61_000, problem: null },
  ...{ stdout_bytes: 4200, stderr_bytes: 0, dropped_bytes: 0 },
};

async function textOf(run: Run): Promise<string> {
  const html = String(await runCard(run, CLOCK));
  return html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
}

function ended(over: Partial<FieldsOf<'command.exited'>>): Promise<string> {
  const fields = { ...EXITED, ...over };
  return textOf({ state: 'ended', index: 12, atMs: AT, beganMs: AT - 61_000, fields });
}

const card = suite('runCard()');

card('says how a command ended, when, after how long, and how much it printed', async () => {
  const text = await ended({});
  for (const part of [
    'It ran, exit code 0.',
    'Began Sat, 21 Nov 2026, 03:08',
    'Ended Sat, 21 Nov 2026, 03:09 2 minutes ago , after 2 minutes',
    'Printed 4.2 kB Record Entry 12',
  ]) {
    assert.match(text, part);
  }
});

card('has words for every way in which a command ends', async () => {
  const table: [Partial<FieldsOf<'command.exited'>>, string][] = [
    [{ exit_code: 3 }, 'exit code 3: mostly that means that it failed.'],
    [{ outcome: 'signalled', exit_code: null, signal: 'SIG\u202eKILL' }, 'SIG\\u{202e}KILL'],
    [{ outcome: 'timed-out' }, 'took too long'],
    [{ outcome: 'cancelled' }, 'stopped while it ran'],
    [{ outcome: 'not-started', problem: 'No such <shell>' }, 'No such &lt;shell&gt;'],
    [{ outcome: 'interrupted' }, 'how it ended is not known'],
    [{ stderr_bytes: 312, dropped_bytes: 1 }, '4.5 kB, 312 bytes of it as errors; 1 byte more'],
    [{ duration_ms: 12 }, 'after less than a second'],
  ];
  for (const [over, words] of table) assert.ok((await ended(over)).includes(words), words);
});

card('says what has not begun, goes on, was refused, never began or was erased', async () => {
  const at = { index: 12, atMs: AT };
  assert.match(await textOf({ state: 'ahead' }), 'Not run yet.');
  const running = await textOf({ state: 'running', ...at, bytes: 999 });
  assert.match(running, 'Still running.');
  assert.match(running, '999 bytes so far');
  assert.match(await textOf({ state: 'never', ...at }), 'the session ended before');
  const erased = await textOf({ state: 'ended', ...at, beganMs: AT, fields: null });
  assert.match(erased, 'was erased since');
  assert.match(await textOf({ state: 'refused', ...at, fields: null }), 'It did not run.');
});

card.run();

const bytes = suite('formatBytes()');

bytes('says nothing, one, some, kB and MB', () => {
  const table: [number, string][] = [
    [0, 'nothing'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [2_340_000, '2.3 MB'],
  ];
  for (const [count, text] of table) assert.is(formatBytes(count), text);
});

bytes.run();
