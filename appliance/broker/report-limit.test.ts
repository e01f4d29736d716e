import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { limitEvents, limitReports, MAX_REPORTS, REPORT_MS } from './report-limit.ts';

const limit = suite('limitReports()');

limit('limitReports() lets MAX_REPORTS through in REPORT_MS, and counts the others', () => {
  const clock = { nowMs: 1_000 };
  const told: (readonly [item: number, unreported: number])[] = [];
  const report = limitReports<number>(
    (item, unreported) => told.push([item, unreported]),
    () => clock.nowMs,
  );
  for (let i = 0; i < MAX_REPORTS + 5; i++) report(i);
  assert.is(told.length, MAX_REPORTS);
  clock.nowMs += REPORT_MS - 1;
  report(100);
  assert.is(told.length, MAX_REPORTS);
  clock.nowMs += 1;
  report(101);
  assert.equal(told.at(-1), [101, 6]);
  report(102);
  assert.equal(told.at(-1), [102, 0]);
});

limit.run();

const events = suite('limitEvents()');

events('limitEvents() says in the next event how many were not reported', () => {
  const clock = { nowMs: 0 };
  const told: { what: string; cause: number }[] = [];
  const onEvent = limitEvents<{ what: string; cause: number }>(
    (event) => told.push(event),
    () => clock.nowMs,
  );
  for (let cause = 0; cause < MAX_REPORTS + 3; cause++)
    onEvent({ what: 'a client broke off', cause });
  clock.nowMs += REPORT_MS;
  onEvent({ what: 'a client broke off', cause: 99 });
  assert.equal(told[0], { what: 'a client broke off', cause: 0 });
  const what = 'a client broke off; 3 more since the last were not reported';
  assert.equal(told.slice(MAX_REPORTS), [{ what, cause: 99 }]);
});

events.run();
