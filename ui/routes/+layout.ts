// Loads what pages with Clerk need, where there is Clerk, and nothing where there is none.

import type { LayoutLoad } from './$types';

export const load: LayoutLoad = async ({ data: { clerkInstance } }) => {
  if (clerkInstance === null) return { clerk: null };
  const { PARTS } = await import('#ui/lib/components/clerk/parts.ts');
  return { clerk: { ...clerkInstance, ...PARTS } };
};
