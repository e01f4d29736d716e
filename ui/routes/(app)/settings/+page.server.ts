// The settings begin with the people.

import { redirect } from '@sveltejs/kit';

import type { PageServerLoad } from './$types';

export const load: PageServerLoad = () => redirect(307, '/settings/people');
