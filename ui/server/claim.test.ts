// From a token to the first command's door: an appliance joins, its owner claims it through the relay, the client's
// contact sets it up without scripts, and every other order of these is refused. Told over real sockets.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ClaimError, claimSite } from '#appliance/protocol/claim-client.ts';
import { claimCodePeer, claimPeer } from '#appliance/protocol/claim-code.ts';
import type { ClaimOffer } from '#appliance/protocol/claim-message.ts';
import { signDevice } from '#appliance/protocol/session-key.ts';
import { rootCode } from '#crypto/root-set.ts';
import { statementSigner } from '#crypto/statement.ts';
import { runCli, startCli, type TestTerminal } from '#scripts/testing/cli-terminal.ts';
import { freePort } from '#scripts/testing/free-port.ts';
import { type JoinConsole, openJoinConsole } from '#scripts/testing/join-console.ts';
import { refusalOf } from '#scripts/testing/live-session.ts';
import { createKeyed } from '#scripts/testing/live-site.ts';
import {
  circuits,
  type Mesh,
  type MeshBrowser,
  meshKey,
  openMesh,
  openMeshBrowser,
} from '#scripts/testing/mesh.ts';
import { createPageVisitor, type PageVisitor } from '#scripts/testing/page-visitor.ts';
import { offerIn, offerOf, openFounded, openWaiting } from '#scripts/testing/unclaimed-site.ts';

const PIN = '927351';
const FORM = {
  ...{ name: 'Carla Client', pin: PIN, again: PIN },
  ...{ preset: 'standard', level: 'sealed', zone: 'UTC' },
};

interface Stage extends AsyncDisposable {
  readonly mesh: Mesh;
  readonly door: JoinConsole;
  readonly folder: string;
  readonly owner: MeshBrowser;
  readonly offer: ClaimOffer;
}

/** A console with one token, an owner at a browser, and an empty folder. */
async function openStage(): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const mesh = stack.use(await openMesh());
  const door = stack.use(await openJoinConsole(mesh));
  const base = await mkdtemp(join(tmpdir(), 'caisey-join-'));
  stack.defer(() => rm(base, { recursive: true, force: true }));
  const owner = stack.use(await openMeshBrowser(mesh));
  mesh.devices.set(meshKey(owner.keyed.key), { organisation: 'acme', person: 'olga' });
  const offer = await offerOf(root);
  const opened = stack.move();
  return {
    ...{ mesh, door, owner, offer, folder: join(base, 'appliance') },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const root = await createKeyed();

/** Runs `caisey appliance join`, without waiting on. */
async function joinBy(token: string, folder: string) {
  const listen = `/ip4/127.0.0.1/tcp/${await freePort()}`;
  const place = ['--dir', folder, '--http', '127.0.0.1:0', '--listen', listen, '--no-mdns'];
  return runCli(['appliance', 'join', token, ...place, '--no-wait']);
}

/** The next piece of what is told on stderr that fits. */
async function lineOf({ errLines }: TestTerminal, pattern: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const found = pattern.exec(await errLines.take());
    if (found !== null) return found;
  }
}

type Waiting = Awaited<ReturnType<typeof openWaiting>>;

async function openJoined({ folder, mesh }: Stage): Promise<Waiting> {
  const before = mesh.told.length;
  const unclaimed = await openWaiting(folder);
  await mesh.when((told) => mesh.told.indexOf(told) >= before && told.what === 'endpoints');
  return unclaimed;
}

function claimBy(
  { mesh, owner, offer }: Stage,
  {
    code,
    key,
    by = owner,
    over = offer,
    onOffered = () => undefined,
  }: {
    code: string;
    key: Uint8Array;
    by?: MeshBrowser;
    over?: ClaimOffer;
    onOffered?: (code: string) => void;
  },
) {
  const claimed = claimSite(by.node, {
    target: { publicKey: new Uint8Array(key), addresses: circuits(mesh) },
    ...{ code, offer: over, onOffered },
    signal: AbortSignal.timeout(30_000),
  });
  claimed.catch(() => undefined); // told to whoever awaits it
  return claimed;
}

function visitorOf(page: string): PageVisitor {
  const { origin } = new URL(page);
  return createPageVisitor({
    request: (path, init) => {
      const headers = new Headers((init as RequestInit).headers);
      if (headers.get('Origin') === 'http://localhost') headers.set('Origin', origin);
      return fetch(new URL(typeof path === 'string' ? path : '/', page), {
        ...(init as RequestInit),
        headers,
        redirect: 'manual',
      });
    },
  });
}

