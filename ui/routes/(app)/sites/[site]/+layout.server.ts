// A site, and by which addresses a browser reaches its appliance.

import { actorOf, orError } from '#ui/server/request.ts';
import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = async ({ locals, params, depends }) => {
  depends(`console:site:${params.site}`);
  const { directory } = actorOf(locals);
  const site = await orError(() => directory.site(params.site));
  const isOnline = locals.host.uplinks.isOnline(site.id);
  return { site, isOnline, relay: locals.host.relay.browserAddresses };
};
