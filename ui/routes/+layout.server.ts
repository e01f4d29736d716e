// What every page has to know: whether Clerk says who people are.

import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = ({ locals }) => ({ clerkInstance: locals.host.clerk });
