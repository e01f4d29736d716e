// The page on site: what waits, one request, one session; and the two forms that change something. Nothing is
// decided by GET: a scanner that follows every link has only looked.

import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';

import type { Host } from '#agent/protocol/link-message.ts';
import type { PinDesk } from '../gate/pin-desk.ts';
import type { Requests } from '../gate/requests.ts';
import type { RequestSummary } from '../protocol/client-message.ts';
import type { Clock } from '../work/clock.ts';
import { WorkError } from '../work/error.ts';
import type { Session } from '../work/session.ts';
import type { Sessions } from '../work/sessions.ts';
import type { Site } from '../work/site.ts';
import { decidedPage } from './decided-page.ts';
import { createDecisionReader } from './decisions.ts';
import { decideFormSchema, MAX_FORM_BYTES, readForm, stopFormSchema } from './form.ts';
import { createFormTokens, type FormTokens } from './form-token.ts';
import type { Notice } from './page.ts';
import { PageError, problemOf } from './problem.ts';
import { noticeOf } from './refusal.ts';
import { requestPage } from './request-page.ts';
import { sessionPage, type Stopped, stoppedPage } from './session-page.ts';
import type { Typed } from './sign-fields.ts';
import { REFRESH_S, waitingPage } from './waiting-page.ts';

/** A session that ends slowly is left to end: its page says so meanwhile. */
const STOP_WAIT_MS = 5_000;
const MAX_STOPPED = 256;

export interface OnsiteOptions {
  readonly site: Site;
  readonly requests: Requests;
  readonly sessions: Pick<Sessions, 'open' | 'find' | 'closeSession'>;
  readonly pinDesk: Pick<PinDesk, 'approvers' | 'decide' | 'confirm'>;
  readonly clock: Clock;
  /** What an endpoint last said of itself; null: nothing yet. */
  readonly hostOf: (endpoint: string) => Host | null;
  /** Told of failures that no answer tells whole. */
  readonly onFailure: (cause: unknown) => void;
}

/** The page's routes. Whoever mounts them sets the headers and refuses foreign hosts and origins. */
export function onsiteRoutes(options: OnsiteOptions): Hono {
  const onsite = new Onsite(options);
  const app = new Hono();
  app.use(
    bodyLimit({
      maxSize: MAX_FORM_BYTES,
      onError: () => {
        throw new PageError('form-too-large', 'Cannot take form: too long');
      },
    }),
  );
  app.get('/', (c) => onsite.showWaiting(c));
  app.get('/requests/:hash{[\\w-]{43}}', (c) => onsite.showRequest(c, c.req.param('hash')));
  app.get('/requests/:hash{[\\w-]{43}}/receipt', (c) => onsite.showReceipt(c, c.req.param('hash')));
  app.get('/requests/:hash{[\\w-]{43}}/decide', (c) =>
    c.redirect(`/requests/${c.req.param('hash')}`, 303),
  );
  app.post('/requests/:hash{[\\w-]{43}}/decide', (c) => onsite.decide(c, c.req.param('hash')));
  app.get('/sessions/:id{[\\w-]{22}}', (c) => onsite.showSession(c, c.req.param('id')));
  app.get('/sessions/:id{[\\w-]{22}}/stop', (c) =>
    c.redirect(`/sessions/${c.req.param('id')}`, 303),
  );
  app.post('/sessions/:id{[\\w-]{22}}/stop', (c) => onsite.stop(c, c.req.param('id')));
  return app;
}

/** What a form's page shows beside the form when it comes back. */
interface Back {
  readonly notice: Notice | null;
  readonly typed: Typed | null;
}

const FRESH: Back = { notice: null, typed: null };

class Onsite {
  readonly #options: OnsiteOptions;
  readonly #tokens: FormTokens = createFormTokens();
  readonly #decisionsOf: ReturnType<typeof createDecisionReader>;
  /** Sessions stopped from this page, for their receipts; the oldest are forgotten. */
  readonly #stopped = new Map<string, Stopped>();

  constructor(options: OnsiteOptions) {
    this.#options = options;
    this.#decisionsOf = createDecisionReader(options.site.ledger);
  }

