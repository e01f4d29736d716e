// The owner's first steps: a signing key, a recovery key, the first roster. All of it happens in the browser.

import { redirect } from '@sveltejs/kit';

import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ parent }) => {
  const { organisation } = await parent();
  if (organisation.rootKeys !== null) redirect(303, '/');
  return {};
};
