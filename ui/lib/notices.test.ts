import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  decidedNotice,
  machineNotice,
  type Notice,
  rosterNotice,
  sessionNotice,
  siteNotice,
  waitingNotice,
} from './notices.ts';

const PLACE = { id: 's1', name: 'Müller GmbH · Head office' };
const ASKED = {
  ...{ request: 'R', session: 'S', technician: 'Sarah Miller', endpointName: 'dns01' },
  ...{ command: 'rm -rf /srv', why: 'a secret reason' }, // what must never be in one
};
const NOW_MS = Date.parse('2026-11-21T08:00:00.000Z');

const words = suite('notices');

words('each begins with who, what and which machine, and says where', () => {
  const decided = { ...ASKED, state: 'denied' as const, decidedBy: ['Carla Client'] };
  const table: readonly (readonly [Notice | null, string])[] = [
    [waitingNotice(PLACE, ASKED), 'Sarah Miller asks to run a command on dns01'],
    [decidedNotice(PLACE, decided), 'Carla Client denied your request on dns01'],
    [
      decidedNotice(PLACE, { ...decided, state: 'granted' }),
      'Carla Client approved your request on dns01',
    ],
    [
      decidedNotice(PLACE, { ...decided, state: 'expired', decidedBy: [] }),
      'Nobody decided your request on dns01 in time',
    ],
    [
      sessionNotice(PLACE, { name: 'dns01', session: 'S' }, { technician: 'Sarah Miller' }),
      'Sarah Miller opened a session on dns01',
    ],
    [machineNotice(PLACE, { id: 'e1', name: 'dns01' }), 'dns01 went offline'],
  ];
  for (const [notice, title] of table) {
    assert.is(notice?.title, title);
    assert.is(notice?.body, PLACE.name);
    assert.ok(title.length <= 60, title);
    assert.not.match(JSON.stringify(notice), /rm -rf|secret reason/);
  }
});

words('a browser that knows less says less', () => {
  assert.is(waitingNotice(PLACE, null).title, `A request waits at ${PLACE.name}`);
  const machine = { name: 'dns01', session: 'S' };
  assert.is(sessionNotice(PLACE, machine, null).title, 'A session was opened on dns01');
});

words('names that a site chose are one short line', () => {
  const name = `till\n\u202e${'x'.repeat(300)}`;
  const { title } = machineNotice({ ...PLACE, name }, { id: 'e1', name });
  assert.not.match(title, /[\n\u202e]/);
  assert.ok(title.length < 70, title);
  assert.not.match(siteNotice({ ...PLACE, name }).title, /[\n\u202e]/);
});

words('what one did oneself is no news', () => {
  const withdrawn = { ...ASKED, state: 'withdrawn' as const };
  assert.is(decidedNotice(PLACE, { ...withdrawn, decidedBy: ['Sarah Miller'] }), null);
  const other = decidedNotice(PLACE, { ...withdrawn, decidedBy: ['Olga Owner'] });
  assert.is(other?.title, 'Olga Owner took back your request on dns01');
  assert.is(decidedNotice(PLACE, { ...ASKED, state: 'waiting', decidedBy: [] }), null);
});

words('a roster is spoken of in its last fortnight, and when it has ended', () => {
  const at = (days: number): string => new Date(NOW_MS + days * 86_400_000).toISOString();
  const title = (days: number): string | undefined =>
    rosterNotice({ expires: at(days), nowMs: NOW_MS })?.title;
  assert.is(title(15), undefined);
  assert.is(title(14), 'The roster ends in 14 days');
  assert.is(title(0.5), 'The roster ends in a day');
  assert.is(title(-1), 'The roster has ended: sites let nobody work');
});

words.run();
