// Keeps a sign-in passkey that was just made. A signing key is none, and never becomes one.

import { error, json } from '@sveltejs/kit';
import * as z from 'zod';

import { bodyOf } from '#ui/server/body.ts';
import { ConsoleError } from '#ui/server/error.ts';
import { actorOf, orError } from '#ui/server/request.ts';
import { setCookies, visitorOf } from '#ui/server/visitor.ts';
import type { RequestHandler } from './$types';

const bodySchema = z.strictObject({
  name: z.string().max(256),
  response: z.looseObject({ id: z.string().max(2048) }),
});

export const POST: RequestHandler = async (event) => {
  const { directory } = actorOf(event.locals);
  const { accounts } = event.locals.host;
  if (accounts === null) error(404, { message: 'There is no such page' });
  const body = await bodyOf(event.request, {
    schema: bodySchema,
    expected: 'Expected a new passkey',
  });
  const { cookies } = await orError(async () => {
    const { person } = await directory.me();
    if (body.response.id === person.credentialId) {
      throw new ConsoleError('invalid', 'Cannot add passkey: it is your signing key');
    }
    return accounts.addPasskey(visitorOf(event), body);
  });
  setCookies(event.cookies, cookies);
  return json({});
};
