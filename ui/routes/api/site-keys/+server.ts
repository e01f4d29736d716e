// Takes the keys of a site that an owner's key signed, and keeps them for whoever comes to the site. The host checks them
// as browsers will; its word adds nothing.

import { json } from '@sveltejs/kit';
import * as z from 'zod';

import { envelopeSchema } from '#crypto/statement.ts';
import { bodyOf } from '#ui/server/body.ts';
import { actorOf, orError } from '#ui/server/request.ts';
import type { RequestHandler } from './$types';

const bodySchema = z.strictObject({ site: z.string().max(64), envelope: envelopeSchema });

export const POST: RequestHandler = async ({ locals, request }) => {
  const { directory, is } = actorOf(locals);
  const { site, envelope } = await bodyOf(request, {
    schema: bodySchema,
    expected: 'Expected a site and its signed keys',
  });
  const { version } = await orError(() => directory.putSiteKeys(site, envelope));
  locals.host.events.tell(is.organisationId, { kind: 'site', siteId: site });
  return json({ version });
};
