// What goes on record of alarms, on a clock that the test moves.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { collect, createLedgerPlace, ENDPOINT } from '#scripts/testing/ledger-place.ts';
import { ManualClock } from '#scripts/testing/manual-clock.ts';
import { LedgerError } from '../ledger/error.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openStored } from '../work/record.ts';
import { type Alarm, ALARM_MS, Alarms } from './alarms.ts';

interface Stage extends AsyncDisposable {
  readonly alarms: Alarms;
  readonly clock: ManualClock;
  readonly disk: { isLow: boolean };
  readonly failures: readonly unknown[];
  /** What the record says, in order, when what is under way has got there. */
  details(): Promise<readonly string[]>;
}

async function openStage(): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const place = stack.use(await createLedgerPlace());
  const ledger = stack.use(await place.open());
  const clock = new ManualClock();
  const disk = { isLow: false };
  const failures: unknown[] = [];
  const limited: Ledger = Object.assign(Object.create(ledger) as Ledger, {
    append: (...[draft, options]: Parameters<Ledger['append']>) =>
      disk.isLow && options?.essential !== true
        ? Promise.reject(new LedgerError('disk-low', 'Cannot append: the disk is low'))
        : ledger.append(draft, options),
  });
  const onFailure = (cause: unknown): void => void failures.push(cause);
  const alarms = new Alarms({ ledger: limited, clock, endpoint: ENDPOINT, onFailure });
  const opened = stack.move();
  return {
    ...{ alarms, clock, disk, failures },
    async details() {
      await alarms.settled();
      const entries = await collect(ledger.entriesOfKind('alert.raised'));
      return entries.map((entry) => openStored('alert.raised', entry).detail);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function alarmOf(over: Partial<Alarm> = {}): Alarm {
  return { code: 'agent-fork', message: 'two roots', offered: 'b', ...over };
}

const raise = suite('Alarms');

raise('records a standing alarm once, however often and in whichever words it comes', async () => {
  await using stage = await openStage();
  const { alarms, clock } = stage;
  for (let link = 0; link < 50; link++) {
    await alarms.take(alarmOf({ message: `two roots, ${link} \ud800` }));
    clock.advance(ALARM_MS);
  }
  assert.equal(await stage.details(), ['two roots, 0 \ufffd']);
});

raise('records another alarm in its time, and counts those between', async () => {
  await using stage = await openStage();
  const { alarms, clock } = stage;
  for (let i = 0; i < 50; i++)
    await alarms.take(alarmOf({ offered: `${i}`, message: `fork ${i}` }));
  assert.equal(await stage.details(), ['fork 0']);
  clock.advance(ALARM_MS - 1);
  assert.equal(await stage.details(), ['fork 0']);
  clock.advance(1);
  const second = 'fork 1; alarms before, not recorded by themselves: 48';
  assert.equal(await stage.details(), ['fork 0', second]);
  await alarms.take(alarmOf({ code: 'rolled-back', offered: '1', message: 'back' }));
  clock.advance(ALARM_MS);
  assert.equal(await stage.details(), ['fork 0', second, 'back']);
});

raise(
  'takes the first alarm when the disk is low, and no other; says so, and tries again',
  async () => {
    await using stage = await openStage();
    const { alarms, clock, disk, failures } = stage;
    disk.isLow = true;
    await alarms.take(alarmOf());
    await alarms.take(alarmOf({ offered: 'c', message: 'more' }));
    clock.advance(ALARM_MS);
    assert.equal(await stage.details(), ['two roots']);
    assert.is(failures.length, 1);
    disk.isLow = false;
    await alarms.take(alarmOf({ offered: 'c', message: 'more' }));
    assert.is((await stage.details()).length, 1, 'not before its time');
    clock.advance(ALARM_MS);
    const more = 'more; alarms before, not recorded by themselves: 1';
    assert.equal(await stage.details(), ['two roots', more]);
  },
);

raise('records nothing of an endpoint that was removed', async () => {
  await using stage = await openStage();
  const { alarms, clock } = stage;
  await alarms.take(alarmOf());
  await alarms.take(alarmOf({ offered: 'c' }));
  alarms.forget();
  clock.advance(ALARM_MS);
  assert.equal(await stage.details(), ['two roots']);
});

raise.run();
