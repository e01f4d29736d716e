// What clients ask, over real connections: who may, how much at once, and what they are shown while they follow.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openConversation } from '#agent/protocol/conversation.ts';
import { openPeerNode } from '#agent/protocol/node.ts';
import { createId } from '#crypto/id.ts';
import { parsePersonKey } from '#crypto/person-key.ts';
import type { Client } from '../protocol/client.ts';
import {
  kindsOf,
  recordOf,
  refusalOf,
  signLiveOpening,
  waitingRequest,
} from '#scripts/testing/live-session.ts';
import { createKeyed, type Keyed, type LiveSite } from '#scripts/testing/live-site.ts';
import {
  approverOf,
  change,
  type LiveWork,
  openLiveWork,
  signAuthority,
  signRoster,
} from '#scripts/testing/live-work.ts';
import {
  CLIENT_PROTOCOL,
  type ClientAnswer,
  clientAnswerSchema,
  type ClientVerb,
} from '../protocol/client-message.ts';
import { MAX_CALLS } from './client-service.ts';

const HASH = 'A'.repeat(43);

/** A client's conversation in bare messages. */
async function openBare(site: LiveSite, { seed }: Keyed) {
  const node = await openPeerNode({ seed });
  const pins = site.appliance.desk.pins();
  const key = parsePersonKey(pins.appliance);
  if (key.kind !== 'ed25519') throw new Error('unreachable: an appliance has an Ed25519 key');
  const { stream, remotePublicKey } = await node.dial({
    addresses: pins.addresses,
    publicKey: key.publicKey,
    protocol: CLIENT_PROTOCOL,
    signal: AbortSignal.timeout(60_000),
  });
  const conversation = openConversation<ClientAnswer, unknown>(stream, {
    schema: clientAnswerSchema,
    remotePublicKey,
  });
  return {
    conversation,
    async [Symbol.asyncDispose]() {
      await conversation[Symbol.asyncDispose]();
      await node[Symbol.asyncDispose]();
    },
  };
}

const roles = suite('Handler');

type Caller = 'owner' | 'technician' | 'colleague' | 'reviewer' | 'approver';
const EVERYBODY: readonly Caller[] = ['owner', 'technician', 'colleague', 'reviewer', 'approver'];

/** Who may call what on a session that is the technician's. */
const ALLOWED: Readonly<Record<Exclude<ClientVerb, 'stop'>, readonly Caller[]>> = {
  'client.hello': [], // whoever is known by their own key
  'site.status': EVERYBODY,
  'site.statements': EVERYBODY,
  'site.change': EVERYBODY, // by its signature alone
  'endpoint.list': EVERYBODY,
  'endpoint.token': ['owner'],
  'endpoint.tokens': ['owner'],
  'endpoint.token-revoke': ['owner'],
  'endpoint.verify': ['owner', 'technician', 'colleague'],
  'endpoint.remove': ['owner'],
  'session.open': ['owner', 'technician', 'colleague'],
  'session.close': ['owner', 'technician', 'colleague', 'approver'],
  'session.list': EVERYBODY,
  'session.read': EVERYBODY,
  'command.submit': ['technician'],
  'command.cancel': ['technician', 'approver'],
  'command.judge': ['technician'],
  'chat.say': ['owner', 'technician', 'colleague', 'approver'],
  'request.list': EVERYBODY,
  'request.show': EVERYBODY,
  'request.decide': ['approver'],
  'request.withdraw': ['owner', 'technician'],
  'request.remind': ['owner', 'technician'],
  'records.export': EVERYBODY,
  'log.fsck': ['owner'],
  'log.export': EVERYBODY,
  'log.prove': EVERYBODY,
  'log.entries': EVERYBODY,
};

