// Endpoints over real links: honest ones whose cable is pulled, and hostile ones. Whatever they say, nothing is
// recorded twice, the session's evidence verifies, and the appliance serves the others.

import type { Stream } from '@libp2p/interface';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ENROL_PROTOCOL } from '#agent/protocol/enrol-message.ts';
import type { AgentMessage, AgentMessageOf } from '#agent/protocol/link-message.ts';
import { signCheckpoint } from '#crypto/checkpoint.ts';
import { EMPTY_ROOT, sha256 } from '#crypto/hash.ts';
import { createId } from '#crypto/id.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import { enrolEndpoint, FAKE_HOST, FakeAgent } from '#scripts/testing/fake-agent.ts';
import {
  entryThat,
  faultsOf,
  fieldsOf,
  LiveSession,
  outputOf,
  refusalOf,
} from '#scripts/testing/live-session.ts';
import type { LiveSite } from '#scripts/testing/live-site.ts';
import {
  holdRecord,
  type LiveWork,
  openLiveWork,
  openRun,
  untilAway,
} from '#scripts/testing/live-work.ts';
import { loadKeyFile, placesIn } from '../config.ts';
import { CLIENT_PROTOCOL } from '../protocol/client-message.ts';
import { HELLO_MS } from './guests.ts';
import { AWAY_MS } from './presence.ts';

/** That everybody else is served, and the endpoint itself when it comes back in peace. */
async function checkServes({ site, agent, session, client, clock }: LiveWork): Promise<void> {
  await agent.vanish();
  agent.forget();
  await agent.link();
  assert.is((await session.run('whoami')).outcome, 'exited');
  await using other = await FakeAgent.open(await enrolEndpoint(site, { name: 'other' }), {
    now: () => clock.now(),
  });
  const beside = await LiveSession.open(client, {
    ...{ site, now: () => clock.now() },
    endpoint: other.identity.endpoint,
  });
  assert.is((await beside.run('uptime')).outcome, 'exited');
  for (const { id, close } of [session, beside].map((each) => ({
    id: each.id,
    close: () => each.close(),
  }))) {
    await close();
    assert.equal(await faultsOf(site, id), []);
  }
}

/** Resolves when a link was dropped for this reason. */
async function checkDropped(site: LiveSite, code: RegExp): Promise<void> {
  await site.event(({ what, cause }) => {
    const isDrop = what === 'an endpoint broke off' && cause instanceof Error;
    return isDrop && 'code' in cause && code.test(String(cause.code));
  });
}

const hostile = suite('AgentLinks.serve()');

type Words = (run: string) => AgentMessage;
const output = (over: Partial<AgentMessageOf<'output'>>): Words => {
  return (run) => ({
    ...{ kind: 'output', run, seq: 1, stream: 'stdout', offset: 5, data: 'YQ==' },
    ...over,
  });
};

const BROKEN: Readonly<Record<string, Words>> = {
  'a gap in seq': output({ seq: 2 }),
  'a gap in the output': output({ offset: 6 }),
  'output over what was told': output({ offset: 0 }),
  'an offset that is no whole number': output({ offset: 5.5 }),
  'output that is not base64': output({ data: '*-_=' }),
  'more output than was ordered': output({ data: 'A'.repeat(Math.ceil((256 * 1024) / 3) * 4) }),
  'hello twice': () => ({
    ...{ kind: 'hello', endpoint: createId(), software: '', host: FAKE_HOST },
    ...{ shells: [], seen: null, runs: [] },
  }),
};

