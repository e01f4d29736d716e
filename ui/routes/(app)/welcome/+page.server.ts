// The owner's first steps: a signing key, a recovery key, the first roster. All of it happens in the browser.

import { redirect } from '@sveltejs/kit';

import { localSiteOf } from '#ui/server/local-site.ts';
import { actorOf } from '#ui/server/request.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, parent }) => {
  const { organisation } = await parent();
  if (organisation.rootKeys !== null) redirect(303, '/');
  const { is: actor, directory } = actorOf(locals);
  return { computer: await localSiteOf(locals.host, { actor, directory }) };
};
