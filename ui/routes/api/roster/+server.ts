// Takes a roster that an owner's key signed, keeps it, and sends it to every site. The host checks it as the sites
// will, so that a person hears of a mistake at once; its word adds nothing.

import { json } from '@sveltejs/kit';
import * as z from 'zod';

import { envelopeSchema } from '#crypto/statement.ts';
import { bodyOf } from '#ui/server/body.ts';
import { spreadRoster } from '#ui/server/roster-spread.ts';
import { actorOf, orError } from '#ui/server/request.ts';
import type { RequestHandler } from './$types';

const bodySchema = z.strictObject({
  envelope: envelopeSchema,
  /** With the first roster only. */
  rootKeys: z.string().max(8192).nullable(),
});

export const POST: RequestHandler = async ({ locals, request }) => {
  const { directory, is } = actorOf(locals);
  const body = await bodyOf(request, { schema: bodySchema, expected: 'Expected a signed roster' });
  const { version } = await orError(() => directory.putRoster(body));
  const sites = await spreadRoster(locals.host, {
    actor: is,
    envelope: body.envelope,
    version,
  });
  return json({ version, sites });
};
