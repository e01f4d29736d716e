// Whose peer key a browser's is: the relay lets in no others. It grants nothing at a site.

import { json } from '@sveltejs/kit';
import * as z from 'zod';

import { MAX_KEY_CHARS } from '#crypto/person-key.ts';
import { bodyOf } from '#ui/server/body.ts';
import { DEVICE_LIFE_MS } from '#ui/server/directory-devices.ts';
import { keepOwnDevice } from '#ui/server/own-device.ts';
import { actorOf, orError } from '#ui/server/request.ts';
import type { RequestHandler } from './$types';

const bodySchema = z.strictObject({ peerKey: z.string().max(MAX_KEY_CHARS) });

export const POST: RequestHandler = async (event) => {
  const { locals, request } = event;
  const { directory } = actorOf(locals);
  const { peerKey } = await bodyOf(request, {
    schema: bodySchema,
    expected: 'Expected a peer key',
  });
  const device = await orError(() => directory.registerDevice({ peerKey, lifeMs: DEVICE_LIFE_MS }));
  keepOwnDevice(event, device);
  return json({ expiresAt: device.expiresAt });
};