/** Calls every verb as one caller; answers those that were allowed, whatever else came of them. */
async function callAll(work: LiveWork, as: Keyed): Promise<readonly ClientVerb[]> {
  const { site, session, identity, clock } = work;
  const { endpoint } = identity;
  const running = session.run('reboot');
  running.catch(() => undefined);
  const request = await waitingRequest(site);
  const own = await signLiveOpening(site, { as, endpoint, nowMs: clock.now() });
  const { roster } = site.appliance.desk.site;
  const signed = await session.sign('uptime');
  const command = { envelope: signed.envelope, disclosures: signed.disclosures };
  const { envelope } = roster;
  const inSession = { session: session.id };
  await using client = await site.connect(as);
  const calls: readonly [ClientVerb, () => Promise<unknown>][] = [
    ['client.hello', () => client.call('client.hello', { device: envelope })],
    ['site.status', () => client.call('site.status', {})],
    ['site.statements', () => client.call('site.statements', {})],
    ['site.change', () => client.call('site.change', { envelope })],
    ['endpoint.list', () => client.call('endpoint.list', {})],
    ['endpoint.token', () => client.call('endpoint.token', { name: 'x', labels: [], lifeS: 60 })],
    ['endpoint.tokens', () => client.call('endpoint.tokens', {})],
    [
      'endpoint.token-revoke',
      () => client.call('endpoint.token-revoke', { token: 'A'.repeat(12) }),
    ],
    ['endpoint.verify', () => client.call('endpoint.verify', { endpoint })],
    ['session.open', () => client.call('session.open', own.parameters)],
    ['session.list', () => client.call('session.list', { state: 'all', limit: 10 })],
    ['session.read', () => client.call('session.read', { ...inSession, from: 0, follow: false })],
    [
      'command.submit',
      () =>
        client.call('command.submit', {
          ...{ ...inSession, command, why: null, before: null, after: null },
        }),
    ],
    ['command.cancel', () => client.call('command.cancel', { ...inSession, command: HASH })],
    [
      'command.judge',
      () =>
        client.call('command.judge', {
          ...inSession,
          fields: { shell: 'sh', command: 'uptime', cwd: null, env: {} },
        }),
    ],
    ['chat.say', () => client.call('chat.say', { ...inSession, text: 'Hello.' })],
    ['request.list', () => client.call('request.list', { state: 'waiting', limit: 10 })],
    ['request.show', () => client.call('request.show', { request })],
    ['request.decide', () => client.call('request.decide', { request, envelope, comment: null })],
    ['request.remind', () => client.call('request.remind', { request })],
    ['records.export', () => client.call('records.export', inSession)],
    ['log.fsck', () => client.call('log.fsck', {})],
    ['log.export', () => client.call('log.export', {})],
    ['log.prove', () => client.call('log.prove', { indices: [0], seen: null })],
    ['log.entries', () => client.call('log.entries', { kinds: ['log.opened'], limit: 1 })],
  ];
  const last: readonly [ClientVerb, () => Promise<unknown>][] = [
    ['request.withdraw', () => client.call('request.withdraw', { request, reason: null })],
    [
      'session.close',
      () => client.call('session.close', { ...inSession, note: null, ticket: null }),
    ],
    ['endpoint.remove', () => client.call('endpoint.remove', { endpoint, reason: null })],
  ];
  const allowed: ClientVerb[] = [];
  const codes = await Promise.all(calls.map(([, call]) => refusalOf(call())));
  for (const [i, [verb]] of calls.entries()) if (codes[i] !== 'not-allowed') allowed.push(verb);
  for (const [verb, call] of last) {
    if ((await refusalOf(call())) !== 'not-allowed') allowed.push(verb);
  }
  return allowed;
}

for (const caller of EVERYBODY) {
  roles(`lets a ${caller} call what a ${caller} may, and nothing else`, async () => {
    await using work = await openLiveWork();
    const { site } = work;
    const colleague = await createKeyed();
    const more = [{ id: 'tim', name: 'Tim Two', role: 'technician' as const, key: colleague.key }];
    await change(site, await signRoster(site, { more }));
    const keyed = caller === 'colleague' ? colleague : site[caller];
    const allowed = await callAll(work, keyed);
    const expected = (Object.keys(ALLOWED) as (keyof typeof ALLOWED)[]).filter((verb) =>
      ALLOWED[verb].includes(caller),
    );
    assert.equal([...allowed].sort(), [...expected].sort());
  });
}

roles('is out of reach of an endpoint, and of a key that nobody knows', async () => {
  await using work = await openLiveWork();
  const { site, identity } = work;
  const endpoint = await site.connect(identity.keyed);
  assert.is(await refusalOf(endpoint.call('site.status', {})), 'stream-lost');
  await endpoint[Symbol.asyncDispose]();
  const unknown = site.connect(await createKeyed());
  assert.match(await refusalOf(unknown), /^peer-/);
});

roles.run();

