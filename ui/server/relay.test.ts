// The relay and the uplinks over real sockets: a browser works at a site that it can reach by no other way, and
// everybody who should not is turned away.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { signDevice } from '#appliance/protocol/session-key.ts';
import { statementSigner } from '#crypto/statement.ts';
import { refusalOf } from '#scripts/testing/live-session.ts';
import { type LiveSite, openLiveSite } from '#scripts/testing/live-site.ts';
import {
  type Mesh,
  type MeshBrowser,
  meshKey,
  openMesh,
  openMeshBrowser,
} from '#scripts/testing/mesh.ts';

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
  mesh.sites.set(meshKey(site.appliance.desk.pins().appliance), { organisation, site: id });
  await mesh.when((told) => told.what === 'status' && told.site === id);
  return site;
}

/** Makes a browser somebody's device at the console. */
function signIn(mesh: Mesh, { keyed }: MeshBrowser, organisation = ORGANISATION): void {
  mesh.devices.set(meshKey(keyed.key), { organisation, person: 'terry' });
}

const thread = suite('openRelay()');

thread('carries a browser to its site, which knows it by its word alone', async () => {
  await using mesh = await openMesh();
  await using site = await openMeshSite(mesh);
  const { appliance } = site.appliance.desk.pins();
  await using browser = await openMeshBrowser(mesh);
  signIn(mesh, browser);
  await using client = await browser.reach(appliance);
  assert.is(await refusalOf(client.call('site.status', {})), 'not-allowed');
  const signer = statementSigner(site.technician.signer);
  const device = await signDevice({ peer: browser.keyed.key, nowMs: Date.now() }, signer);
  assert.is((await client.call('client.hello', { device })).member, 'terry');
  assert.is((await client.call('site.status', {})).client, 'Corner Bakery');
});

thread.run();