for (const [name, words] of Object.entries(BROKEN)) {
  hostile(`drops a link over ${name}, and the record of the run verifies`, async () => {
    const { work, run, running } = await openRun();
    await using held = work;
    const { agent, site, session } = held;
    await agent.print(run, 'first');
    await agent.hear('ack');
    if (name.startsWith('more')) {
      for (let piece = 0; piece < 5; piece++) await agent.print(run, 'y'.repeat(200 * 1024));
      await agent.say({
        ...(words(run) as AgentMessageOf<'output'>),
        seq: 6,
        offset: 5 + 5 * 200 * 1024,
      });
    } else await agent.say(words(run));
    await agent.closed;
    await checkDropped(site, /^message-invalid$/);
    if (name === 'hello twice') {
      await agent.vanish();
      agent.forget();
      await agent.link();
    }
    assert.is((await running).outcome, 'interrupted');
    const text = await outputOf(site, session.id);
    assert.ok(text.startsWith('first') && !text.includes('a'));
    await checkServes(held);
  });
}

hostile('takes a piece that comes twice once, and answers it', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent, site, session } = held;
  await agent.print(run, 'first');
  await agent.hear('ack');
  await agent.say(output({ seq: 0, offset: 0, data: 'ZXZpbA==' })(run));
  assert.equal(await agent.hear('ack'), { kind: 'ack', run, next: 1 });
  await agent.exit(run);
  assert.is((await running).outcome, 'exited');
  assert.is(await outputOf(site, session.id), 'first');
});

hostile('has the output of a run that nobody ordered ended, and records none of it', async () => {
  await using work = await openLiveWork();
  const { agent, site } = work;
  const { size } = site.appliance.desk.site.ledger;
  const run = 'x'.repeat(43);
  await agent.say(output({ seq: 0, offset: 0 })(run));
  assert.equal(await agent.hear('cancel'), { kind: 'cancel', run });
  await agent.say({ kind: 'refused', run, code: 'x', message: 'x', seenSize: 0 });
  await agent.say({ kind: 'seen', size: 1 });
  assert.is((await work.session.run('uptime')).outcome, 'exited');
  const { ledger } = site.appliance.desk.site;
  for (let i = size; i < ledger.size; i++)
    assert.is((await ledger.entry(i)).leaf.s, work.session.id);
});

hostile('records what came, whatever the endpoint says that it sent', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent, site, session } = held;
  await agent.print(run, 'four');
  await agent.exit(run, {
    ...{ stdoutBytes: 1e9, stderrBytes: 0.5, droppedBytes: 1.5, durationMs: 2.25 },
    ...{ problem: 'lone \ud800', signal: '\udfff' },
  });
  assert.is((await running).outcome, 'exited');
  const [exited] = await fieldsOf(site, session.id, 'command.exited');
  assert.equal([exited?.stdout_bytes, exited?.stderr_bytes], [4, 0]);
  assert.is(
    exited?.problem,
    'The endpoint says that it sent 1000000000 and 0.5 bytes. The endpoint says: lone \ufffd',
  );
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

hostile('keeps hostile facts of the machine from the record of its coming', async () => {
  await using work = await openLiveWork();
  const { agent, site, client } = work;
  await agent.vanish();
  const host = {
    ...FAKE_HOST,
    os: '\ud800\u001b[31m',
    runtimeVersion: `${'v'.repeat(248)}\u{1F600}`,
  };
  await agent.link({ host, software: '\udfff' });
  const { endpoints } = await client.call('endpoint.list', {});
  assert.is(endpoints[0]?.state, 'online');
  const { size } = site.appliance.desk.site.ledger;
  await agent.say({ kind: 'heartbeat', host: { ...host, load1: 1e300 } });
  await agent.closed;
  await checkDropped(site, /^message-invalid$/); // a load of that size
  assert.ok(size > 0);
});

hostile('puts a standing alarm on record once, over all links of its endpoint', async () => {
  await using work = await openLiveWork();
  const { agent, site } = work;
  const { endpoint } = agent.identity;
  const alarm = { kind: 'alarm', code: 'fork', seen: '', offered: '' } as const;
  for (let link = 0; link < 8; link++) {
    for (let i = 0; i < 5; i++) await agent.say({ ...alarm, message: `fork ${i} \ud800` });
    await agent.vanish();
    await untilAway(site, endpoint);
    await agent.link();
  }
  assert.is((await work.session.run('uptime')).outcome, 'exited');
  const alerts: (string | undefined)[] = [];
  const { ledger } = site.appliance.desk.site;
  for await (const { leaf } of ledger.entriesOfKind('alert.raised')) alerts.push(leaf.e);
  assert.equal(alerts, [endpoint]);
});

