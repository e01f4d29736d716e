// Says which public key is the person's own. It counts at sites once an owner has signed it into the roster.

import { json } from '@sveltejs/kit';
import * as z from 'zod';

import { bodyOf } from '#ui/server/body.ts';
import { actorOf, orError } from '#ui/server/request.ts';
import type { RequestHandler } from './$types';

const bodySchema = z.strictObject({
  key: z.string().max(2048),
  credentialId: z.string().max(1400),
});

export const POST: RequestHandler = async ({ locals, request }) => {
  const { directory } = actorOf(locals);
  const body = await bodyOf(request, { schema: bodySchema, expected: 'Expected a public key' });
  await orError(() => directory.proposeSigningKey(body));
  return json({});
};
