// Whoever comes in here is signed in and belongs to the organisation; the others are shown the way.

import { redirect } from '@sveltejs/kit';

import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = async ({ locals, url, depends }) => {
  depends('console:me');
  const { actor } = locals;
  if (actor === null) redirect(303, `/sign-in?to=${encodeURIComponent(url.pathname)}`);
  const [{ person, organisation }, notices] = await Promise.all([
    actor.directory.me(),
    actor.directory.noticeChoice(),
  ]);
  if (organisation.rootKeys === null && url.pathname !== '/welcome') redirect(303, '/welcome');
  return { person, organisation, notices };
};
