// A site's page: what the host knows of it, and what it needs to go on with an installation.

import { actorOf, orError } from '#ui/server/request.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, params, depends }) => {
  depends(`console:site:${params.site}`);
  const { directory } = actorOf(locals);
  return orError(async () => {
    const [{ items }, roster] = await Promise.all([
      directory.endpoints({ siteId: params.site, limit: 500 }),
      directory.roster(),
    ]);
    return { endpoints: items, roster, isOnline: locals.host.uplinks.isOnline(params.site) };
  });
};
