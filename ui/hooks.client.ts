// Before anything else in the browser: zod must not try to compile its schemas, which Trusted Types forbid. And what
// a page says that could not be loaded because the host is away.

import type { HandleClientError } from '@sveltejs/kit';
import * as z from 'zod';

import { hostAnswers } from '#ui/lib/host-answers.ts';

z.config({ jitless: true });

export const handleError: HandleClientError = async ({ message }) => {
  if (await hostAnswers()) return { message };
  return { message: 'The console cannot be reached', isAway: true };
};
