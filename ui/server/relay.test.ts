// The relay and the uplinks over real sockets: a browser works at a site that it can reach by no other way, and
// everybody who should not is turned away.

import { connect } from 'node:net';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openClient, openClientNode } from '#appliance/protocol/client-node.ts';
import type { Client } from '#appliance/protocol/client.ts';
import { MAX_CONNECTIONS_PER_PEER } from '#appliance/protocol/relay-limits.ts';
import { openRelayNode } from '#appliance/protocol/relay-node.ts';
import { signDevice } from '#appliance/protocol/session-key.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import { statementSigner } from '#crypto/statement.ts';
import { enrolEndpoint } from '#scripts/testing/fake-agent.ts';
import { kindsOf, refusalOf } from '#scripts/testing/live-session.ts';
import { createKeyed, type LiveSite, openLiveSite } from '#scripts/testing/live-site.ts';
import { signAuthority, signLevel, signRoster } from '#scripts/testing/live-work.ts';
import {
  circuits,
  type Mesh,
  type MeshBrowser,
  meshKey,
  openMesh,
  openMeshBrowser,
  rawKey,
} from '#scripts/testing/mesh.ts';
import { awayWords } from '#ui/lib/away-words.ts';
import { openRelay } from './relay.ts';

const ORGANISATION = 'acme';

/** A founded site, joined to the mesh and reachable through it. */
async function openMeshSite(
  mesh: Mesh,
  { id = 'site-1', organisation = ORGANISATION }: { id?: string; organisation?: string } = {},
): Promise<LiveSite> {
  const site = await openLiveSite({
    listen: ['/ip4/127.0.0.1/tcp/0'],
    console: { site: id, key: mesh.key, addresses: [...mesh.tcp], level: 'standard' },
  });
  mesh.sites.set(meshKey(applianceOf(site)), { organisation, site: id });
  await mesh.when((told) => told.what === 'status' && told.site === id);
  return site;
}

function applianceOf(site: LiveSite): string {
  return site.appliance.desk.pins().appliance;
}

/** Makes a browser somebody's device at the console. */
function signIn(mesh: Mesh, { keyed }: MeshBrowser, organisation = ORGANISATION): void {
  mesh.devices.set(meshKey(keyed.key), { organisation, person: 'terry' });
}

async function hello(site: LiveSite, browser: MeshBrowser) {
  const client = await browser.reach(applianceOf(site));
  const signer = statementSigner(site.technician.signer);
  const device = await signDevice({ peer: browser.keyed.key, nowMs: Date.now() }, signer);
  await client.call('client.hello', { device });
  return client;
}

const relay = suite('openRelay()');

relay('carries a browser to its site, which knows it by its word alone', async () => {
  await using mesh = await openMesh();
  await using site = await openMeshSite(mesh);
  await using browser = await openMeshBrowser(mesh);
  signIn(mesh, browser);
  await using client = await browser.reach(applianceOf(site));
  assert.is(await refusalOf(client.call('site.status', {})), 'not-allowed');
  await using known = await hello(site, browser);
  assert.is((await known.call('site.status', {})).client, 'Corner Bakery');
});

relay('lets in nobody whom the console does not know', async () => {
  await using mesh = await openMesh();
  await using site = await openMeshSite(mesh);
  await using stranger = await openMeshBrowser(mesh);
  assert.match(await refusalOf(stranger.reach(applianceOf(site))), /^peer-/);
  signIn(mesh, stranger, 'another');
  assert.match(await refusalOf(stranger.reach(applianceOf(site))), /^peer-/, 'of others');
});

relay('joins no two sites, and no two browsers, of one organisation either', async () => {
  await using mesh = await openMesh();
  await using site = await openMeshSite(mesh);
  const rogue = await createKeyed(); // an appliance that was taken
  mesh.sites.set(meshKey(rogue.key), { organisation: ORGANISATION, site: 'site-2' });
  await using node = await openClientNode({ seed: rogue.seed });
  const reach = (publicKey: string): Promise<unknown> =>
    openClient(node, {
      publicKey: rawKey(publicKey),
      addresses: circuits(mesh),
      signal: AbortSignal.timeout(20_000),
    });
  assert.match(await refusalOf(reach(applianceOf(site))), /^peer-/);
  await using one = await openMeshBrowser(mesh);
  await using other = await openMeshBrowser(mesh);
  signIn(mesh, one);
  signIn(mesh, other);
  assert.match(await refusalOf(one.reach(other.keyed.key)), /^peer-/);
});

