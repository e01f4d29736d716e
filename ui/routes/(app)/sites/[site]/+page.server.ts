// A site's page: what the host knows of it, and what it needs to go on with an installation.

import { allEndpoints } from '#ui/server/all-endpoints.ts';
import { actorOf, orError } from '#ui/server/request.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, params, depends }) => {
  depends(`console:site:${params.site}`);
  const { directory } = actorOf(locals);
  return orError(async () => {
    const [endpoints, roster] = await Promise.all([
      allEndpoints(directory, { siteId: params.site }),
      directory.roster(),
    ]);
    return { endpoints, roster };
  });
};