const serve = suite('serveClient()');

serve('answers a verb that it does not know, and goes on', async () => {
  await using work = await openLiveWork();
  await using bare = await openBare(work.site, work.site.owner);
  await bare.conversation.send({ id: 7, verb: 'site.explode', force: true });
  const answer = await bare.conversation.receive();
  assert.is(answer?.kind === 'failed' && answer.code, 'verb-unknown');
  assert.is(answer?.id, 7);
  await bare.conversation.send({ id: 8, verb: 'site.status' });
  assert.is((await bare.conversation.receive())?.kind, 'answer');
});

for (const [name, message] of Object.entries({
  'a verb with a member too many': { id: 1, verb: 'site.status', more: 1 },
  'a verb with a member missing': { id: 1, verb: 'endpoint.remove' },
  'a command to judge that is none': {
    id: 1,
    verb: 'command.judge',
    session: 'A'.repeat(22),
    fields: null,
  },
  'a command to judge that is too long': {
    ...{ id: 1, verb: 'command.judge', session: 'A'.repeat(22) },
    fields: { shell: 'sh', command: 'x'.repeat(32_769), cwd: null, env: {} },
  },
  'a command to judge in another shell': {
    ...{ id: 1, verb: 'command.judge', session: 'A'.repeat(22) },
    fields: { shell: 'zsh', command: 'ls', cwd: null, env: {} },
  },
  'no id': { verb: 'site.status' },
  'an id that is none': { id: 0, verb: 'site.status' },
  'no verb': { id: 1 },
  'a list': [],
  null: null,
})) {
  serve(`hangs up on ${name}`, async () => {
    await using work = await openLiveWork();
    await using bare = await openBare(work.site, work.site.owner);
    await bare.conversation.send(message);
    assert.is(await bare.conversation.receive().catch(() => null), null);
    await work.client.call('site.status', {}); // the others are served
  });
}

serve('answers so many calls at once, and refuses one more', async () => {
  await using work = await openLiveWork();
  const { site, session } = work;
  await using bare = await openBare(site, site.reviewer);
  for (let id = 1; id <= MAX_CALLS; id++) {
    const place = { session: session.id, from: 1, follow: true };
    await bare.conversation.send({ id, verb: 'session.read', ...place });
  }
  await bare.conversation.send({ id: 1000, verb: 'site.status' });
  const answer = await bare.conversation.receive();
  assert.equal(answer, {
    ...{ id: 1000, kind: 'failed', code: 'overloaded' },
    ...{ message: 'Too many calls at once', retryAfterMs: null },
  });
  await bare.conversation.send({ id: 2000, verb: 'stop', target: 5 });
  const [first, second] = [await bare.conversation.receive(), await bare.conversation.receive()];
  assert.equal([first?.id, second?.id].sort(), [2000, 5]);
  await bare.conversation.send({ id: 3000, verb: 'site.status' });
  assert.is((await bare.conversation.receive())?.id, 3000);
});

serve('refuses a second call under the id of one that goes on', async () => {
  await using work = await openLiveWork();
  const { site, session } = work;
  await using bare = await openBare(site, site.reviewer);
  await bare.conversation.send({
    id: 1,
    verb: 'session.read',
    session: session.id,
    from: 1,
    follow: true,
  });
  await bare.conversation.send({ id: 1, verb: 'site.status' });
  const answer = await bare.conversation.receive();
  assert.is(answer?.kind === 'failed' && answer.code, 'overloaded');
});

serve('tells a code for each id and hash that is none of its own', async () => {
  await using work = await openLiveWork();
  const { client, site } = work;
  await using owner = await site.connect(site.owner);
  const nowhere = createId();
  const spaces = ' '.repeat(22);
  for (const session of [nowhere, spaces, '='.repeat(22)]) {
    const inSession = { session };
    const codes = await Promise.all(
      [
        client.call('session.read', { ...inSession, from: 0, follow: true }),
        client.call('session.read', { ...inSession, from: 3, follow: false }),
        client.call('records.export', inSession),
        client.call('session.close', { ...inSession, note: null, ticket: null }),
        client.call('chat.say', { ...inSession, text: 'x' }),
        owner.call('endpoint.remove', { endpoint: session, reason: null }),
      ].map(refusalOf),
    );
    for (const code of codes) {
      assert.match(
        code,
        session === nowhere
          ? /^(?:session|endpoint)-unknown$/
          : /^(?:base64|(?:session|endpoint)-unknown)$/,
      );
    }
  }
  for (const request of [HASH, ' '.repeat(43)]) {
    assert.is(await refusalOf(client.call('request.show', { request })), 'request-unknown');
  }
});

