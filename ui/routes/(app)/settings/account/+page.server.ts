// One's own account: how one signs in, which browsers speak for one, how the pages look. Signing keys are made in
// the browser.

import { redirect, type RequestEvent } from '@sveltejs/kit';

import { parseTheme, THEME_COOKIE } from '#ui/lib/theme.ts';
import { disconnect } from '#ui/server/disconnect.ts';
import { revokeOtherDevices } from '#ui/server/own-device.ts';
import { actorOf, orError, orFail, textOf } from '#ui/server/request.ts';
import { setCookies, visitorOf } from '#ui/server/visitor.ts';
import type { Actions, PageServerLoad } from './$types';

const THEME_LIFE_S = 365 * 86_400;

export const load: PageServerLoad = async (event) => {
  event.depends('console:account');
  const { is, directory } = actorOf(event.locals);
  const { accounts, config } = event.locals.host;
  const [devices, roster] = await Promise.all([directory.devices(), directory.roster()]);
  return {
    devices: devices.filter(({ personId }) => personId === is.personId),
    roster,
    signIn: accounts === null ? null : await signInOf(event),
    theme: parseTheme(event.cookies.get(THEME_COOKIE)),
    origin: config.origin,
  };
};

export const actions: Actions = {
  password: async (event) => {
    const { accounts } = accountsOf(event);
    const form = await event.request.formData();
    const input = { password: textOf(form, 'password'), newPassword: textOf(form, 'newPassword') };
    return orFail(
      async () => {
        const { cookies } = await accounts.changePassword(visitorOf(event), input);
        setCookies(event.cookies, cookies);
        await revokeOtherDevices(event);
        return { of: 'password', done: 'The password is changed; other browsers are signed out' };
      },
      { of: 'password' },
    );
  },
  enrol: async (event) => {
    const { accounts } = accountsOf(event);
    const password = textOf(await event.request.formData(), 'password');
    return orFail(
      async () => {
        const { uri, backupCodes, cookies } = await accounts.enrolSecondFactor(visitorOf(event), {
          password,
        });
        setCookies(event.cookies, cookies);
        return { of: 'factor', enrolled: { uri, backupCodes } };
      },
      { of: 'factor' },
    );
  },
  confirm: async (event) => {
    const { accounts } = accountsOf(event);
    const code = textOf(await event.request.formData(), 'code');
    return orFail(
      async () => {
        const { cookies } = await accounts.confirmSecondFactor(visitorOf(event), { code });
        setCookies(event.cookies, cookies);
        return { of: 'factor', done: 'From now on the sign-in asks for a code' };
      },
      { of: 'factor' },
    );
  },
  drop: async (event) => {
    const { accounts } = accountsOf(event);
    const password = textOf(await event.request.formData(), 'password');
    return orFail(
      async () => {
        const { cookies } = await accounts.dropSecondFactor(visitorOf(event), { password });
        setCookies(event.cookies, cookies);
        return { of: 'factor', done: 'The sign-in asks for no code any more' };
      },
      { of: 'factor' },
    );
  },
  passkey: async (event) => {
    const { accounts } = accountsOf(event);
    const id = textOf(await event.request.formData(), 'passkey');
    return orFail(
      async () => {
        await accounts.removePasskey(visitorOf(event), id);
        return { of: 'passkey', done: 'That sign-in passkey signs nobody in any more' };
      },
      { of: 'passkey' },
    );
  },
  device: async (event) => {
    const { directory } = actorOf(event.locals);
    const peerKey = textOf(await event.request.formData(), 'peerKey');
    return orFail(
      async () => {
        await directory.revokeDevice(peerKey);
        disconnect(event.locals.host, [peerKey]);
        return { of: 'device', done: 'The relay lets that browser in no more' };
      },
      { of: 'device' },
    );
  },
  theme: async ({ request, cookies, url }) => {
    const theme = parseTheme(textOf(await request.formData(), 'theme'));
    const secure = url.protocol === 'https:';
    cookies.set(THEME_COOKIE, theme, { path: '/', maxAge: THEME_LIFE_S, sameSite: 'lax', secure });
    return { of: 'theme' };
  },
};

async function signInOf(event: RequestEvent) {
  const { accounts } = accountsOf(event);
  const visitor = visitorOf(event);
  return orError(async () => ({
    passkeys: await accounts.passkeys(visitor),
    hasSecondFactor: await accounts.hasSecondFactor(visitor),
  }));
}

function accountsOf({ locals }: RequestEvent) {
  const { accounts } = locals.host;
  if (accounts === null) redirect(303, '/settings/account'); // how one signs in is Clerk's affair
  actorOf(locals);
  return { accounts };
}
