// The session's state against a real appliance in this process, over the real link; and against a site that lies.

import '#scripts/testing/svelte-module.ts';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ClientError } from '#appliance/protocol/client.ts';
import { openClient, openClientNode } from '#appliance/protocol/client-node.ts';
import { signDevice, signOpening } from '#appliance/protocol/session-key.ts';
import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { parsePersonKey } from '#crypto/person-key.ts';
import { statementSigner } from '#crypto/statement.ts';
import { decide, refusalOf, waitingRequest } from '#scripts/testing/live-session.ts';
import { createKeyed } from '#scripts/testing/live-site.ts';
import { type LiveWork, openLiveWork } from '#scripts/testing/live-work.ts';
import { STORY_LOG, ToldSession } from '#scripts/testing/told-session.ts';
import type { SessionKeys } from '#ui/lib/keeper.ts';
import { type Card, type CommandCard, commandStatus } from '#ui/lib/session-card.ts';
import { SiteLink } from '#ui/lib/site.ts';
import type { SessionState as State, SessionStateOptions } from './session.svelte.ts';

const { SessionState } = await import('./session.svelte.ts');
const { until } = await import('#scripts/testing/until.svelte.ts');

const LISTEN = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'];

/** A state that is being followed. */
class Watched implements AsyncDisposable {
  readonly state: State;

  constructor(options: Omit<SessionStateOptions, 'schedule'>) {
    this.state = new SessionState({ ...options, schedule: queueMicrotask });
    void this.state.follow();
  }

  /** Resolves when it is so. */
  until(isSo: (state: State) => boolean): Promise<void> {
    return until(() => isSo(this.state));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.state[Symbol.asyncDispose]();
  }
}

interface Page extends AsyncDisposable {
  readonly watched: Watched;
  readonly state: State;
  readonly link: SiteLink;
}