serve('refuses text that is no text, and goes on with the session', async () => {
  await using work = await openLiveWork();
  const { client, session, site } = work;
  const bad = 'lone \ud800';
  assert.not.equal(await refusalOf(session.close(bad)), 'accepted');
  const say = client.call('chat.say', { session: session.id, text: bad });
  await refusalOf(say);
  assert.not.equal(await refusalOf(session.run('reboot', { why: bad })), 'accepted');
  assert.is((await session.run('uptime')).outcome, 'exited');
  await session.close();
  assert.equal(site.appliance.desk.site.ledger.openSessions(), []);
});

serve.run();

const read = suite("Handler<'session.read'>");

/** Follows a session from a position to its end; answers the positions that were shown. */
async function followAll(client: Client, session: string, from: number): Promise<number[]> {
  const shown: number[] = [];
  await client.call(
    'session.read',
    { session, from, follow: true },
    {
      onEvent: (event) => {
        if (event.kind !== 'entry') return;
        shown.push((JSON.parse(event.entry.leaf) as { n: number }).n);
      },
    },
  );
  return shown;
}

read('shows every entry once, from any position, while others work', async () => {
  await using work = await openLiveWork();
  const { site, client, session } = work;
  const beside = await work.openSession();
  const following: Promise<number[]>[] = [];
  await using reviewer = await site.connect(site.reviewer);
  for (let i = 0; i < 12; i++) {
    await Promise.all([session.run(`echo ${i}`), beside.run(`echo ${i}`)]);
    following.push(followAll(i % 2 === 0 ? reviewer : client, session.id, i));
  }
  await Promise.all([session.close(), beside.run('uptime')]);
  const length = (await recordOf(site, session.id)).length;
  for (const [from, shown] of (await Promise.all(following)).entries()) {
    assert.equal(
      shown,
      Array.from({ length: length - from }, (_, i) => from + i),
    );
  }
  await beside.close();
});

read('shows the last entry also when it comes while the others are read', async () => {
  await using work = await openLiveWork();
  const { site } = work;
  await using reviewer = await site.connect(site.reviewer);
  for (let round = 0; round < 20; round++) {
    const session = await work.openSession();
    await session.run('uptime');
    const [shown] = await Promise.all([followAll(reviewer, session.id, 0), session.close()]);
    assert.equal(shown, [0, 1, 2, 3, 4]);
  }
});

read('ends when it is stopped, and when the client goes', async () => {
  await using work = await openLiveWork();
  const { site, session } = work;
  const reviewer = await site.connect(site.reviewer);
  const stop = new AbortController();
  const first = Promise.withResolvers<undefined>();
  const reading = reviewer.call(
    'session.read',
    { session: session.id, from: 0, follow: true },
    {
      signal: stop.signal,
      onEvent: () => {
        first.resolve(undefined);
      },
    },
  );
  await first.promise;
  stop.abort();
  assert.is(await refusalOf(reading), 'stopping');
  const again = refusalOf(followAll(reviewer, session.id, 0));
  await reviewer.call('site.status', {});
  await reviewer[Symbol.asyncDispose]();
  assert.is(await again, 'stream-lost');
  assert.is((await session.run('uptime')).outcome, 'exited');
});

read('ends for a reviewer or an approver who is struck off while following', async () => {
  for (const who of ['reviewer', 'approver'] as const) {
    await using work = await openLiveWork();
    const { site, session } = work;
    const client = await site.connect(site[who]);
    const following = refusalOf(followAll(client, session.id, 0));
    await client.call('site.status', {});
    const dave = approverOf('dave', await createKeyed());
    const next =
      who === 'reviewer'
        ? await signRoster(site, { who: ['owner', 'technician'] })
        : await signAuthority(site, { approvers: [dave] });
    await change(site, next);
    assert.is(await following, 'stream-lost');
    await client[Symbol.asyncDispose]();
    assert.match(await refusalOf(site.connect(site[who])), /^peer-/);
    assert.is((await session.run('uptime')).outcome, 'exited');
  }
});

