// Alerts on record are told once each, with their severity, and nothing is told of an end.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createInbox } from '#scripts/testing/agent-appliance.ts';
import { createLedgerPlace } from '#scripts/testing/ledger-place.ts';
import { type AlertEvent, openAlertWatch } from './alert-watch.ts';
import { record } from './record.ts';

const watch = suite('openAlertWatch()');

watch('tells each alert from now on, once, and says nothing when it ends', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  const raise = (severity: 'info' | 'warning' | 'critical', detail: string): Promise<unknown> =>
    record(ledger, {
      kind: 'alert.raised',
      fields: { code: 'test', severity, subject: null, detail },
    });
  await raise('critical', 'before');
  const told = createInbox<AlertEvent>();
  const watching = openAlertWatch(ledger, (event) => {
    told.put(event);
  });
  for (const severity of ['info', 'warning', 'critical'] as const) await raise(severity, severity);
  await told.take(({ what }) => what.startsWith('ALERT (test) critical; on record as entry '));
  await watching[Symbol.asyncDispose]();
  assert.equal(
    told.all.map(({ level }) => level),
    ['info', 'warning', 'error'],
  );
});

watch('says nothing when the log is closed first', async () => {
  await using place = await createLedgerPlace();
  const told: AlertEvent[] = [];
  const ledger = await place.open();
  await using _ = openAlertWatch(ledger, (event) => {
    told.push(event);
  });
  await ledger[Symbol.asyncDispose]();
  assert.equal(told, []);
});

watch.run();
