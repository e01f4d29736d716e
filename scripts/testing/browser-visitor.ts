// Somebody with a browser of their own: Chromium's virtual authenticator for their passkeys, and a list of whatever
// the browser complained of, so that a story can say that there was nothing.

import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  CDPSession,
  Page,
} from 'playwright-core';

const TIMEOUT_MS = 60_000;

export interface VisitorOptions extends BrowserContextOptions {
  /** What may be complained of in this story; everything else fails it. */
  readonly expected?: RegExp;
}

export interface BrowserVisitor extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly cdp: CDPSession;
  /** Of the page's virtual authenticator. */
  readonly authenticatorId: string;
  /** What the browser complained of: errors of scripts, refusals by the content security policy, failed loads. */
  readonly complaints: readonly string[];
  /** Goes to a path of the console and waits until its scripts are at work. */
  go(path: string): Promise<void>;
  /** Waits until this page's scripts are at work: a button pressed before does nothing. */
  settle(): Promise<void>;
}

/** Opens a browser context with a page and an authenticator. */
export async function openBrowserVisitor(
  browser: Browser,
  { origin, expected, ...options }: VisitorOptions & { origin: string },
): Promise<BrowserVisitor> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 850 },
    ...options,
  });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal' },
      ...{ hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
      automaticPresenceSimulation: true,
    },
  });
  const complaints: string[] = [];
  const complain = (complaint: string): void => {
    if (!isOfZod(complaint) && expected?.test(complaint) !== true) complaints.push(complaint);
  };
  page.on('pageerror', ({ message }) => complain(message));
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    complain(`${message.text()} (${message.location().url})`);
  });
  const settle = async (): Promise<void> => {
    await page.locator('#svelte-announcer').waitFor({ state: 'attached' }); // the framework's last act
  };
  return {
    ...{ page, context, cdp, authenticatorId, complaints, settle },
    async go(path) {
      await page.goto(`${origin}${path}`);
      await settle();
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}

/** Zod tries once whether it may make code of text, and takes the refusal. */
function isOfZod(complaint: string): boolean {
  return complaint.includes("'TrustedScript'");
}