const HELLOS: Readonly<Record<string, Partial<AgentMessageOf<'hello'>>>> = {
  'an endpoint that nobody enrolled': { endpoint: createId() },
  'what is no checkpoint': { seen: 'a\nb\nc\n\n— nonsense\n' },
};

for (const [name, over] of Object.entries(HELLOS)) {
  hostile(`drops a link that says ${name}`, async () => {
    await using work = await openLiveWork();
    const { agent, site } = work;
    await agent.vanish();
    await untilAway(site, agent.identity.endpoint);
    const conversation = await agent.dial();
    await conversation.send({ ...agent.hello(), ...over });
    assert.is(await conversation.receive().catch(() => null), null);
    await conversation[Symbol.asyncDispose]();
    assert.is(site.appliance.desk.links.isOnline(agent.identity.endpoint), false);
    await checkServes(work);
  });
}

hostile('drops a link that says another endpoint than its key is of', async () => {
  await using work = await openLiveWork();
  const { agent, site } = work;
  const { endpoint } = await enrolEndpoint(site, { name: 'victim' });
  await agent.vanish();
  const conversation = await agent.dial();
  await conversation.send({ ...agent.hello(), endpoint });
  assert.is(await conversation.receive().catch(() => null), null);
  await conversation[Symbol.asyncDispose]();
  assert.is(site.appliance.desk.links.isOnline(endpoint), false);
  await checkDropped(site, /^message-invalid$/);
});

hostile('drops a link that says nothing, and one that falls silent', async () => {
  await using work = await openLiveWork();
  const { agent, site, clock } = work;
  clock.advance(45_000);
  await agent.closed;
  await checkDropped(site, /^timeout$/);
  await agent.vanish();
  const conversation = await agent.dial();
  await work.client.call('site.status', {});
  clock.advance(45_000);
  assert.is(await conversation.receive().catch(() => null), null);
  await conversation[Symbol.asyncDispose]();
});

for (const [name, bytes] of [
  ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a frame that is too large', Buffer.from([0x7f, 0xff, 0xff, 0xff])],
  ['half a frame', Buffer.from([0, 0, 1, 0, 0x7b])],
] as const) {
  hostile(`drops a link over ${name}`, async () => {
    await using work = await openLiveWork();
    const { agent, site } = work;
    await agent.vanish();
    const { stream } = await agent.dialStream();
    const closed = new Promise<void>((resolve) => {
      stream.addEventListener('close', () => {
        resolve();
      });
    });
    stream.send(bytes);
    if (name.startsWith('half')) await stream.close();
    await closed;
    await checkDropped(site, /^frame-/);
    await checkServes(work);
  });
}

hostile('is not fooled into taking an endpoint as online that hung up in its welcome', async () => {
  await using work = await openLiveWork();
  const { agent, site, clock } = work;
  const { endpoint } = agent.identity;
  await agent.vanish();
  await untilAway(site, endpoint);
  clock.advance(AWAY_MS);
  await entryThat(site, ({ leaf }) => leaf.k === 'endpoint.offline');
  const online = holdRecord(site, 'endpoint.online');
  const conversation = await agent.dial();
  await conversation.send(agent.hello());
  await online.reached;
  await agent.vanish();
  await work.client.call('site.status', {});
  online.release();
  await entryThat(
    site,
    ({ leaf }) => leaf.k === 'endpoint.online',
    site.appliance.desk.site.ledger.size - 1,
  );
  await untilAway(site, endpoint);
  assert.is(site.appliance.desk.links.isOnline(endpoint), false);
  await checkServes(work);
});