/** A technician's browser that opened a session of its own. */
async function openPage(work: LiveWork): Promise<Page> {
  await using stack = new AsyncDisposableStack();
  const { site, clock, identity } = work;
  const now = (): number => clock.now();
  const keyed = await createKeyed();
  const { appliance, addresses } = site.appliance.desk.pins();
  const pinned = parsePersonKey(appliance);
  if (pinned.kind !== 'ed25519') throw new Error('unreachable: an appliance has an Ed25519 key');
  const target = { publicKey: pinned.publicKey, addresses: addresses.filter(isWs) };
  const node = stack.use(await openClientNode({ seed: keyed.seed }));
  const technician = statementSigner(site.technician.signer);
  const link = stack.use(
    new SiteLink({
      dial: (signal) => openClient(node, { ...target, signal }),
      device: await signDevice({ peer: keyed.key, nowMs: now() }, technician),
      onState: () => undefined,
      now,
    }),
  );
  const origin = site.appliance.desk.site.ledger.origin;
  const { keys, parameters } = await createSession({ origin, endpoint: identity.endpoint, work });
  await link.call('session.open', parameters);
  const me = {
    person: 'tess',
    name: 'Tess',
    role: 'technician',
    key: site.technician.key,
  } as const;
  const watched = stack.use(new Watched({ link, session: keys.session, origin, keys, me, now }));
  const opened = stack.move();
  return {
    ...{ watched, state: watched.state, link },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function isWs(address: string): boolean {
  return address.endsWith('/ws');
}

async function createSession({
  origin,
  endpoint,
  work: { site, clock },
}: {
  origin: string;
  endpoint: string;
  work: LiveWork;
}) {
  const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  const delegate = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const { session, ...parameters } = await signOpening({
    ...{ log: origin, endpoint, delegate, reason: 'Slow till', ticket: null },
    technician: statementSigner(site.technician.signer),
    ...{ nowMs: clock.now(), lifeMs: 8 * 3_600_000 },
  });
  const endsAtMs = clock.now() + 8 * 3_600_000;
  const keys: SessionKeys = { site: 'site', session, pair, endsAtMs };
  return { keys, parameters };
}

function commandOf(cards: readonly Card[], text: string): CommandCard | undefined {
  return cards.find(
    (card): card is CommandCard => card.kind === 'command' && card.work?.command === text,
  );
}

function hasEnded(text: string): (state: State) => boolean {
  return ({ cards }) => {
    const card = commandOf(cards, text);
    return card !== undefined && card.exit !== null;
  };
}

const live = suite('SessionState at a site');

live(
  'SessionState.run() signs a command with the key that stays here, and shows its end',
  async () => {
    await using work = await openLiveWork({ listen: LISTEN });
    await using page = await openPage(work);
    const { state, watched } = page;
    await watched.until(({ phase }) => phase === 'live');
    assert.is(state.isOwn, true);
    assert.is(state.canRunAt(work.clock.now()), true);
    await state.run('uptime', { shell: 'sh' });
    await watched.until(hasEnded('uptime'));
    const card = commandOf(state.cards, 'uptime');
    assert.is(card?.output?.text.text(), 'uptime');
    assert.is(card?.exit?.code, 0);
  },
);

live('SessionState.run() has a change approved, with the state before and after it', async () => {
  await using work = await openLiveWork({ listen: LISTEN });
  await using page = await openPage(work);
  const { state, watched } = page;
  await watched.until(({ phase }) => phase === 'live');
  await state.run('reboot', { shell: 'sh', why: 'It hangs.', state: 'uptime' });
  const request = await waitingRequest(work.site);
  await decide(work.site, request, { nowMs: work.clock.now() });
  await watched.until(({ cards }) => commandOf(cards, 'reboot')?.after?.isOver === true);
  const card = commandOf(state.cards, 'reboot');
  assert.equal([card?.before?.text, card?.after?.text], ['uptime\n', 'uptime\n']);
  assert.is(card?.request?.state, 'granted');
  assert.is(card?.request?.why, 'It hangs.');
  assert.is(state.cards.filter(({ kind }) => kind === 'command').length, 1);
});

live(
  'SessionState.judge() says what the site would do, and leaves the session as it is',
  async () => {
    await using work = await openLiveWork({ listen: LISTEN });
    await using page = await openPage(work);
    const { state, watched } = page;
    await watched.until(({ phase }) => phase === 'live');
    const { signal } = new AbortController();
    const { ledger } = work.site.appliance.desk.site;
    const { size } = ledger;
    const line = { shell: 'sh', cwd: null, state: null } as const;
    const said: string[] = [];
    for (const command of ['uptime', 'reboot', 'forbidden']) {
      said.push((await state.judge({ ...line, command }, signal)).effect);
    }
    assert.equal(said, ['allow', 'ask', 'deny']);
    assert.is(
      (await state.judge({ ...line, command: 'reboot', state: 'uptime' }, signal)).effect,
      'ask',
    );
    const changes = state.judge({ ...line, command: 'uptime', state: 'reboot' }, signal);
    assert.is(await refusalOf(changes), 'state-not-read-only');
    assert.equal([ledger.size, state.outgoing], [size, []]);
  },
);

live('SessionState.withdraw() takes a request back; its card says so', async () => {
  await using work = await openLiveWork({ listen: LISTEN });
  await using page = await openPage(work);
  const { state, watched } = page;
  await watched.until(({ phase }) => phase === 'live');
  await state.run('reboot', { shell: 'sh' });
  await watched.until(({ cards }) => commandOf(cards, 'reboot')?.request != null);
  const card = commandOf(state.cards, 'reboot') as CommandCard;
  assert.is(commandStatus(card), 'waiting');
  await state.withdraw(card, 'Wrong machine.');
  await watched.until(({ cards }) => commandOf(cards, 'reboot')?.request?.ended != null);
  assert.is(commandStatus(commandOf(state.cards, 'reboot') as CommandCard), 'withdrawn');
});

live('SessionState.cancel() ends what runs', async () => {
  await using work = await openLiveWork({ listen: LISTEN, script: () => null });
  await using page = await openPage(work);
  const { state, watched } = page;
  await watched.until(({ phase }) => phase === 'live');
  await state.run('uptime', { shell: 'sh' });
  const { run } = await work.agent.orders.take();
  await watched.until(({ cards }) => commandOf(cards, 'uptime')?.started != null);
  assert.is(await state.cancel(commandOf(state.cards, 'uptime') as CommandCard), true);
  await work.agent.hear('cancel');
  await work.agent.exit(run, { outcome: 'cancelled', exitCode: null });
  await watched.until(hasEnded('uptime'));
  assert.is(commandOf(state.cards, 'uptime')?.exit?.outcome, 'cancelled');
});

live('SessionState.close() ends it: nothing more can be run', async () => {
  await using work = await openLiveWork({ listen: LISTEN });
  await using page = await openPage(work);
  const { state, watched } = page;
  await watched.until(({ phase }) => phase === 'live');
  await state.say('Hello');
  await state.close('Done.', null);
  await watched.until(({ phase }) => phase === 'ended');
  assert.is(state.canRunAt(work.clock.now()), false);
  const words = state.cards.map((card) => (card.kind === 'chat' ? card.text : card.kind));
  assert.equal(words, ['fact', 'Hello', 'fact']);
});

live('SessionState.run() keeps what is on no record with why, until it is put away', async () => {
  await using work = await openLiveWork({ listen: LISTEN });
  await using page = await openPage(work);
  const { state, watched } = page;
  await watched.until(({ phase }) => phase === 'live');
  const refused = state.run('uptime', { shell: 'sh', state: 'reboot' });
  await refused;
  await page.link.call('site.status', {}); // answered after what was sent before it
  const [sent] = state.outgoing;
  assert.equal([sent?.command, sent?.state], ['uptime', 'failed']);
  assert.match(sent?.problem ?? '', /only reads/);
  state.forget(sent?.hash ?? '');
  assert.equal(state.outgoing, []);
});

live.run();

/** A link to a site that tells this story, and then what `end` says. */
function toldLink(
  { entries }: ToldSession,
  end: () => Promise<void> = () => new Promise(() => undefined),
): SessionStateOptions['link'] {
  const calls: string[] = [];
  return {
    state: { kind: 'open', isRelayed: true },
    call: (verb) => {
      calls.push(verb);
      return Promise.reject(new ClientError('stream-lost', `Lost the appliance at ${verb}`));
    },
    readSession: async (_session, { from, follow, onEntry, signal }) => {
      for (const entry of entries.slice(from)) await onEntry(entry);
      if (follow) {
        const aborted = new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
        await Promise.race([end(), aborted]);
      }
      return { next: entries.length, isOver: follow };
    },
  };
}

function watch(
  link: SessionStateOptions['link'],
  key: string | null = null,
  role: 'technician' | 'reviewer' = 'technician',
): Watched {
  return new Watched({
    ...{ link, session: 'S'.repeat(21) + 'A', origin: STORY_LOG, keys: undefined, now: () => 0 },
    me: { person: 'p', name: 'P', role, key },
  });
}

const told = suite('SessionState.follow()');

for (const [lie, tell] of [
  ['an entry left out', (all: CheckedEntry[]) => all.splice(1, 1)],
  [
    'two entries in another order',
    (all: CheckedEntry[]) => all.splice(1, 2, ...all.slice(1, 3).reverse()),
  ],
  ['a beginning left out', (all: CheckedEntry[]) => all.shift()],
] as const) {
  told(`SessionState.follow() shows nothing after ${lie}`, async () => {
    const story = new ToldSession();
    await story.open();
    const started = story.start(await story.sign('id'));
    story.print(started, 'root\n');
    story.exit(started);
    tell(story.entries);
    await using watched = watch(toldLink(story));
    await watched.until(({ phase }) => phase === 'failed');
    assert.match(watched.state.problem ?? '', /does not (?:follow|begin)/);
    assert.ok(watched.state.cards.length <= 2);
  });
}

told('SessionState.follow() refuses the entries of another log', async () => {
  const story = new ToldSession();
  await story.open();
  await using watched = new Watched({
    ...{ link: toldLink(story), session: story.session, origin: 'console.example/site/other/1' },
    ...{ keys: undefined, now: () => 0, me: { person: 'p', name: 'P', role: 'owner', key: null } },
  });
  await watched.until(({ phase }) => phase === 'failed');
  assert.is(watched.state.cards.length, 0);
});

told("SessionState.follow() of somebody else's session lets nobody run there", async () => {
  const story = new ToldSession();
  await story.open();
  await using watched = watch(toldLink(story), 'ed25519:other');
  await watched.until(({ phase }) => phase === 'live');
  const { state } = watched;
  assert.equal([state.isOwn, state.canRunAt(0), state.canTakePart], [false, false, true]);
});

told("SessionState.canTakePart: a reviewer reads somebody else's session and no more", async () => {
  const story = new ToldSession();
  await story.open();
  await using watched = watch(toldLink(story), 'ed25519:other', 'reviewer');
  await watched.until(({ phase }) => phase === 'live');
  assert.is(watched.state.canTakePart, false);
});

told(
  'SessionState.isAbandoned tells a session that was given up from one that was closed',
  async () => {
    for (const isAbandoned of [true, false]) {
      const story = new ToldSession();
      await story.open();
      if (isAbandoned) story.add('session.abandoned', { reason: 'The appliance restarted.' });
      else story.close();
      await using watched = watch(toldLink(story, () => Promise.resolve()));
      await watched.until(({ phase }) => phase === 'ended');
      assert.is(watched.state.isAbandoned, isAbandoned);
      assert.is(watched.state.opening?.reason, 'The till prints nothing.');
    }
  },
);

told.run();