read.run();

const changes = suite("Handler<'site.change'>");

changes('closes the session of a technician who was struck off, and keeps him out', async () => {
  await using work = await openLiveWork();
  const { site, session, client } = work;
  const old = site.appliance.desk.site.roster.envelope;
  await change(site, await signRoster(site, { who: ['owner', 'reviewer'] }));
  assert.is(await refusalOf(client.call('site.status', {})), 'stream-lost');
  assert.match(await refusalOf(site.connect(site.technician)), /^peer-/);
  assert.equal((await kindsOf(site, session.id)).slice(-1), ['session.closed']);
  await using owner = await site.connect(site.owner);
  assert.is(await refusalOf(owner.call('site.change', { envelope: old })), 'rolled-back');
});

changes('keeps a technician who is a reviewer now from acting', async () => {
  await using work = await openLiveWork();
  const { site, session, client, clock, identity } = work;
  const { key } = site.technician;
  const more = [{ id: 'terry', name: 'Terry Technician', role: 'reviewer' as const, key }];
  await change(site, await signRoster(site, { who: ['owner'], more }));
  assert.equal((await kindsOf(site, session.id)).slice(-1), ['session.closed']);
  const { parameters } = await signLiveOpening(site, {
    endpoint: identity.endpoint,
    nowMs: clock.now(),
  });
  assert.is(await refusalOf(client.call('session.open', parameters)), 'not-allowed');
  await client.call('session.list', { state: 'all', limit: 10 });
});

changes('refuses what is no such statement', async () => {
  await using work = await openLiveWork();
  const { site, session, client } = work;
  const { envelope } = await session.sign('uptime');
  assert.is(await refusalOf(client.call('site.change', { envelope })), 'statement-invalid');
  const nonsense = { statement: 'AAAA', signature: envelope.signature };
  const asked = client.call('site.change', { envelope: nonsense });
  assert.is(await refusalOf(asked), 'statement');
  assert.is(site.appliance.desk.site.ledger.openSessions().length, 1);
});

changes.run();

const list = suite("Handler<'session.list'>");

list('tells of sessions and requests of before a restart, too', async () => {
  await using work = await openLiveWork();
  const { site, session, clock, identity } = work;
  const running = session.run('reboot', { why: 'Stuck.' });
  await waitingRequest(site);
  clock.advance(30_000);
  await running;
  await session.close('Done.');
  await site.restart();
  await using owner = await site.connect(site.owner);
  const { sessions } = await owner.call('session.list', { state: 'all', limit: 10 });
  assert.equal(
    sessions.map(({ session: id, state, commands, technician, reason }) => ({
      ...{ id, state, commands, technician, reason },
    })),
    [
      {
        ...{ id: session.id, state: 'closed', commands: 0 },
        ...{ technician: 'Terry Technician', reason: 'The till prints nothing.' },
      },
    ],
  );
  const { sessions: open } = await owner.call('session.list', { state: 'open', limit: 10 });
  assert.equal(open, []);
  const { requests } = await owner.call('request.list', { state: 'all', limit: 10 });
  assert.equal(
    requests.map(({ state, command, endpoint }) => ({ state, command, endpoint })),
    [{ state: 'expired', command: 'reboot', endpoint: identity.endpoint }],
  );
  const [{ request } = { request: '' }] = requests;
  const { why, state } = await owner.call('request.show', { request });
  assert.equal([why, state], ['Stuck.', 'expired']);
});

list.run();

const exported = suite("Handler<'log.export'>");

exported('sends the files of a tlog-tiles directory that hash to the checkpoint', async () => {
  await using work = await openLiveWork();
  const { client, site } = work;
  await work.session.run('uptime');
  const files = new Map<string, Buffer>();
  const { size } = await client.call(
    'log.export',
    {},
    {
      onEvent: (event) => {
        if (event.kind === 'file') files.set(event.path, Buffer.from(event.data, 'base64'));
      },
    },
  );
  assert.is(files.get('vkey')?.toString(), `${site.appliance.desk.pins().log}\n`);
  assert.match(files.get('checkpoint')?.toString() ?? '', new RegExp(`\n${size}\n`));
  assert.ok(
    [...files.keys()].every((path) => /^(?:vkey|checkpoint|tile\/[0-9a-z/.]+)$/.test(path)),
  );
});

exported.run();
