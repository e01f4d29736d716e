// The sites that a page goes to by itself, end to end, and by which relay.

import { actorOf } from './request.ts';

/** Sites at work, those first whose appliance is linked with this host. */
export async function shownSites(locals: App.Locals) {
  const { directory } = actorOf(locals);
  const { relay, uplinks } = locals.host;
  const sites = (await directory.sites())
    .filter(({ state }) => state === 'claimed')
    .map(({ id, name, clientName, state, origin, logKey, peerKey, signedKeys }) => ({
      ...{ id, name, clientName, state, origin, logKey, peerKey, signedKeys },
      isOnline: uplinks.isOnline(id),
    }))
    .sort((a, b) => Number(b.isOnline) - Number(a.isOnline));
  return { sites, relay: relay.browserAddresses };
}
