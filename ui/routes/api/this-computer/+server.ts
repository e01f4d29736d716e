// An owner brings the site of this computer into the organisation, by the code in the terminal of `npm start`.

import { error, json } from '@sveltejs/kit';
import * as z from 'zod';

import { MAX_ROOT_SET_CHARS } from '#crypto/root-set.ts';
import { bodyOf } from '#ui/server/body.ts';
import { bringComputer } from '#ui/server/bring-computer.ts';
import { joinTokenText } from '#ui/server/join-token.ts';
import { actorOf, orError } from '#ui/server/request.ts';
import type { RequestHandler } from './$types';

const bodySchema = z.strictObject({
  code: z.string().max(64),
  rootKeys: z.string().max(MAX_ROOT_SET_CHARS),
});

export const POST: RequestHandler = async ({ locals, request }) => {
  const { directory, is } = actorOf(locals);
  const { host } = locals;
  const { computer } = host;
  if (computer === null) error(404, { message: '"npm start" does not run this console' });
  const body = await bodyOf(request, {
    schema: bodySchema,
    expected: 'Expected a code and a root set',
  });
  const brought = await orError(() =>
    bringComputer(body, {
      ...{ computer, directory, actor: is, relayKey: host.relay.key },
      tokenText: (secret) => joinTokenText(secret, host),
    }),
  );
  host.events.tell(is.organisationId, { kind: 'site', siteId: brought.siteId });
  return json(brought);
};
