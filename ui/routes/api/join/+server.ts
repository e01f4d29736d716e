// An appliance joins with a token. See `ui/server/join.ts`.

import { json } from '@sveltejs/kit';

import { readJson } from '#ui/server/body.ts';
import { joinSite, MAX_JOIN_BYTES } from '#ui/server/join.ts';
import type { RequestHandler } from './$types';

export const POST: RequestHandler = async ({ locals, request }) => {
  const { directory, config, relay, events } = locals.host;
  const body = await readJson(request, MAX_JOIN_BYTES);
  const outcome = await joinSite(body, { directory, origin: config.origin, relay });
  if (outcome.status === 200) await tellJoined(body, { directory, events });
  return json(outcome.body, { status: outcome.status });
};

/** The page that shows the token is waiting for this. */
async function tellJoined(
  body: unknown,
  { directory, events }: Pick<App.Locals['host'], 'directory' | 'events'>,
): Promise<void> {
  const { key } = body as { key: string }; // it was joined: the request was parsed whole
  const site = await directory.siteByPeerKey(key);
  if (site === null) return;
  events.tell(site.organisationId, { kind: 'site', siteId: site.siteId });
}
