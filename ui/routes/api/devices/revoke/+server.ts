// Takes a browser's key back: the relay refuses it from now on, and what it has open there ends at once. One that
// is known no more is as revoked as can be.

import { json } from '@sveltejs/kit';
import * as z from 'zod';

import { MAX_KEY_CHARS } from '#crypto/person-key.ts';
import { bodyOf } from '#ui/server/body.ts';
import { revokeDevice } from '#ui/server/own-device.ts';
import { actorOf, orError } from '#ui/server/request.ts';
import type { RequestHandler } from './$types';

const bodySchema = z.strictObject({ peerKey: z.string().max(MAX_KEY_CHARS) });

export const POST: RequestHandler = async ({ locals, request }) => {
  actorOf(locals);
  const { peerKey } = await bodyOf(request, {
    schema: bodySchema,
    expected: 'Expected a peer key',
  });
  await orError(() => revokeDevice(locals, peerKey));
  return json({});
};
