import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { SessionSummary } from '#appliance/protocol/session-summary.ts';
import { ManualClock } from '#scripts/testing/manual-clock.ts';
import type { LiveEvent } from './live.ts';
import { NOTICE_KINDS, type NoticeKind } from './notice-kinds.ts';
import {
  AWAY_MS,
  type KnownSite,
  type KnownStatus,
  type NoticeBasis,
  Notifier,
} from './notifier.ts';
import type { ListedRequest } from './work-lists.ts';

const ENDPOINT = { siteId: 's1', id: 'e1', name: 'dns01', state: 'online', openSession: null };
const OWN = 'ed25519:own';

/** A page that is open, a site behind it, and what was told. */
class Page {
  readonly told: string[] = [];
  readonly clock = new ManualClock(Date.parse('2026-11-21T08:00:00.000Z'));
  /** Null: the site cannot be asked. */
  requests: ListedRequest[] | null = [];
  sessions: SessionSummary[] | null = [];
  readonly #notifier: Notifier;

  /** What the host answers when it is asked how everything is. */
  basis: NoticeBasis = basisOf({});

  constructor({ kinds = NOTICE_KINDS }: { kinds?: readonly NoticeKind[] } = {}) {
    this.#notifier = new Notifier({
      kinds,
      ownKey: OWN,
      requests: async () => this.requests,
      sessions: async () => this.sessions,
      show: ({ title }) => void this.told.push(title),
      now: () => this.clock.now(),
      after: (delayMs, work) => this.clock.after(delayMs, work),
    });
  }

  /** What is told when the page has asked how everything is. */
  async learn(): Promise<readonly string[]> {
    this.told.length = 0;
    await this.#notifier.learn(this.basis);
    return [...this.told];
  }

  /** What is told of these events. */
  async after(...events: readonly LiveEvent[]): Promise<readonly string[]> {
    this.told.length = 0;
    await this.#notifier.take(events);
    return [...this.told];
  }

  stop(): void {
    this.#notifier.stop();
  }
}

/** A page that has asked how everything is. */
async function openPage(options: { kinds?: readonly NoticeKind[] } = {}): Promise<Page> {
  const page = new Page(options);
  await page.learn();
  return page;
}

/** How everything is at the site. */
function basisOf({
  isOnline = true,
  status = null,
  ...more
}: Partial<KnownSite> & { state?: string; openSession?: string }): NoticeBasis {
  return {
    sites: [{ id: 's1', name: 'Acme · Berlin', isOnline, status }],
    endpoints: [{ ...ENDPOINT, ...more }],
    rosterExpires: '2026-11-24T08:00:00.000Z',
  };
}

function site(more: { link?: 'came' | 'went'; status?: KnownStatus }): LiveEvent {
  return { kind: 'site', siteId: 's1', ...more };
}

function endpoint(more: Partial<typeof ENDPOINT> | { openSession: string }): LiveEvent {
  const rest = { siteName: 'Berlin', clientId: 'c', clientName: 'Acme', labels: [], seenAt: null };
  const row = { ...ENDPOINT, ...rest, software: null, host: null, isVerified: true, note: '' };
  return { kind: 'endpoints', items: [{ ...row, ...more }] };
}

function request(more: Partial<ListedRequest>): ListedRequest {
  return {
    ...{ index: 1, request: 'R1', match: 'ABC', state: 'waiting', session: 'S', endpoint: 'e1' },
    ...{ endpointName: 'dns01', technician: 'Tom', command: 'reboot', isCut: false },
    ...{ requestedAt: '2026-11-21T08:00:00.000Z', expires: '2026-11-21T08:10:00.000Z' },
    ...{ decidedAt: null, decidedBy: [], approvals: 1, granted: 0, technicianKey: 'ed25519:tom' },
    ...more,
  };
}

const test = suite('Notifier');

test('tells once that the roster is about to end, to who wants to know', async () => {
  const page = new Page();
  assert.equal(await page.learn(), ['The roster ends in 3 days']);
  assert.equal(await page.learn(), []);
  assert.equal(await new Page({ kinds: ['went-offline'] }).learn(), []);
});

test('tells of a machine once, when it has gone offline, and not of what was so before', async () => {
  const page = await openPage();
  assert.equal(await page.after(endpoint({ state: 'reconnecting' })), []);
  assert.equal(await page.after(endpoint({ state: 'offline' })), ['dns01 went offline']);
  assert.equal(await page.after(endpoint({ state: 'offline' })), []);
  assert.equal(await page.after(endpoint({ id: 'new', state: 'offline' })), []);
  const other = await openPage({ kinds: ['session-opened'] });
  assert.equal(await other.after(endpoint({ state: 'offline' })), []);
});

test('tells of a site that stays away, and not of one that comes back', async () => {
  const page = await openPage();
  await page.after(site({ link: 'went' }));
  page.clock.advance(AWAY_MS - 1);
  await page.after(site({ link: 'came' }));
  page.clock.advance(AWAY_MS);
  assert.equal(page.told, []);
  await page.after(site({ link: 'went' }));
  page.clock.advance(AWAY_MS);
  assert.equal(page.told, ['Acme · Berlin cannot be reached']);
  await page.after(site({ link: 'went' }));
  page.stop();
  page.clock.advance(AWAY_MS);
  assert.equal(page.told, []);
});