  async showWaiting(c: Context): Promise<Response> {
    const { site, requests, sessions, clock } = this.#options;
    const all = requests.list();
    const isRefreshing = c.req.query('refresh') === String(REFRESH_S);
    if (isRefreshing) c.header('Refresh', String(REFRESH_S));
    const view = waitingPage({
      facts: site.facts,
      waiting: all.filter((request) => this.#stateOf(request) === 'waiting'),
      decided: all.filter((request) => this.#stateOf(request) !== 'waiting'),
      sessions: sessions.open,
      checkpoint: site.ledger.checkpoint,
      logKey: site.logKey,
      timeZone: this.#timeZone(),
      nowMs: clock.now(),
      isRefreshing,
    });
    return c.html(view);
  }

  async showRequest(c: Context, hash: string): Promise<Response> {
    const { requests } = this.#options;
    const request = requests.show(hash);
    if (this.#stateOf(request) !== 'waiting') return this.#showDecided(c, request, null);
    if (c.req.method === 'GET') await requests.view(hash, { channel: 'on-site page', by: null });
    return this.#showForm(c, request, FRESH);
  }

  async showReceipt(c: Context, hash: string): Promise<Response> {
    return this.#showDecided(c, this.#options.requests.show(hash), null);
  }

  async decide(c: Context, hash: string): Promise<Response> {
    const { pinDesk, requests } = this.#options;
    let typed: Typed | null = null;
    try {
      const form = await readForm(c, decideFormSchema);
      const { token, decision, ...wanted } = form;
      typed = wanted;
      this.#tokens.check(c, { purpose: `decide ${hash}`, token });
      if (decision === undefined) throw new PageError('form-invalid', 'Cannot decide: no decision');
      await pinDesk.decide({ request: hash, decision, ...wanted });
    } catch (cause) {
      if (cause instanceof WorkError && cause.code === 'request-decided') {
        c.status(409);
        return this.#showDecided(c, requests.show(hash), TOO_LATE);
      }
      const notice = this.#refuse(c, cause);
      return this.#showForm(c, requests.show(hash), { notice, typed });
    }
    return c.redirect(`/requests/${hash}/receipt`, 303);
  }

  async showSession(c: Context, id: string): Promise<Response> {
    const stopped = this.#stopped.get(id);
    if (stopped !== undefined) {
      const { facts } = this.#options.site;
      return c.html(stoppedPage({ stopped, facts, timeZone: this.#timeZone() }));
    }
    return this.#showStop(c, this.#options.sessions.find(id), FRESH);
  }

  async stop(c: Context, id: string): Promise<Response> {
    const { pinDesk, sessions } = this.#options;
    const session = sessions.find(id);
    let typed: Typed | null = null;
    try {
      const { token, ...wanted } = await readForm(c, stopFormSchema);
      typed = wanted;
      this.#tokens.check(c, { purpose: `stop ${id}`, token });
      const { name } = await pinDesk.confirm(wanted);
      await this.#close(session, { by: name, note: wanted.comment });
    } catch (cause) {
      const notice = this.#refuse(c, cause);
      return this.#showStop(c, session, { notice, typed });
    }
    return c.redirect(`/sessions/${id}`, 303);
  }

  /** Closes a session; one that ends slowly goes on ending after this has resolved. */
  async #close(session: Session, { by, note }: { by: string; note: string | null }): Promise<void> {
    if (session.isClosing) return; // somebody else was faster; its page says so
    const { sessions, clock, onFailure } = this.#options;
    const closing = sessions
      .closeSession(session, { by, reason: 'approver', note, ticket: null })
      .then(({ index, leaf }) => {
        const [oldest] = this.#stopped.keys();
        if (oldest !== undefined && this.#stopped.size >= MAX_STOPPED) this.#stopped.delete(oldest);
        this.#stopped.set(session.id, {
          technician: session.technician.name,
          endpoint: session.endpoint.name,
          atMs: Date.parse(leaf.t),
          ...{ by, index },
        });
      });
    const patience = Promise.withResolvers<'waited'>();
    const stopWaiting = clock.after(STOP_WAIT_MS, () => {
      patience.resolve('waited');
    });
    try {
      const first = await Promise.race([closing, patience.promise]);
      if (first === 'waited') closing.catch(onFailure);
    } finally {
      stopWaiting();
    }
  }

  /** Says why a form comes back. @throws what is no reason to show the form again */
  #refuse(c: Context, cause: unknown): Notice {
    const notice = noticeOf(cause);
    if (notice === null) throw cause;
    const { status, retryAfterS } = problemOf(cause);
    c.status(status);
    if (retryAfterS !== null) c.header('Retry-After', String(retryAfterS));
    return notice;
  }

  async #showForm(c: Context, request: RequestSummary, back: Back): Promise<Response> {
    const { site, pinDesk, clock } = this.#options;
    const view = requestPage({
      request,
      host: this.#options.hostOf(request.endpoint),
      facts: site.facts,
      approvers: pinDesk.approvers(),
      timeZone: this.#timeZone(),
      nowMs: clock.now(),
      token: this.#tokens.issue(c, `decide ${request.request}`),
      ...back,
    });
    return c.html(view);
  }

  async #showDecided(
    c: Context,
    request: RequestSummary,
    notice: Notice | null,
  ): Promise<Response> {
    const { site, sessions } = this.#options;
    const view = decidedPage({
      request,
      host: this.#options.hostOf(request.endpoint),
      state: this.#stateOf(request),
      entries: await this.#decisionsOf(request),
      facts: site.facts,
      timeZone: this.#timeZone(),
      isSessionOpen: sessions.open.some(({ id }) => id === request.session),
      notice,
    });
    return c.html(view);
  }

  #showStop(c: Context, session: Session, back: Back): Response | Promise<Response> {
    const { site, pinDesk } = this.#options;
    const view = sessionPage({
      session,
      facts: site.facts,
      approvers: pinDesk.approvers(),
      timeZone: this.#timeZone(),
      token: this.#tokens.issue(c, `stop ${session.id}`),
      ...back,
    });
    return c.html(view);
  }

  /** A request whose time is over has expired, also while the entry that says so is being written. */
  #stateOf({ state, expires }: RequestSummary): RequestSummary['state'] {
    const isOver = Date.parse(expires) <= this.#options.clock.now();
    return state === 'waiting' && isOver ? 'expired' : state;
  }

  #timeZone(): string {
    return this.#options.site.policy.signed.statement.rules.time_zone;
  }
}

const TOO_LATE: Notice = {
  tone: 'warn',
  title: 'Your decision came too late',
  text: 'It was not taken. What happened instead is below.',
};
