// Clerk's two scripts as far as the console uses them, for a browser that must not ask Clerk: the same names and
// promises, with a button in place of every part. What they ask of Clerk's host, the test answers.

import type { BrowserContext } from 'playwright-core';

import type { Claims, TestClerk } from './clerk-instance.ts';

const SIGN_IN = '/v1/test/sign-in';

const CLERK_JS = `(() => {
  const listeners = new Set();
  let resources = { client: {}, session: null, user: null, organization: null };
  const tell = (session) => {
    resources = { ...resources, session };
    for (const listener of listeners) listener(resources);
  };
  const ask = async () => {
    const answer = await fetch('https://HOST${SIGN_IN}');
    if (!answer.ok) return null;
    document.cookie = '__session=' + await answer.text() + '; path=/; samesite=lax';
    return { id: 'sess_1', getToken: ask, user: null };
  };
  const button = (text, work) => (node) => {
    const element = document.createElement('button');
    element.type = 'button';
    element.textContent = text;
    element.onclick = work;
    node.append(element);
  };
  window.Clerk = {
    async load() { if (document.cookie.includes('__test_client=1')) tell(await ask()); },
    addListener(listener) { listeners.add(listener); listener(resources); },
    async signOut(then) { document.cookie = '__test_client=; max-age=0; path=/'; tell(null); await then(); },
    mountSignIn(node, { forceRedirectUrl }) {
      button('Sign in at Clerk', async () => {
        document.cookie = '__test_client=1; path=/';
        await ask();
        location.assign(forceRedirectUrl);
      })(node);
    },
    unmountSignIn(node) { node.replaceChildren(); },
    mountOrganizationList: button('Choose an organisation', () => undefined),
    unmountOrganizationList(node) { node.replaceChildren(); },
    mountOrganizationSwitcher: button('Msp', () => undefined),
    unmountOrganizationSwitcher(node) { node.replaceChildren(); },
    openUserProfile() {},
    openOrganizationProfile() {},
    __internal_updateProps() {},
  };
})();`;

const UI_JS = 'window.__internal_ClerkUICtor = class {};';

/** Has this browser find Clerk's host, which signs in whoever `who` says: claims that may change, null for nobody. */
export async function routeClerk(
  context: BrowserContext,
  { clerk, origin, who }: { clerk: TestClerk; origin: string; who: () => Claims | null },
): Promise<void> {
  await context.route(`https://${clerk.host}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    const headers = { 'access-control-allow-origin': origin };
    const claims = who();
    if (pathname.includes('/@clerk/clerk-js@')) {
      const body = CLERK_JS.replaceAll('HOST', clerk.host);
      await route.fulfill({ body, headers, contentType: 'text/javascript' });
    } else if (pathname.includes('/@clerk/ui@')) {
      await route.fulfill({ body: UI_JS, headers, contentType: 'text/javascript' });
    } else if (pathname === SIGN_IN && claims !== null) {
      await route.fulfill({ body: clerk.token(claims), headers });
    } else {
      await route.fulfill({ status: 404, headers });
    }
  });
}

/** Has this browser find no way to Clerk. */
export async function cutClerk(context: BrowserContext, { host }: TestClerk): Promise<void> {
  await context.route(`https://${host}/**`, (route) => route.abort());
}
