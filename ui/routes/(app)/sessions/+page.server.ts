// Sessions are read from the sites themselves: the host tells only which sites there are.

import { shownSites } from '#ui/server/shown-sites.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = ({ locals }) => shownSites(locals);