/** The appliance's key, as the console knows it by then. */
function applianceKey(mesh: Mesh): Uint8Array {
  const [key = ''] = mesh.sites.keys();
  return Buffer.from(key, 'base64url');
}

const story = suite('caisey appliance join');

story('joins, is claimed through the relay, set up on site, and works', async () => {
  await using stage = await openStage();
  const { mesh, door, folder, owner } = stage;
  const ran = await joinBy(door.token, folder);
  assert.is(ran.code, 0, ran.err);
  assert.match(ran.out, /Claim code {3}[0-9A-Z]{4}(?:-[0-9A-Z]{4}){4}/);
  const unclaimed = await openJoined(stage);
  await using _ = unclaimed;
  const { code, page } = unclaimed;
  assert.ok(ran.out.includes(code));
  const key = applianceKey(mesh);
  assert.is(claimCodePeer(code), claimPeer(key));
  const offered = Promise.withResolvers<string>();
  const pins = claimBy(stage, { code, key, onOffered: offered.resolve });
  assert.is(await offered.promise, rootCode(root.key));
  const contact = visitorOf(page ?? '');
  const { text } = await contact.get('/');
  assert.ok(text.includes(rootCode(root.key)) && text.includes('Acme IT'));
  assert.not(text.includes(code), 'the code is of no use any more, and not shown');
  const answer = await contact.send('/set-up', { ...FORM, token: await contact.tokenOf('/') });
  assert.is(answer.status, 200, answer.text);
  assert.match(answer.text, 'This site is set up');
  const { appliance: pinned, msp_root: mspRoot } = await pins;
  assert.is(mspRoot, root.key);
  await unclaimed.founded;
  await unclaimed[Symbol.asyncDispose]();
  assert.is(await offerIn(folder), undefined);
  await using appliance = await openFounded(folder);
  await mesh.when((told) => told.what === 'hello' && told.log !== null);
  await mesh.when((told) => told.what === 'status');
  assert.is(appliance.desk.pins().appliance, pinned);
  assert.is(appliance.desk.site.digest?.signed.statement.level, 'sealed', 'as the contact chose');
  await using client = await owner.reach(pinned);
  const device = await signDevice(
    { peer: owner.keyed.key, nowMs: Date.now() },
    statementSigner(root.signer),
  );
  assert.is((await client.call('client.hello', { device })).role, 'owner');
  const status = await client.call('site.status', {});
  assert.equal([status.client, status.msp], ['Corner Bakery', 'Acme IT']);
  const { authority } = await client.call('site.statements', {});
  assert.ok(Buffer.from(authority.statement, 'base64url').includes('Carla Client'));
});

story('refuses a token that was used, one of another relay, and none at all', async () => {
  await using stage = await openStage();
  const { door, folder } = stage;
  assert.is((await joinBy(door.token, folder)).code, 0);
  const again = await joinBy(door.token, folder);
  assert.is(again.code, 0, 'the same appliance is told again');
  const second = await joinBy(door.token, `${folder}-2`);
  assert.is(second.code, 3, second.err);
  assert.match(second.err, /was used, has expired/);
  const none = await joinBy('caisey-join1.AAAA', `${folder}-3`);
  assert.is(none.code, 2);
  assert.not((await joinBy(`${door.token}x`, `${folder}-3`)).err.includes(door.secret));
});

story('serves nothing but the claim, whatever is tried, and only to its organisation', async () => {
  await using stage = await openStage();
  const { mesh, door, folder, owner } = stage;
  await joinBy(door.token, folder);
  await using unclaimed = await openJoined(stage);
  const key = applianceKey(mesh);
  const pinned = `ed25519:${Buffer.from(key).toString('base64url')}`;
  assert.is(await refusalOf(owner.reach(pinned)), 'protocol-unsupported');
  await using stranger = await openMeshBrowser(mesh);
  mesh.devices.set(meshKey(stranger.keyed.key), { organisation: 'other', person: 'mallory' });
  const { code } = unclaimed;
  assert.is(await refusalOf(claimBy(stage, { code, key, by: stranger })), 'unreachable');
  const other = await createKeyed();
  const wrongBox = claimBy(stage, { code, key: other.signer.publicKey });
  assert.is(await refusalOf(wrongBox), 'wrong-appliance', 'nothing is said to another box');
  const wrong = claimBy(stage, { code: `${code.slice(0, -4)}0000`, key });
  assert.is(await refusalOf(wrong), 'wrong-secret');
  assert.is(unclaimed.claim.state.offer, null);
});