relay('carries as many tabs of one browser as it says, and refuses one more', async () => {
  await using mesh = await openMesh();
  await using site = await openMeshSite(mesh);
  await using browser = await openMeshBrowser(mesh);
  signIn(mesh, browser);
  await using _first = await hello(site, browser);
  await using tabs = new AsyncDisposableStack();
  const tab = async (): Promise<Client> => {
    const node = tabs.use(await openClientNode({ seed: browser.keyed.seed }));
    return openClient(node, {
      ...{ publicKey: rawKey(applianceOf(site)), addresses: circuits(mesh) },
      signal: AbortSignal.timeout(20_000),
    });
  };
  for (let count = 1; count < MAX_CONNECTIONS_PER_PEER; count += 1) {
    const client = tabs.use(await tab());
    assert.is((await client.call('site.status', {})).site, 'Main Street');
  }
  const refused = await tab().catch((cause: unknown) => cause);
  assert.match(awayWords(String(refused)), /relay did not let this tab in/);
});

relay('cuts off at once whose access ends, with all that was relayed', async () => {
  await using mesh = await openMesh();
  await using site = await openMeshSite(mesh);
  await using browser = await openMeshBrowser(mesh);
  signIn(mesh, browser);
  await using client = await hello(site, browser);
  mesh.devices.clear();
  mesh.relay.disconnect(rawKey(browser.keyed.key));
  await client.lost;
  assert.is(await refusalOf(client.call('site.status', {})), 'stream-lost');
  assert.match(await refusalOf(browser.reach(applianceOf(site))), /^peer-/);
  assert.ok(mesh.uplinks.isOnline('site-1'), 'the site stays');
  mesh.sites.clear();
  mesh.relay.disconnect(rawKey(applianceOf(site)));
  await mesh.when((told) => told.what === 'gone');
});

relay('lets nobody in while the store fails', async () => {
  const failures: unknown[] = [];
  const broken = (): Promise<never> => Promise.reject(new Error('the store is away'));
  await using failing = await openRelay({
    seed: randomBytes(32),
    listen: ['/ip4/127.0.0.1/tcp/0/ws'],
    peers: { site: broken, device: broken },
    onFailure: (cause) => failures.push(cause),
  });
  await using node = await openClientNode({ seed: randomBytes(32) });
  const target = { publicKey: failing.publicKey, addresses: failing.addresses };
  const dialled = node.dial({ ...target, protocol: '/x/1', signal: AbortSignal.timeout(20_000) });
  assert.match(await refusalOf(dialled), /^peer-/);
  assert.ok(failures.length > 0);
});

relay('does not fall over what is no handshake', async () => {
  await using mesh = await openMesh();
  const [, port = ''] = /\/tcp\/(\d+)/.exec(mesh.tcp[0] ?? '') ?? [];
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x13/multistream/1.0.0\n', '\xff'.repeat(5000)]) {
    const socket = connect(Number(port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined); // it may be reset: that is the point
    socket.resume();
    socket.end(bytes, 'latin1');
    await closed;
  }
  await using site = await openMeshSite(mesh);
  assert.ok(mesh.uplinks.isOnline('site-1'));
  assert.ok(site.appliance.addresses.length > 0);
});

relay.run();

const reachable = suite('relayListener()');

reachable('comes back after the relay was away, with its reservation', async () => {
  await using mesh = await openMesh();
  await using site = await openMeshSite(mesh);
  await using browser = await openMeshBrowser(mesh);
  signIn(mesh, browser);
  const before = mesh.told.length;
  await mesh.restart();
  await mesh.when((told) => told.what === 'status' && mesh.told.indexOf(told) >= before);
  await using client = await hello(site, browser);
  assert.is((await client.call('site.status', {})).site, 'Main Street');
});

reachable('is not reached through a relay that is not its console', async () => {
  await using mesh = await openMesh();
  await using site = await openMeshSite(mesh);
  // A member's machine that plays relay: it may connect to the appliance, and offers it a browser.
  const yes = (): Promise<boolean> => Promise.resolve(true);
  await using rogue = await openRelayNode({
    seed: site.owner.seed,
    listen: ['/ip4/127.0.0.1/tcp/0/ws'],
    rules: { mayConnect: yes, mayReserve: yes, mayReach: yes },
  });
  await using owner = await site.connect(site.owner);
  await owner.call('site.status', {});
  await using node = await openClientNode({ seed: randomBytes(32) });
  const reached = openClient(node, {
    publicKey: rawKey(applianceOf(site)),
    addresses: rogue.addresses.map((address) => `${address}/p2p-circuit`),
    signal: AbortSignal.timeout(20_000),
  });
  assert.match(await refusalOf(reached), /^peer-/);
});

reachable.run();

const uplinks = suite('openUplinks()');

