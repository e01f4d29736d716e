// An owner's page found the appliance's key to be of the code that was typed: from then on its word counts.

import { json } from '@sveltejs/kit';
import * as z from 'zod';

import { MAX_KEY_CHARS } from '#crypto/person-key.ts';
import { bodyOf } from '#ui/server/body.ts';
import { actorOf, orError } from '#ui/server/request.ts';
import type { RequestHandler } from './$types';

const bodySchema = z.strictObject({
  site: z.string().max(64),
  peerKey: z.string().max(MAX_KEY_CHARS),
});

export const POST: RequestHandler = async ({ locals, request }) => {
  const { directory } = actorOf(locals);
  const { site, peerKey } = await bodyOf(request, {
    schema: bodySchema,
    expected: 'Expected a site and a peer key',
  });
  await orError(() => directory.beginClaim(site, peerKey));
  return json({});
};
