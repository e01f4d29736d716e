// The console's host in an attacker's hands: its database, its code, its key. It says at a real site whatever the
// language of clients has, by its own key and by a browser that it made anybody's device, over its own relay. Nothing
// of it is done, and the log does not grow by it. A verb that is new has no case here, and fails.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as z from 'zod';

import { openConversation } from '#agent/protocol/conversation.ts';
import { ENROL_PROTOCOL } from '#agent/protocol/enrol-message.ts';
import { LINK_PROTOCOL } from '#agent/protocol/link-message.ts';
import { openPeerNode, type PeerNode } from '#agent/protocol/node.ts';
import { saveClaimState } from '#appliance/claim/claim-state.ts';
import { claimSite } from '#appliance/protocol/claim-client.ts';
import { CLAIM_PROTOCOL } from '#appliance/protocol/claim-message.ts';
import { clientOver } from '#appliance/protocol/client-node.ts';
import type { Client, Parameters } from '#appliance/protocol/client.ts';
import {
  CLIENT_PROTOCOL,
  clientRequestSchema,
  type ClientVerb,
} from '#appliance/protocol/client-message.ts';
import { signApproval, signDevice } from '#appliance/protocol/session-key.ts';
import { uplinkDownSchema } from '#appliance/protocol/uplink-message.ts';
import { type ConsoleConfig, createKeyFile, placesIn } from '#appliance/config.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { type Envelope, statementSigner } from '#crypto/statement.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { freePort } from './free-port.ts';
import { askToken, enrolEndpoint, FakeAgent } from './fake-agent.ts';
import { decide, LiveSession, refusalOf, signLiveOpening, waitingRequest } from './live-session.ts';
import { createKeyed, type Keyed, type LiveSite, openLiveSite } from './live-site.ts';
import { signRoster, WORK_RULES } from './live-work.ts';
import { circuits, type Mesh, meshKey, openMesh, openMeshBrowser, rawKey } from './mesh.ts';
import { claimState, offerIn, offerOf, openWaiting } from './unclaimed-site.ts';

const NOWHERE = '/ip4/127.0.0.1/tcp/9';