uplinks('brings a roster to the site, which ends whom it drops', async () => {
  await using mesh = await openMesh();
  await using site = await openMeshSite(mesh);
  await using browser = await openMeshBrowser(mesh);
  signIn(mesh, browser);
  await using client = await hello(site, browser);
  const envelope = await signRoster(site, { who: ['owner', 'reviewer'] });
  assert.equal(await mesh.uplinks.sendRoster('site-1', envelope), { kind: 'in-force' });
  await client.lost;
  assert.is(site.appliance.desk.site.roster.signed.statement.version, 2);
  const old = await signRoster(site, { version: 1 });
  const outcome = await mesh.uplinks.sendRoster('site-1', old);
  assert.equal(outcome.kind === 'refused' && outcome.code, 'rolled-back');
});

uplinks('can say nothing but a roster by the root of the site', async () => {
  await using mesh = await openMesh();
  await using site = await openMeshSite(mesh);
  const { size } = site.appliance.desk.site.ledger;
  const stranger = { ...site, root: await createKeyed() } as LiveSite; // as if its root were another
  const forged = await signRoster(stranger);
  const authority = await signAuthority(site, {});
  const codes = [];
  for (const envelope of [forged, authority]) {
    const outcome = await mesh.uplinks.sendRoster('site-1', envelope);
    codes.push(outcome.kind === 'refused' ? outcome.code : outcome.kind);
  }
  assert.equal(codes, ['not-authorised', 'statement-invalid']);
  const { ledger } = site.appliance.desk.site;
  assert.is(ledger.size, size + 1, 'nothing was recorded but the alarm of the forged one');
  assert.is((await ledger.entry(size)).leaf.k, 'alert.raised');
});

uplinks('is told no names any more as soon as the client seals the site', async () => {
  await using mesh = await openMesh();
  await using site = await openMeshSite(mesh);
  await enrolEndpoint(site, { name: 'till' });
  const named = (name: string | null, from = 0) =>
    mesh.when(
      (told) =>
        told.what === 'endpoints' && told.names.includes(name) && mesh.told.indexOf(told) >= from,
    );
  await named('till');
  const before = mesh.told.length;
  const envelope = await signLevel(site, { level: 'sealed' });
  await using client = await site.connect(site.approver);
  await client.call('site.change', { envelope });
  await named(null, before);
  await mesh.restart(); // and not when it comes back either
  const after = mesh.told.length;
  await named(null, after);
  const names = mesh.told.slice(before).flatMap((told) => ('names' in told ? told.names : []));
  assert.not(names.includes('till'));
});

uplinks('sends the newest roster to a site that comes', async () => {
  await using mesh = await openMesh();
  await using site = await openMeshSite(mesh);
  mesh.roster = await signRoster(site, { version: 5 });
  const before = mesh.told.length;
  await mesh.restart();
  await mesh.when((told) => told.what === 'status' && mesh.told.indexOf(told) >= before);
  await untilVersion(site, 5);
});

uplinks('knows what a site told last, as long as it is linked', async () => {
  await using mesh = await openMesh();
  assert.is(mesh.uplinks.statusOf('site-1'), null);
  {
    await using site = await openMeshSite(mesh);
    const { ledger } = site.appliance.desk.site;
    const { size } = ledger;
    await mesh.when((told) => told.what === 'status' && told.size === size);
    const status = mesh.uplinks.statusOf('site-1');
    assert.equal([status?.size, status?.waitingRequests], [size, 0]);
  }
  await mesh.when((told) => told.what === 'gone');
  assert.is(mesh.uplinks.statusOf('site-1'), null);
});

uplinks('says that a site is offline, and serves no site under the name of another', async () => {
  await using mesh = await openMesh();
  const envelope = await (async () => {
    await using site = await openMeshSite(mesh);
    return await signRoster(site);
  })();
  await mesh.when((told) => told.what === 'gone');
  assert.equal(await mesh.uplinks.sendRoster('site-1', envelope), { kind: 'offline' });
  await using other = await openLiveSite({
    console: { site: 'site-1', key: mesh.key, addresses: [...mesh.tcp], level: 'standard' },
  });
  mesh.sites.set(meshKey(applianceOf(other)), { organisation: ORGANISATION, site: 'site-2' });
  const before = mesh.told.length;
  await other.event(({ what }) => what.includes('console is not reached'));
  assert.not(mesh.uplinks.isOnline('site-2'));
  assert.is(mesh.told.slice(before).length, 0);
  assert.ok((await kindsOf(other, 'none')).length === 0);
});

uplinks.run();

/** Resolves when the site has a roster of this version in force: each entry is a reason to look. */
async function untilVersion(site: LiveSite, version: number): Promise<void> {
  const { ledger } = site.appliance.desk.site;
  const done = new AbortController();
  const has = (): boolean => site.appliance.desk.site.roster.signed.statement.version === version;
  if (has()) return;
  for await (const _ of ledger.follow(0, { signal: done.signal })) {
    await site.appliance.desk.site.settled();
    if (has()) return;
  }
}
