// What administrators did, newest first, a page at a time.

import { actorOf, orError } from '#ui/server/request.ts';
import type { PageServerLoad } from './$types';

const PAGE = 50;

export const load: PageServerLoad = async ({ locals, url }) => {
  const { directory } = actorOf(locals);
  const after = url.searchParams.get('after');
  const { items, next } = await orError(() => directory.changes({ after, limit: PAGE }));
  return { changes: items, next, isFirst: after === null };
};
