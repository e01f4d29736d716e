// The on-site page of an appliance that is not founded yet: the claim code, who claims, and the form by which the
// client's contact sets the site up. The same rules as for every other page: nothing happens by GET.

import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as z from 'zod';

import { encodeBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { DIGEST_LEVELS } from '#crypto/digest-level.ts';
import { VerifyError } from '#crypto/error.ts';
import { sha256 } from '#crypto/hash.ts';
import { PRESETS } from '#crypto/policy.ts';
import type { Claim } from '../claim/claim.ts';
import type { SetUp } from '../claim/set-up.ts';
import { PinError } from '../gate/pin.ts';
import type { ClaimOffer } from '../protocol/claim-message.ts';
import { readForm } from './form.ts';
import { COOKIE_ADVICE, createFormTokens, type FormTokens } from './form-token.ts';
import { knownHosts, pageHeaders, sameOrigin } from './headers.ts';
import { type Notice, problemPage } from './page.ts';
import { PageError, problemOf } from './problem.ts';
import { claimedPage, codePage, donePage, FACTS, type TypedSetUp } from './setup-page.ts';

const MAX_FORM_BYTES = 16 * 1024;

const name = z
  .string()
  .max(256)
  .transform((text) => text.trim())
  .pipe(
    z
      .string()
      .min(1)
      .max(128)
      .regex(/^[^\p{C}]+$/u),
  );

const setUpFormSchema = z.strictObject({
  name,
  pin: z.string().max(256),
  again: z.string().max(256),
  preset: z.enum(PRESETS),
  level: z.enum(DIGEST_LEVELS),
  zone: z.string().max(64).refine(isTimeZone, 'unknown time zone'),
  token: z.string().max(64),
});
const declineFormSchema = z.strictObject({ token: z.string().max(64) });

export interface SetupOptions {
  readonly claim: Pick<Claim, 'state'>;
  /** The claim code of now. */
  readonly code: () => string;
  readonly hosts: readonly string[];
  readonly setUp: (chosen: SetUp) => Promise<void>;
  readonly decline: () => Promise<void>;
  readonly onFailure: (cause: unknown) => void;
}

/** The app of an unclaimed appliance. */
export function createSetupApp(options: SetupOptions): Hono {
  const setup = new Setup(options);
  const app = new Hono();
  app.use(pageHeaders());
  app.use(knownHosts(options.hosts));
  app.use(sameOrigin());
  app.use(
    bodyLimit({
      maxSize: MAX_FORM_BYTES,
      onError: () => {
        throw new PageError('form-too-large', 'Cannot take form: too long');
      },
    }),
  );
  app.get('/favicon.ico', (c) => c.body(null, 204));
  app.get('/healthz', (c) => c.json({ state: 'unclaimed' }, 503));
  app.get('/', (c) => setup.show(c, null));
  for (const path of ['/set-up', '/decline']) app.get(path, (c) => c.redirect('/', 303));
  app.post('/set-up', (c) => setup.setUp(c));
  app.post('/decline', (c) => setup.decline(c));
  app.notFound(() => {
    throw new PageError('page-unknown', 'Cannot find page');
  });
  app.onError((cause, c) => {
    const problem = problemOf(cause);
    if (problem.status >= 500) options.onFailure(cause);
    return c.html(problemPage(problem, FACTS), problem.status);
  });
  return app;
}

class Setup {
  readonly #options: SetupOptions;
  readonly #tokens: FormTokens = createFormTokens();
  #isDone = false;

  constructor(options: SetupOptions) {
    this.#options = options;
  }

  show(c: Context, notice: Notice | null, typed: TypedSetUp | null = null) {
    const { claim, code } = this.#options;
    const { offer, organisation } = claim.state;
    if (this.#isDone) return this.#done(c, offer);
    if (offer === null) {
      c.header('Refresh', '10');
      return c.html(codePage({ code: code(), organisation, notice }));
    }
    return c.html(
      claimedPage({
        ...{ offer, notice, typed },
        token: this.#tokens.issue(c, purposeOf(offer)),
      }),
    );
  }

  async setUp(c: Context) {
    const { claim, setUp } = this.#options;
    if (this.#isDone) return c.redirect('/', 303);
    let typed: TypedSetUp | null = null;
    try {
      const { token, pin, again, ...asked } = await readForm(c, setUpFormSchema);
      typed = asked;
      if (pin !== again) return await this.#back(c, PINS_DIFFER, typed);
      const { offer } = claim.state;
      // The form was for exactly this offer: another one since then is to be read first.
      await this.#tokens.once(c, { purpose: purposeOf(offer), token, asked }, async () => {
        const { name: who, preset, level, zone: timeZone } = asked;
        await setUp({ name: who, pin, preset, level, timeZone });
        this.#isDone = true;
        return '/';
      });
      return await this.#done(c, offer);
    } catch (cause) {
      const notice = noticeOf(cause);
      if (notice === null) throw cause;
      return this.#back(c, notice, typed);
    }
  }

  /** Said at once and not after a redirect: this server closes now, and the site's own opens in a moment. */
  #done(c: Context, offer: ClaimOffer | null) {
    c.header('Refresh', '5; url=/');
    return c.html(donePage(offer));
  }

  async decline(c: Context) {
    const { claim, decline } = this.#options;
    const { token } = await readForm(c, declineFormSchema);
    const { offer } = claim.state;
    if (offer === null || this.#isDone) return c.redirect('/', 303);
    const form = { purpose: purposeOf(offer), token, asked: {} };
    const path = await this.#tokens.once(c, form, async () => {
      await decline();
      return '/';
    });
    return c.redirect(path, 303);
  }

  #back(c: Context, notice: Notice, typed: TypedSetUp | null) {
    c.status(400);
    return this.show(c, notice, typed);
  }
}

const PINS_DIFFER: Notice = {
  tone: 'warn',
  title: 'The two PINs differ',
  text: 'Nothing was set up yet. Type the same PIN in both fields.',
};

/** What to say above the form that comes back; null when the form would not help. */
function noticeOf(cause: unknown): Notice | null {
  const title = 'Nothing was set up yet';
  if (cause instanceof PinError && cause.code === 'weak-pin') {
    const why = cause.message.replace(/^Cannot take PIN: /, '');
    return { tone: 'warn', title, text: `Please choose another PIN: ${why}.` };
  }
  if (cause instanceof PageError && cause.code === 'form-stale') {
    return { tone: 'warn', title, text: 'This page was open for too long. Please read it again.' };
  }
  if (cause instanceof PageError && cause.code === 'cookie-missing') {
    return { tone: 'warn', title, text: `Your browser sent no cookie. ${COOKIE_ADVICE}` };
  }
  if (cause instanceof PageError && cause.code === 'form-invalid') {
    return { tone: 'warn', title, text: 'Please give your name and choose a known time zone.' };
  }
  if (cause instanceof VerifyError) {
    const text = 'What your IT provider sent does not hold any more. Ask them to claim again.';
    return { tone: 'bad', title, text };
  }
  return null;
}

/** Both forms of the page decide about the offer that it shows: one token, good for that offer alone. */
function purposeOf(offer: ClaimOffer | null): string {
  return `claim ${encodeBase64url(sha256(encodeUtf8(JSON.stringify(offer))))}`;
}

function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