/** A site at work behind its console: a machine, an open session, and a command that waits for the client. */
async function openStage() {
  await using stack = new AsyncDisposableStack();
  const mesh = stack.use(await openMesh());
  const site = stack.use(
    await openLiveSite({
      rules: WORK_RULES,
      console: { site: 'site-1', key: mesh.key, addresses: [...mesh.tcp], level: 'standard' },
    }),
  );
  const { appliance } = site.appliance.desk.pins();
  mesh.sites.set(meshKey(appliance), { organisation: 'acme', site: 'site-1' });
  await mesh.when((told) => told.what === 'status');
  const identity = await enrolEndpoint(site);
  const agent = stack.use(await FakeAgent.open(identity));
  await askToken(site, 'printer');
  const client = stack.use(await site.connect(site.technician));
  const session = await LiveSession.open(client, { site, endpoint: identity.endpoint });
  const asked = session.run('touch /srv/till');
  const request = await waitingRequest(site);
  const opened = stack.move();
  return {
    ...{ mesh, site, agent, session, asked, request },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type Stage = Awaited<ReturnType<typeof openStage>>;

/** What an attacker says by each verb: of what is really there, and signed by a key of his own. */
type Attempts = { readonly [V in ClientVerb]: Parameters<V> };

async function attemptsBy(attacker: Keyed, stage: Stage): Promise<Attempts> {
  const { site, session, request } = stage;
  const { desk } = site.appliance;
  const { endpoint } = session.place;
  const [token] = desk.tokens.outstanding();
  const waiting = desk.requests.show(request);
  if (token === undefined) throw new Error('unreachable: a token was made');
  const nowMs = Date.now();
  const inSession = { session: session.id };
  const opening = await signLiveOpening(site, { as: attacker, endpoint, nowMs });
  const { envelope, disclosures, hash } = await session.sign('rm -r /srv', {
    key: attacker.signer,
  });
  const { order, commandDigest: command, stateHash: state } = waiting;
  const place = { ...session.place, request, order, command, state };
  const approver = statementSigner(attacker.signer);
  return {
    'client.hello': { device: await signDevice({ peer: attacker.key, nowMs }, approver) },
    'site.status': {},
    'site.change': { envelope: await signRoster({ ...site, root: attacker, owner: attacker }) },
    'site.statements': {},
    'endpoint.list': {},
    'endpoint.token': { name: 'mine', labels: [], lifeS: 60 },
    'endpoint.tokens': {},
    'endpoint.token-revoke': { token: token.id },
    'endpoint.verify': { endpoint },
    'endpoint.remove': { endpoint, reason: null },
    'session.open': opening.parameters,
    'session.close': { ...inSession, note: null, ticket: null },
    'session.list': { state: 'all', limit: 10 },
    'session.read': { ...inSession, from: 0, follow: true },
    'command.submit': {
      ...{ ...inSession, why: null, before: null, after: null },
      command: { envelope, disclosures },
    },
    'command.cancel': { ...inSession, command: hash },
    'command.judge': {
      ...inSession,
      fields: { command: 'rm -r /srv', shell: 'sh', cwd: null, env: {} },
    },
    'chat.say': { ...inSession, text: 'Hello.' },
    'request.list': { state: 'all', limit: 10 },
    'request.show': { request },
    'request.decide': {
      ...{ request, comment: null },
      envelope: await signApproval(place, { decision: 'approve', approver, nowMs }),
    },
    'request.withdraw': { request, reason: null },
    'request.remind': { request },
    'records.export': inSession,
    'log.fsck': {},
    'log.export': {},
    'log.prove': { indices: [0], seen: null },
    'log.entries': { kinds: ['log.opened'], limit: 1 },
    stop: { target: 1 },
  };
}

const VERBS: readonly ClientVerb[] = clientRequestSchema.options.map(
  ({ shape }) => shape.verb.value,
);

function ask<V extends ClientVerb>(client: Client, verb: V, attempts: Attempts): Promise<string> {
  return refusalOf(client.call(verb, attempts[verb]));
}

/** Opens a conversation that speaks any language, and waits for what is said in it. */
async function listen(
  node: PeerNode,
  protocol: string,
  target: { publicKey: Bytes; addresses: readonly string[] },
): Promise<string> {
  const signal = AbortSignal.timeout(60_000);
  const { stream, remotePublicKey } = await node.dial({ ...target, protocol, signal });
  await using talk = openConversation<unknown, unknown>(stream, {
    schema: z.unknown(),
    remotePublicKey,
  });
  return await refusalOf(talk.receive({ signal }));
}

/** The site went on as if nothing had been said: what waited for its approver runs by his word, and nothing else. */
async function goesOn({ site, agent, asked, request }: Stage): Promise<void> {
  await decide(site, request);
  assert.is((await asked).outcome, 'exited');
  assert.is((await agent.orders.take()).fields.command, 'touch /srv/till');
  assert.is(site.appliance.desk.site.endpoints.length, 1);
  assert.equal(
    site.appliance.desk.tokens.outstanding().map(({ name }) => name),
    ['printer'],
  );
}

function target(site: LiveSite): { publicKey: Bytes; addresses: readonly string[] } {
  const { appliance, addresses } = site.appliance.desk.pins();
  return { publicKey: rawKey(appliance), addresses };
}

const hostKey = suite("the host's key at a site");

hostKey('says no verb: not one conversation is opened to it', async () => {
  await using stage = await openStage();
  const { site, mesh } = stage;
  const signer = await importSigner(mesh.seed);
  await using node = await openPeerNode({ seed: mesh.seed });
  const attempts = await attemptsBy({ seed: mesh.seed, signer, key: mesh.key }, stage);
  const { ledger } = site.appliance.desk.site;
  const { size } = ledger;
  for (const verb of VERBS) {
    const signal = AbortSignal.timeout(60_000);
    const to = { ...target(site), protocol: CLIENT_PROTOCOL, signal };
    await using client = clientOver(await node.dial(to));
    assert.is(await ask(client, verb, attempts), 'stream-lost', verb);
  }
  for (const protocol of [LINK_PROTOCOL, ENROL_PROTOCOL]) {
    assert.is(await listen(node, protocol, target(site)), 'stream-lost', protocol);
  }
  const claiming = listen(node, CLAIM_PROTOCOL, target(site));
  assert.is(await refusalOf(claiming), 'protocol-unsupported');
  assert.is(ledger.size, size, 'nothing was recorded');
  await goesOn(stage);
});

hostKey('claims no appliance that waits for its owner, though it knew the code', async () => {
  const host = await createKeyed();
  const folder = await mkdtemp(join(tmpdir(), 'caisey-taken-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const { seed, signer } = await createKeyed();
  await mkdir(dirname(placesIn(folder).peerKey));
  await createKeyFile(placesIn(folder).peerKey, { name: 'peer', seed });
  const address = `/ip4/127.0.0.1/tcp/${await freePort()}`;
  const joined: ConsoleConfig = {
    site: 'site-1',
    key: host.key,
    addresses: [NOWHERE],
    level: 'standard',
  };
  await saveClaimState(folder, claimState({ listen: [address], console: joined }));
  const waiting = stack.use(await openWaiting(folder));
  const node = stack.use(await openPeerNode({ seed: host.seed }));
  const claiming = claimSite(node, {
    target: { publicKey: signer.publicKey, addresses: [address] },
    ...{ code: waiting.code, offer: await offerOf(host) },
    onOffered: () => assert.unreachable('the claim was taken'),
    signal: AbortSignal.timeout(60_000),
  });
  assert.is(await refusalOf(claiming), 'stream-lost');
  assert.is(await offerIn(folder), null);
});

hostKey.run();

const device = suite('a device that the host made up');

device('says no verb, whatever word it has', async () => {
  await using stage = await openStage();
  const { site, mesh } = stage;
  await using browser = await openMeshBrowser(mesh);
  const { keyed, node } = browser;
  mesh.devices.set(meshKey(keyed.key), { organisation: 'acme', person: 'terry' });
  const attempts = await attemptsBy(keyed, stage);
  const { ledger, roster } = site.appliance.desk.site;
  const { size } = ledger;
  await using client = await browser.reach(site.appliance.desk.pins().appliance);
  for (const [word, code] of await forgedWords(stage, keyed)) {
    assert.is(await refusalOf(client.call('client.hello', { device: word })), code);
    for (const verb of VERBS) {
      // Its own calls it may stop, and has none.
      const expected = verb === 'stop' ? 'accepted' : 'not-allowed';
      if (verb !== 'client.hello') assert.is(await ask(client, verb, attempts), expected, verb);
    }
  }
  assert.is(await ask(client, 'client.hello', attempts), 'not-authorised');
  assert.is(roster, site.appliance.desk.site.roster);
  for (const protocol of [LINK_PROTOCOL, ENROL_PROTOCOL]) {
    const to = { ...target(site), addresses: circuits(mesh) };
    assert.is(await listen(node, protocol, to), 'stream-lost', protocol);
  }
  assert.is(ledger.size, size, 'nothing was recorded');
  await goesOn(stage);
});

device.run();

/** Words that the host can come by: what it signs itself, what it signs for a member, what it has seen. */
async function forgedWords(
  { site, mesh }: { site: LiveSite; mesh: Mesh },
  { key: peer }: Keyed,
): Promise<readonly (readonly [Envelope, string])[]> {
  const nowMs = Date.now();
  const host = statementSigner(await importSigner(mesh.seed));
  const technician = statementSigner(site.technician.signer);
  const another = (await createKeyed()).key;
  const own = await signDevice({ peer, nowMs }, host);
  const inHisName = await signDevice({ peer, nowMs }, { ...host, key: technician.key });
  return [
    [own, 'not-authorised'],
    [inHisName, 'signature'],
    [await signDevice({ peer: another, nowMs }, technician), 'binding'],
    [site.appliance.desk.site.roster.envelope, 'wrong-kind'],
  ];
}

const uplink = suite('the uplink of a host');

uplink('has no word that opens a session, runs or approves', () => {
  const words = uplinkDownSchema.options.map(({ shape }) => shape.kind.value);
  assert.equal(words, ['welcome', 'roster'], 'a roster is played by openRelay()');
});

uplink.run();