hostile('serves one of many links of one endpoint, and records once', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent, site, session } = held;
  const hellos = Array.from({ length: 4 }, async () => {
    const conversation = await agent.dial();
    await conversation.send(agent.hello());
    return conversation;
  });
  const conversations = await Promise.all(hellos);
  const welcomed = await Promise.all(
    conversations.map(async (each) => {
      const first = await each.receive().catch(() => null);
      return { each, isWelcome: first?.kind === 'welcome' };
    }),
  );
  assert.ok(welcomed.some(({ isWelcome }) => isWelcome));
  const replaced = Promise.withResolvers<undefined>();
  let gone = 0;
  for (const { closed } of conversations) {
    void closed.then(() => {
      gone += 1;
      if (gone === conversations.length - 1) replaced.resolve(undefined);
    });
  }
  await replaced.promise;
  for (const { each } of welcomed) {
    await each.send(output({ seq: 0, offset: 0, data: 'b25jZQ==' })(run)).catch(() => undefined);
  }
  await entryThat(site, ({ leaf }) => leaf.k === 'command.output');
  await Promise.all(conversations.map((each) => each[Symbol.asyncDispose]()));
  await agent.vanish();
  agent.forget();
  await agent.link();
  assert.is((await running).outcome, 'interrupted');
  assert.is(await outputOf(site, session.id), 'once');
  await checkServes(held);
});

hostile(
  'fails the appliance when an endpoint holds a checkpoint that the log has not',
  async () => {
    for (const { name, size, root } of [
      { name: 'ahead', size: 1000, root: sha256(randomBytes(8)) },
      { name: 'forked', size: 3, root: sha256(randomBytes(8)) },
    ]) {
      await using work = await openLiveWork();
      const { agent, site } = work;
      await agent.vanish();
      const { signer } = await loadKeyFile(placesIn(site.folder).logKey);
      const { origin } = site.appliance.desk.site.ledger;
      const seen = await signCheckpoint({ origin, size, root }, signer);
      const conversation = await agent.dial();
      await conversation.send({ ...agent.hello(), seen });
      const failure = site.appliance.failed.then(({ cause }) => Promise.reject(cause as Error));
      assert.is(await refusalOf(failure), name === 'ahead' ? 'behind' : 'forked');
      assert.is(await conversation.receive().catch(() => null), null);
      await conversation[Symbol.asyncDispose]();
    }
  },
);

hostile('does not fail over a checkpoint that somebody else signed', async () => {
  await using work = await openLiveWork();
  const { agent, site } = work;
  await agent.vanish();
  const { origin } = site.appliance.desk.site.ledger;
  const signer = await importSigner(randomBytes(32));
  const seen = await signCheckpoint({ origin, size: 1000, root: EMPTY_ROOT }, signer);
  const conversation = await agent.dial();
  await conversation.send({ ...agent.hello(), seen });
  assert.is(await conversation.receive().catch(() => null), null);
  await conversation[Symbol.asyncDispose]();
  await checkServes(work);
});

hostile('gives an endpoint that is idle the newest checkpoint to witness', async () => {
  await using work = await openLiveWork();
  const { agent, site, clock } = work;
  const before = agent.said.all.filter(({ kind }) => kind === 'checkpoint').length;
  await using other = await FakeAgent.open(await enrolEndpoint(site, { name: 'busy' }));
  assert.ok(other.checkpoint !== null);
  for (let beat = 0; beat < 2; beat++) {
    await agent.say({ kind: 'heartbeat', host: FAKE_HOST });
    await other.say({ kind: 'heartbeat', host: FAKE_HOST });
    await work.client.call('endpoint.list', {});
    clock.advance(30_000);
  }
  while (agent.said.all.filter(({ kind }) => kind === 'checkpoint').length <= before) {
    await agent.hear('checkpoint');
  }
  const { checkpoint } = site.appliance.desk.site.ledger;
  assert.is(agent.checkpoint, checkpoint.note);
});

