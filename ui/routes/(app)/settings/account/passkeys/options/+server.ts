// What a new sign-in passkey is to answer.

import { error, json } from '@sveltejs/kit';

import { actorOf, orError } from '#ui/server/request.ts';
import { setCookies, visitorOf } from '#ui/server/visitor.ts';
import type { RequestHandler } from './$types';

export const POST: RequestHandler = async (event) => {
  actorOf(event.locals);
  const { accounts } = event.locals.host;
  if (accounts === null) error(404, { message: 'There is no such page' });
  const { options, cookies } = await orError(() => accounts.passkeyCreation(visitorOf(event)));
  setCookies(event.cookies, cookies);
  return json(options);
};