test("tells whose session was opened, but not of one's own", async () => {
  const page = await openPage();
  const opened = { session: 'S1', technician: 'Tom', technicianKey: 'ed25519:tom' };
  page.sessions = [opened as SessionSummary];
  assert.equal(await page.after(endpoint({ openSession: 'S1' })), [
    'Tom opened a session on dns01',
  ]);
  assert.equal(await page.after(endpoint({ openSession: 'S1' })), []);
  page.sessions = [{ ...opened, session: 'S2', technicianKey: OWN } as SessionSummary];
  assert.equal(await page.after(endpoint({ openSession: 'S2' })), []);
  page.sessions = null;
  assert.equal(await page.after(endpoint({ openSession: 'S3' })), [
    'A session was opened on dns01',
  ]);
});

test('tells of each new request of others, and of none that waited before', async () => {
  const page = new Page();
  page.basis = basisOf({ status: { waiting: 1, size: 2 } });
  page.requests = [request({ request: 'R1', index: 1 })];
  await page.learn();
  page.requests.push(request({ request: 'R2', index: 2, technician: 'Tim' }));
  page.requests.push(request({ request: 'R3', index: 3, technicianKey: OWN }));
  const more = site({ status: { waiting: 3, size: 4 } });
  assert.equal(await page.after(more), ['Tim asks to run a command on dns01']);
  assert.equal(await page.after(more), []);
  page.requests = null;
  const locked = await page.after(site({ status: { waiting: 4, size: 5 } }));
  assert.equal(locked, ['A request waits at Acme · Berlin']);
});

test('tells of a request that is raised before the site said anything to this page', async () => {
  const page = new Page({ kinds: ['request-waits'] });
  page.basis = basisOf({ status: { waiting: 0, size: 7 } });
  page.requests = [request({ index: 7 })];
  const raised = site({ status: { waiting: 1, size: 8 } });
  assert.equal(await page.after(raised), [], 'nothing is known yet');
  assert.equal(await page.learn(), ['Tom asks to run a command on dns01']);
  const locked = new Page({ kinds: ['request-waits'] });
  locked.basis = page.basis;
  locked.requests = null;
  await locked.learn();
  assert.equal(await locked.after(raised), ['A request waits at Acme · Berlin']);
});

test('takes what waits at a site that comes later as nothing new, and what follows as news', async () => {
  const page = new Page({ kinds: ['request-waits'] });
  page.basis = basisOf({ isOnline: false });
  page.requests = [request({ request: 'R1', index: 1 })];
  await page.learn();
  await page.after(site({ link: 'came' }));
  assert.equal(await page.after(site({ status: { waiting: 1, size: 2 } })), []);
  page.requests.push(request({ request: 'R2', index: 2, technician: 'Tim' }));
  assert.equal(await page.after(site({ status: { waiting: 2, size: 3 } })), [
    'Tim asks to run a command on dns01',
  ]);
});

test('makes up for what was told while the host was out of hearing', async () => {
  const page = new Page();
  page.basis = basisOf({ status: { waiting: 0, size: 1 } });
  await page.learn();
  page.requests = [request({ index: 1 })];
  page.basis = basisOf({ status: { waiting: 1, size: 2 }, state: 'offline', openSession: 'S1' });
  const said = [
    'dns01 went offline',
    'A session was opened on dns01',
    'Tom asks to run a command on dns01',
  ];
  assert.equal(await page.learn(), said);
  page.basis = basisOf({ isOnline: false, state: 'offline', openSession: 'S1' });
  assert.equal(await page.learn(), []);
  page.clock.advance(AWAY_MS);
  assert.equal(page.told, ['Acme · Berlin cannot be reached']);
  assert.equal(await page.learn(), []);
  page.clock.advance(AWAY_MS);
  assert.equal(page.told, []);
});

test("tells once how one's own request ended", async () => {
  const page = new Page({ kinds: ['request-decided'] });
  page.basis = basisOf({ status: { waiting: 2, size: 3 } });
  const own = request({ technicianKey: OWN });
  page.requests = [own, request({ request: 'R2', index: 2 })];
  assert.equal(await page.learn(), []);
  page.requests = page.requests.map((each) => ({
    ...{ ...each, state: 'granted' as const, decidedBy: ['Carla Client'] },
    technicianKey: null, // its session has ended meanwhile
  }));
  const none = site({ status: { waiting: 0, size: 5 } });
  assert.equal(await page.after(none), ['Carla Client approved your request on dns01']);
  assert.equal(await page.after(none), []);
});

test('tells once how a request ended that was decided while the site was asked about it', async () => {
  const page = new Page({ kinds: ['request-decided'] });
  page.basis = basisOf({ status: { waiting: 0, size: 3 } });
  await page.learn();
  const decided = { state: 'granted' as const, decidedBy: ['Carla Client'] };
  page.requests = [
    request({ ...decided, request: 'R1', index: 1, technicianKey: OWN }), // before the page was opened
    request({ ...decided, request: 'R2', index: 3, technicianKey: OWN }),
    request({ ...decided, request: 'R3', index: 4 }),
  ];
  const asked = site({ status: { waiting: 1, size: 4 } });
  assert.equal(await page.after(asked), ['Carla Client approved your request on dns01']);
  const more = site({ status: { waiting: 2, size: 9 } });
  assert.equal(await page.after(more), []);
});

test.run();
