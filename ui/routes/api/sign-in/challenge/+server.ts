// What a sign-in passkey is to sign. For anybody: it names no credential.

import { error, json } from '@sveltejs/kit';

import { orError } from '#ui/server/request.ts';
import { setCookies, visitorOf } from '#ui/server/visitor.ts';
import type { RequestHandler } from './$types';

export const POST: RequestHandler = async (event) => {
  const { accounts } = event.locals.host;
  if (accounts === null) error(404, { message: 'There is no such page' });
  const { options, cookies } = await orError(() => accounts.passkeyChallenge(visitorOf(event)));
  setCookies(event.cookies, cookies);
  return json(options);
};
