// Signs somebody in by a sign-in passkey's answer to the challenge of before.

import { error, json } from '@sveltejs/kit';
import * as z from 'zod';

import { bodyOf } from '#ui/server/body.ts';
import { orError } from '#ui/server/request.ts';
import { setCookies, visitorOf } from '#ui/server/visitor.ts';
import type { RequestHandler } from './$types';

const bodySchema = z.strictObject({ response: z.unknown() });

export const POST: RequestHandler = async (event) => {
  const { accounts } = event.locals.host;
  if (accounts === null) error(404, { message: 'There is no such page' });
  const { response } = await bodyOf(event.request, {
    schema: bodySchema,
    expected: 'Expected an assertion',
  });
  const { cookies } = await orError(() => accounts.signInByPasskey(visitorOf(event), { response }));
  setCookies(event.cookies, cookies);
  return json({});
};