story('goes on where a restart found it, and where a founding was cut off', async () => {
  await using stage = await openStage();
  const { mesh, door, folder } = stage;
  await joinBy(door.token, folder);
  const first = await openJoined(stage);
  const { code } = first;
  await first[Symbol.asyncDispose]();
  const second = await openJoined(stage);
  assert.is(second.code, code);
  const offered = Promise.withResolvers<string>();
  const waiting = claimBy(stage, { code, key: applianceKey(mesh), onOffered: offered.resolve });
  await offered.promise;
  await second[Symbol.asyncDispose]();
  assert.match(await refusalOf(waiting), /^(?:peer-closed|stream-lost)$/);
  const third = await openJoined(stage);
  await using _ = third;
  const contact = visitorOf(third.page ?? '');
  const token = await contact.tokenOf('/');
  await writeFile(join(folder, 'site.json'), '{'); // what a power cut may leave
  const answer = await contact.send('/set-up', { ...FORM, token });
  assert.is(answer.status, 200, answer.text);
  assert.match(answer.text, 'This site is set up');
  await third.founded;
});

story('goes on in one process from joining to a site at work, until it is stopped', async () => {
  await using stage = await openStage();
  const { mesh, door, folder, owner } = stage;
  const listen = `/ip4/127.0.0.1/tcp/${await freePort()}`;
  const place = ['--dir', folder, '--http', '127.0.0.1:0', '--listen', listen, '--no-mdns'];
  const { terminal, ended } = startCli(['appliance', 'join', door.token, ...place]);
  const [, code = ''] = await lineOf(terminal, /its code is (\S+)/);
  const [, pageUrl = ''] = await lineOf(terminal, /on-site page is at (\S+)/);
  await mesh.when(({ what }) => what === 'endpoints');
  const offered = Promise.withResolvers<string>();
  const pins = claimBy(stage, { code, key: applianceKey(mesh), onOffered: offered.resolve });
  await offered.promise;
  const contact = visitorOf(pageUrl);
  const answer = await contact.send('/set-up', { ...FORM, token: await contact.tokenOf('/') });
  assert.is(answer.status, 200, answer.text);
  assert.match(answer.text, 'This site is set up');
  await lineOf(terminal, /\bready$/m);
  await mesh.when((told) => told.what === 'status');
  await using client = await owner.reach((await pins).appliance);
  assert.is(await refusalOf(client.call('site.status', {})), 'not-allowed');
  process.emit('SIGTERM');
  assert.is(await ended, 0);
});

const page = suite('createSetupApp()');

page('sets nothing up by a form that is forged, stale, weak or of another offer', async () => {
  await using stage = await openStage();
  const { mesh, door, folder } = stage;
  await joinBy(door.token, folder);
  await using unclaimed = await openJoined(stage);
  const contact = visitorOf(unclaimed.page ?? '');
  const early = await contact.send('/set-up', { ...FORM, token: 'x' });
  assert.is(early.status, 400, 'nobody has claimed it');
  const key = applianceKey(mesh);
  const { code } = unclaimed;
  const offered = Promise.withResolvers<string>();
  const waiting = claimBy(stage, { code, key, onOffered: offered.resolve });
  await offered.promise;
  const token = await contact.tokenOf('/');
  const send = async (over: Record<string, string>, init?: RequestInit): Promise<number> =>
    (await contact.send('/set-up', { ...FORM, token, ...over }, init)).status;
  assert.is(await send({ token: 'x' }), 400);
  assert.is(await send({ pin: '111111', again: '111111' }), 400);
  assert.is(await send({ again: '927352' }), 400);
  assert.is(await send({ zone: 'Mars/Olympus' }), 400);
  assert.is(await send({ name: '' }), 400);
  assert.is(await send({ level: 'everything' }), 400);
  assert.is(await send({ more: 'x' }), 400);
  assert.is(await send({}, { headers: { Origin: 'http://evil.example' } }), 403);
  const renamed = { ...stage.offer, client: 'Another client' };
  const offeredAgain = Promise.withResolvers<string>();
  void claimBy(stage, { code, key, over: renamed, onOffered: offeredAgain.resolve });
  await offeredAgain.promise;
  assert.is(await send({}), 400, 'the offer is another than the contact read');
  const declining = /decline[\s\S]*?name="token" value="([^"]*)"/.exec(
    (await contact.get('/')).text,
  )?.[1];
  assert.is((await contact.send('/decline', { token: declining ?? '' })).status, 303);
  assert.is(await refusalOf(waiting), 'declined');
  assert.instance(await waiting.catch((cause: unknown) => cause), ClaimError);
  assert.is.not(unclaimed.code, code);
  assert.is(await offerIn(folder), null);
});

story.run();
page.run();
