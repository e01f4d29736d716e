import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { SessionSummary } from '#appliance/protocol/session-summary.ts';
import { openLiveWork } from '#scripts/testing/live-work.ts';
import { waitingRequest } from '#scripts/testing/live-session.ts';
import {
  askRequests,
  askSessions,
  chooseRequests,
  chooseSessions,
  decidedWords,
  type ListedRequest,
  mayWithdraw,
  ofSites,
  type SessionFilter,
} from './work-lists.ts';

const SITES = [
  { id: 's1', name: 'Head office', clientName: 'Müller GmbH' },
  { id: 's2', name: 'Till', clientName: 'Ånd AS' },
];
const ASKING = { before: null, signal: new AbortController().signal };

function session(changes: Partial<SessionSummary>): SessionSummary {
  return {
    ...{ index: 1, session: 'S', endpoint: 'E', endpointName: 'SRV-1', technician: 'Tess' },
    ...{ technicianKey: 'ed25519:tess', reason: null, ticket: null, closedAt: null },
    ...{ openedAt: '2026-11-21T08:00:00.000Z', state: 'closed', entries: 2, commands: 1 },
    ...changes,
  };
}

function request(changes: Partial<ListedRequest>): ListedRequest {
  return {
    ...{ index: 1, request: 'R', match: 'ABC-DEF', state: 'granted', session: 'S', endpoint: 'E' },
    ...{ endpointName: 'SRV-1', technician: 'Tess', command: 'reboot', isCut: false },
    ...{ requestedAt: '2026-11-21T08:00:00.000Z', expires: '2026-11-21T08:10:00.000Z' },
    ...{ decidedAt: '2026-11-21T08:01:05.000Z', decidedBy: ['Carla'], approvals: 1, granted: 1 },
    ...{ technicianKey: null, ...changes },
  };
}

const sessions = suite('chooseSessions()');

sessions('chooseSessions() puts open ones first, then the newest, whatever their site', () => {
  const items = [
    session({ session: 'old', openedAt: '2026-11-19T08:00:00.000Z', state: 'open' }),
    session({ session: 'new', openedAt: '2026-11-21T08:00:00.000Z' }),
  ];
  const lists = [
    { id: 's1', items },
    { id: 's2', items: [session({ session: 'mid', openedAt: '2026-11-20T08:00:00.000Z' })] },
  ];
  const all: SessionFilter = { isOpenOnly: false, of: null, text: '' };
  const ids = (filter: Partial<SessionFilter>) =>
    chooseSessions(ofSites(lists, SITES), { ...all, ...filter }).map(({ item }) => item.session);
  assert.equal(ids({}), ['old', 'new', 'mid']);
  assert.equal(ids({ isOpenOnly: true }), ['old']);
  assert.equal(ids({ text: 'ånd srv' }), ['mid']);
  assert.equal(ids({ of: 'ed25519:tess' }).length, 3);
  assert.equal(ids({ of: '' }), []);
});

sessions.run();

const requests = suite('chooseRequests()');

requests('chooseRequests() puts what waits first by the time that is left', () => {
  const items = [
    request({ request: 'done', requestedAt: '2026-11-21T09:00:00.000Z' }),
    request({ request: 'later', state: 'waiting', expires: '2026-11-21T10:00:00.000Z' }),
    request({ request: 'soon', state: 'waiting', expires: '2026-11-21T09:00:00.000Z' }),
    request({ request: 'old', command: 'touch /tmp/x' }),
  ];
  const ids = (isWaitingOnly: boolean, text: string) =>
    chooseRequests(ofSites([{ id: 's1', items }], SITES), { isWaitingOnly, text }).map(
      ({ item }) => item.request,
    );
  assert.equal(ids(false, ''), ['soon', 'later', 'done', 'old']);
  assert.equal(ids(true, ' '), ['soon', 'later']);
  assert.equal(ids(false, 'touch müller'), ['old']);
  assert.equal(ids(false, 'abc-def reboot'), ['soon', 'later', 'done']);
});

requests.run();

const words = suite('decidedWords()');

words('decidedWords() says by whom and how fast, and makes names visible', () => {
  assert.is(decidedWords(request({})), 'approved by Carla after 1 min 05 s');
  assert.is(
    decidedWords(request({ state: 'denied', decidedBy: ['a\u202eb'] })),
    'denied by a\\u{202e}b after 1 min 05 s',
  );
  assert.is(decidedWords(request({ state: 'expired', decidedBy: [] })), 'nobody decided after 1 min 05 s'); // prettier-ignore
  const both = ['Carla', 'Dave'];
  assert.is(decidedWords(request({ decidedBy: both })), 'approved by Carla and Dave after 1 min 05 s'); // prettier-ignore
  assert.is(decidedWords(request({ state: 'denied', decidedBy: both })), 'denied by Dave after 1 min 05 s'); // prettier-ignore
  assert.is(decidedWords(request({ state: 'withdrawn', decidedBy: both })), 'withdrawn by Dave after 1 min 05 s'); // prettier-ignore
  assert.is(decidedWords(request({ decidedAt: null, decidedBy: [] })), 'approved');
});

words.run();

const withdraw = suite('mayWithdraw()');

withdraw('mayWithdraw() is for the request’s own technician, and for owners', () => {
  const own = request({ technicianKey: 'k' });
  assert.is(mayWithdraw(own, { role: 'technician', key: 'k' }), true);
  assert.is(mayWithdraw(own, { role: 'technician', key: 'other' }), false);
  assert.is(mayWithdraw(own, { role: 'owner', key: null }), true);
  const unknown = request({ technicianKey: null });
  assert.is(mayWithdraw(unknown, { role: 'technician', key: null }), false);
});

withdraw.run();

const asking = suite('askSessions()');

asking(
  'askSessions() and askRequests() have all that is open, and go on page by page',
  async () => {
    await using work = await openLiveWork();
    const { site, client, session: first } = work;
    for (let i = 0; i < 51; i++) await (await work.openSession()).close();
    const running = first.run('reboot');
    const hash = await waitingRequest(site);
    const page = await askSessions(client, ASKING);
    assert.is(page.items.length, 51, 'the open one is older than the page');
    assert.is(page.items.filter(({ state }) => state === 'open').length, 1);
    const last = await askSessions(client, { ...ASKING, before: page.next });
    assert.equal([last.items.length, last.next], [2, null]);
    const waiting = await askRequests(client, ASKING);
    assert.equal(
      waiting.items.map(({ request: each, technicianKey }) => [each, technicianKey]),
      [[hash, site.technician.key]],
    );
    await client.call('request.withdraw', { request: hash, reason: null });
    assert.is((await running).outcome, 'withdrawn');
    const [ended] = (await askRequests(client, ASKING)).items;
    assert.equal([ended?.state, ended?.technicianKey], ['withdrawn', null]);
  },
);

asking.run();