hostile('ends a link whose checkpoint cannot be sent, says why, and no other', async () => {
  await using work = await openLiveWork();
  const { agent, site, clock } = work;
  const { ledger } = site.appliance.desk.site;
  const { proveConsistency } = ledger;
  const fault = new Error('a tile cannot be read');
  Object.assign(ledger, {
    proveConsistency: () => {
      throw fault;
    },
  });
  await enrolEndpoint(site, { name: 'other' }); // something to tell of
  clock.advance(30_000);
  await agent.say({ kind: 'heartbeat', host: FAKE_HOST });
  await work.client.call('site.status', {});
  clock.advance(30_000);
  await agent.closed;
  await site.event(({ what, cause }) => what === 'an endpoint broke off' && cause === fault);
  Object.assign(ledger, { proveConsistency });
  await agent.link();
  assert.is((await work.session.run('uptime')).outcome, 'exited');
});

hostile.run();

const remove = suite('AgentLinks.remove()');

async function removeEndpoint(site: LiveSite, endpoint: string): Promise<void> {
  await using owner = await site.connect(site.owner);
  await owner.call('endpoint.remove', { endpoint, reason: 'Sold.' });
}

remove('ends what runs, and closes the connection', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent, site, session } = held;
  await agent.print(run, 'still here');
  await agent.hear('ack');
  await using owner = await site.connect(site.owner);
  const { endpoint } = agent.identity;
  const removing = owner.call('endpoint.remove', { endpoint, reason: 'Sold.' });
  await agent.hear('cancel');
  await agent.exit(run, { outcome: 'cancelled', exitCode: null });
  await removing;
  await agent.closed;
  assert.is((await running).outcome, 'cancelled');
  const [closed] = await fieldsOf(site, session.id, 'session.closed');
  assert.is(closed?.reason, 'endpoint-removed');
  assert.equal(await faultsOf(site, session.id), []);
  assert.equal(site.appliance.desk.site.endpoints, []);
});

remove('tells an endpoint that is linked before it hangs up', async () => {
  await using work = await openLiveWork();
  const { agent, site } = work;
  const removing = removeEndpoint(site, agent.identity.endpoint);
  assert.equal(await agent.hear('removed'), { kind: 'removed' });
  await removing;
  assert.is(site.appliance.desk.links.isOnline(agent.identity.endpoint), false);
});

remove('cuts an endpoint off that comes again and says nothing', async () => {
  await using work = await openLiveWork();
  const { agent, site, clock } = work;
  const { endpoint } = agent.identity;
  await agent.vanish();
  await untilAway(site, endpoint);
  await removeEndpoint(site, endpoint);
  const { stream } = await agent.dialStream();
  const cut = closedOf(stream);
  clock.advance(HELLO_MS);
  await cut;
  assert.is(stream.status === 'open', false);
});

for (const when of ['at its next link', 'also after a restart of the appliance'] as const) {
  remove(`tells an endpoint that was away ${when}, and grants it nothing`, async () => {
    await using work = await openLiveWork();
    const { agent, site } = work;
    const { endpoint } = agent.identity;
    await agent.vanish();
    await untilAway(site, endpoint);
    await removeEndpoint(site, endpoint);
    if (when.startsWith('also')) {
      await site.restart();
      agent.pins = site.appliance.desk.pins();
    }
    const { size } = site.appliance.desk.site.ledger;
    await using conversation = await agent.dial();
    await conversation.send(agent.hello());
    assert.equal(await conversation.receive(), { kind: 'removed' });
    assert.is(await conversation.receive(), null);
    assert.is(site.appliance.desk.links.isOnline(endpoint), false);
    assert.is(site.appliance.desk.site.ledger.size, size, 'nothing went on record');
    for (const protocol of [CLIENT_PROTOCOL, ENROL_PROTOCOL]) {
      const ended = agent.dialStream(protocol).then(({ stream }) => closedOf(stream));
      assert.match(await refusalOf(ended), /^(?:accepted|peer-closed)$/);
    }
  });
}

/** Resolves when a stream is gone. */
function closedOf(stream: Stream): Promise<unknown> {
  if (stream.status !== 'open') return Promise.resolve();
  return new Promise((resolve) => {
    stream.addEventListener('close', resolve);
  });
}

remove.run();
