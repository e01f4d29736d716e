// A site of a console for what is measured of a session: an appliance and an agent in processes of their own. Its
// people have keys at hand, so that a client on the local network works beside the browser, at the same machine.

import type { Client } from '#appliance/protocol/client.ts';
import { openClient, openClientNode } from '#appliance/protocol/client-node.ts';
import { signDevice } from '#appliance/protocol/session-key.ts';
import { statementSigner } from '#crypto/statement.ts';
import { createKeyed } from '../testing/live-site.ts';
import { change, signRoster } from '../testing/live-work.ts';
import { rawKey } from '../testing/mesh.ts';
import { openProcessSite, type ProcessSite } from '../testing/process-site.ts';
import { addSites, type ConsolePlace } from './console-place.ts';

export interface WorkSite extends AsyncDisposable {
  /** The console's id of it. */
  readonly id: string;
  readonly process: ProcessSite;
  /** Of the machine, which is called MACHINE. */
  readonly endpoint: string;
  /** A client of the technician, through the relay, as a browser comes. */
  reach(): Promise<Reached>;
}

export interface Reached extends AsyncDisposable {
  readonly client: Client;
}

export const MACHINE = 'bench';

const DIAL_MS = 20_000;
const LOOK_MS = 50;

/** Founds a site with the console's owner in its roster, and waits until the console shows its machine. */
export async function openWorkSite(place: ConsolePlace): Promise<WorkSite> {
  const { own, directory, relay } = place;
  await using opening = new AsyncDisposableStack();
  const [added] = await addSites(place, 1);
  if (added === undefined) throw new Error('unreachable: one site was added');
  const { siteId } = added;
  const site = opening.use(
    await openProcessSite({
      console: { site: siteId, key: relay.key, addresses: [relay.tcp], level: 'standard' },
    }),
  );
  const peerKey = site.pins.appliance;
  await directory.joinByToken({ secret: (await own.newToken(siteId)).secret, peerKey });
  await own.beginClaim(siteId, peerKey);
  const { person } = await own.me();
  const { name, signingKey } = person;
  if (signingKey === null) throw new Error('unreachable: who founds makes a signing key');
  const founder = { id: 'founder', name, role: 'owner' as const, key: signingKey };
  await change(site, await signRoster(site, { more: [founder] }));
  const { endpoint } = await site.addAgent({ name: MACHINE });
  await untilShown(place, siteId);
  const held = opening.move();
  return {
    ...{ id: siteId, process: site, endpoint },
    reach: () => reach(place, site),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function untilShown({ own }: ConsolePlace, siteId: string): Promise<void> {
  const deadline = AbortSignal.timeout(60_000);
  for (;;) {
    const { state } = await own.site(siteId);
    const { items } = await own.endpoints({ siteId });
    if (state === 'claimed' && items[0]?.state === 'online') return;
    deadline.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function reach({ own, relay }: ConsolePlace, site: ProcessSite): Promise<Reached> {
  await using opening = new AsyncDisposableStack();
  const device = await createKeyed();
  await own.registerDevice({ peerKey: device.key, lifeMs: 3_600_000 });
  const node = opening.use(await openClientNode({ seed: device.seed }));
  const client = await openClient(node, {
    publicKey: rawKey(site.pins.appliance),
    addresses: [relay.circuit],
    signal: AbortSignal.timeout(DIAL_MS),
  });
  opening.use(client);
  const signer = statementSigner(site.technician.signer);
  const statement = await signDevice({ peer: device.key, nowMs: Date.now() }, signer);
  await client.call('client.hello', { device: statement });
  const held = opening.move();
  return { client, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
