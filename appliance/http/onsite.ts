// The page on site: what waits, one request, one session; and the three forms that change something. Nothing is
// decided or said by GET: a scanner that follows every link has only looked.

import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';

import type { Host } from '#agent/protocol/link-message.ts';
import { isId } from '#crypto/id.ts';
import type { PinDesk } from '../gate/pin-desk.ts';
import type { Requests } from '../gate/requests.ts';
import type { RequestSummary } from '../protocol/client-message.ts';
import type { Clock } from '../work/clock.ts';
import { createDecidedReader } from '../work/decided-requests.ts';
import { WorkError } from '../work/error.ts';
import { readRequest } from '../work/request-history.ts';
import type { Session } from '../work/session.ts';
import type { Sessions } from '../work/sessions.ts';
import type { Site } from '../work/site.ts';
import { type ChatLine, readChat } from './chat-card.ts';
import { createCourseReader, isPending } from './course.ts';
import { decidedPage, RECEIPT_LOOK_S } from './decided-page.ts';
import { readEndedSession } from './ended-session.ts';
import {
  decideFormSchema,
  MAX_FORM_BYTES,
  MAX_SAID_CHARS,
  readForm,
  sayFormSchema,
  stopFormSchema,
} from './form.ts';
import { createFormTokens, type FormTokens } from './form-token.ts';
import { isLookingAgain } from './look.ts';
import type { WallClock } from './moment.ts';
import { type Notice, wallClock } from './page.ts';
import { PageError } from './problem.ts';
import { refuseForm } from './refusal.ts';
import { requestPage } from './request-page.ts';
import type { TypedLine } from './say-card.ts';
import { endedPage, sessionPage } from './session-page.ts';
import { type SettingsOptions, settingsRoutes } from './settings.ts';
import { readSessionWords } from './session-words.ts';
import type { Typed } from './sign-fields.ts';
import { REFRESH_S, waitingPage, type WaitingRequest } from './waiting-page.ts';

/** A session that ends slowly is left to end: its page says so meanwhile. */
const STOP_WAIT_MS = 5_000;
/** A request that so many others were asked after is not looked for here: it is in the record. */
const MAX_ASKED_SINCE = 256;

export interface OnsiteOptions extends Pick<SettingsOptions, 'unsaidLevel'> {
  readonly site: Site;
  readonly requests: Requests;
  readonly sessions: Pick<Sessions, 'open' | 'find' | 'say' | 'closeSession'>;
  readonly pinDesk: Pick<PinDesk, 'approvers' | 'decide' | 'confirm' | 'chooseLevel'>;
  readonly clock: Clock;
  /** `ed25519:…` of the appliance's peer key. */
  readonly applianceKey: string;
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
  app.route('/', settingsRoutes(options));
  app.get('/', (c) => onsite.showWaiting(c));
  app.get('/requests/:hash{[\\w-]{43}}', (c) => onsite.showRequest(c, c.req.param('hash')));
  app.get('/requests/:hash{[\\w-]{43}}/receipt', (c) => onsite.showReceipt(c, c.req.param('hash')));
  app.get('/requests/:hash{[\\w-]{43}}/decide', (c) =>
    c.redirect(`/requests/${c.req.param('hash')}`, 303),
  );
  app.post('/requests/:hash{[\\w-]{43}}/decide', (c) => onsite.decide(c, c.req.param('hash')));
  app.get('/sessions/:id{[\\w-]{22}}', (c) => onsite.showSession(c, c.req.param('id')));
  for (const form of ['say', 'stop']) {
    app.get(`/sessions/:id{[\\w-]{22}}/${form}`, (c) =>
      c.redirect(`/sessions/${c.req.param('id')}`, 303),
    );
  }
  app.post('/sessions/:id{[\\w-]{22}}/say', (c) => onsite.say(c, c.req.param('id')));
  app.post('/sessions/:id{[\\w-]{22}}/stop', (c) => onsite.stop(c, c.req.param('id')));
  return app;
}

/** What a form's page shows beside the form when it comes back. */
interface Back {
  readonly notice: Notice | null;
  readonly typed: Typed | null;
}

/** The same of a session's page, which has two forms. */
interface SessionBack extends Back {
  readonly typedLine: TypedLine | null;
}

const FRESH: SessionBack = { notice: null, typed: null, typedLine: null };

class Onsite {
  readonly #options: OnsiteOptions;
  readonly #tokens: FormTokens = createFormTokens();
  readonly #courseOf: ReturnType<typeof createCourseReader>;
  readonly #readDecided: ReturnType<typeof createDecidedReader>;

  constructor(options: OnsiteOptions) {
    this.#options = options;
    const { ledger, facts } = options.site;
    this.#courseOf = createCourseReader(ledger);
    this.#readDecided = createDecidedReader(ledger, { facts });
  }

  async showWaiting(c: Context): Promise<Response> {
    const { site, sessions, applianceKey } = this.#options;
    const view = waitingPage({
      facts: site.facts,
      waiting: await this.#waiting(),
      decided: await this.#readDecided(),
      sessions: sessions.open,
      checkpoint: site.ledger.checkpoint,
      logKey: site.logKey,
      applianceKey,
      clock: this.#clock(),
      isLooking: isLookingAgain(c, REFRESH_S),
    });
    return c.html(view);
  }

  async #waiting(): Promise<readonly WaitingRequest[]> {
    const { site } = this.#options;
    const waiting = this.#stillWaiting();
    waiting.sort((a, b) => remindedMs(b) - remindedMs(a)); // stable: else the newest first
    return Promise.all(
      waiting.map(async (request) => ({
        request,
        words: await readSessionWords(site.ledger, request.session),
      })),
    );
  }

  #stillWaiting(): RequestSummary[] {
    const waiting = this.#options.requests.waiting();
    return waiting.filter((request) => this.#stateOf(request) === 'waiting');
  }

  async showRequest(c: Context, hash: string): Promise<Response> {
    const { requests } = this.#options;
    const request = await this.#request(hash);
    if (this.#stateOf(request) !== 'waiting') return this.#showDecided(c, request, null);
    if (c.req.method === 'GET') await requests.view(hash, { channel: 'on-site page', by: null });
    return this.#showForm(c, request, FRESH);
  }

  async showReceipt(c: Context, hash: string): Promise<Response> {
    return this.#showDecided(c, await this.#request(hash), null);
  }

  async decide(c: Context, hash: string): Promise<Response> {
    const { pinDesk, requests } = this.#options;
    let typed: Typed | null = null;
    try {
      const { token, pin, ...asked } = await readForm(c, decideFormSchema);
      typed = asked;
      const path = await this.#tokens.once(
        c,
        { purpose: `decide ${hash}`, token, asked },
        async () => {
          const { decision } = asked;
          if (decision === undefined) {
            throw new PageError('form-invalid', 'Cannot decide: no decision');
          }
          await pinDesk.decide({ request: hash, pin, ...asked, decision });
          return `/requests/${hash}/receipt?refresh=${RECEIPT_LOOK_S}`;
        },
      );
      return c.redirect(path, 303);
    } catch (cause) {
      if (isTooLate(cause)) {
        const request = await this.#request(hash);
        c.status(409);
        return this.#showDecided(c, request, TOO_LATE);
      }
      const notice = refuseForm(c, cause);
      return this.#showForm(c, requests.show(hash), { notice, typed });
    }
  }

  async showSession(c: Context, id: string, back: SessionBack = FRESH): Promise<Response> {
    const { site, sessions } = this.#options;
    const open = sessions.open.find((session) => session.id === id);
    if (open !== undefined) return this.#showOpen(c, open, back);
    const ended = isId(id) ? await readEndedSession(site.ledger, id) : null;
    if (ended === null) return this.#showOpen(c, sessions.find(id), back); // which says that it is unknown
    return c.html(endedPage({ ended, facts: site.facts, clock: this.#clock(), ...back }));
  }

  /** Has an approver say a line in a session, as the client. No PIN is tried for what cannot be said. */
  async say(c: Context, id: string): Promise<Response> {
    const { pinDesk, sessions } = this.#options;
    let typedLine: TypedLine | null = null;
    try {
      const { token, pin, ...asked } = await readForm(c, sayFormSchema);
      typedLine = asked;
      const path = await this.#tokens.once(c, { purpose: `say ${id}`, token, asked }, async () => {
        const { approver, text } = asked;
        checkLine(text);
        const session = sessions.find(id);
        if (session.isClosing) throw new WorkError('session-closed', 'Cannot speak: it is closed');
        const { name } = await pinDesk.confirm({ approver, pin });
        const said = await sessions.say(session, { from: 'client', name, text });
        return `/sessions/${id}?said=${said.index}`;
      });
      return c.redirect(path, 303);
    } catch (cause) {
      const notice = refuseForm(c, cause, 'said');
      return this.showSession(c, id, { ...FRESH, notice, typedLine });
    }
  }

  async stop(c: Context, id: string): Promise<Response> {
    const { pinDesk, sessions } = this.#options;
    let typed: Typed | null = null;
    try {
      const { token, pin, ...asked } = await readForm(c, stopFormSchema);
      typed = asked;
      const path = await this.#tokens.once(c, { purpose: `stop ${id}`, token, asked }, async () => {
        const { approver, comment } = asked;
        const session = sessions.find(id);
        const { name } = await pinDesk.confirm({ approver, pin });
        await this.#close(session, { by: name, note: comment });
        return `/sessions/${id}`;
      });
      return c.redirect(path, 303);
    } catch (cause) {
      const notice = refuseForm(c, cause, 'stopped');
      return this.showSession(c, id, { ...FRESH, notice, typed });
    }
  }

  /** Closes a session; one that ends slowly goes on ending after this has resolved. */
  async #close(session: Session, { by, note }: { by: string; note: string | null }): Promise<void> {
    if (session.isClosing) return; // somebody else was faster; its page says so
    const { sessions, clock, onFailure } = this.#options;
    const closing = sessions.closeSession(session, {
      ...{ by, reason: 'approver', note, ticket: null },
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

  async #showForm(c: Context, request: RequestSummary, back: Back): Promise<Response> {
    const { site, pinDesk } = this.#options;
    const view = requestPage({
      request,
      words: await readSessionWords(site.ledger, request.session),
      chat: await readChat(site.ledger, request.session),
      host: this.#options.hostOf(request.endpoint),
      facts: site.facts,
      approvers: pinDesk.approvers(),
      clock: this.#clock(),
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
    const course = await this.#courseOf(request);
    const view = decidedPage({
      request,
      words: await readSessionWords(site.ledger, request.session),
      host: this.#options.hostOf(request.endpoint),
      state: this.#stateOf(request),
      course,
      facts: site.facts,
      clock: this.#clock(),
      isLooking: isPending(course.run) && isLookingAgain(c, RECEIPT_LOOK_S),
      isSessionOpen: sessions.open.some(({ id }) => id === request.session),
      notice,
    });
    return c.html(view);
  }

  async #showOpen(c: Context, session: Session, back: SessionBack): Promise<Response> {
    const { site, pinDesk } = this.#options;
    const chat = await readChat(site.ledger, session.id);
    const view = sessionPage({
      session,
      words: await readSessionWords(site.ledger, session.id),
      chat,
      waiting: this.#stillWaiting().filter((request) => request.session === session.id),
      facts: site.facts,
      approvers: pinDesk.approvers(),
      clock: this.#clock(),
      tokens: {
        say: this.#tokens.issue(c, `say ${session.id}`),
        stop: this.#tokens.issue(c, `stop ${session.id}`),
      },
      ...back,
      notice: back.notice ?? justSaid(c, chat),
    });
    return c.html(view);
  }

  /** A request whose time is over has expired, also while the entry that says so is being written. */
  #stateOf({ state, expires }: RequestSummary): RequestSummary['state'] {
    const isOver = Date.parse(expires) <= this.#options.clock.now();
    return state === 'waiting' && isOver ? 'expired' : state;
  }

  /** A request that waits or ended lately, else out of the log. @throws {WorkError} code `request-unknown` */
  async #request(hash: string): Promise<RequestSummary> {
    const { requests, site } = this.#options;
    const known = requests.find(hash);
    if (known !== null) return known;
    const looked = { request: hash, facts: site.facts, among: MAX_ASKED_SINCE };
    return (await readRequest(site.ledger, looked)) ?? requests.show(hash);
  }

  #clock(): WallClock {
    return wallClock(this.#options.site, this.#options.clock);
  }
}

/** @throws {PageError} `text-empty`, `text-too-long` */
function checkLine(text: string): void {
  if (text === '') throw new PageError('text-empty', 'Cannot say line: it is empty');
  if (text.length > MAX_SAID_CHARS) {
    throw new PageError('text-too-long', `Cannot say line: longer than ${MAX_SAID_CHARS}`);
  }
}

/** The page that a line leads to says so as long as that line is among those that it shows. */
function justSaid(c: Context, chat: readonly ChatLine[]): Notice | null {
  const said = chat.find(({ index }) => String(index) === c.req.query('said'));
  if (said?.from !== 'client') return null;
  return {
    tone: 'good',
    title: 'Said, and on record',
    text: `It is entry ${said.index} of the record. The answer will stand on this page: look again in a while.`,
  };
}

/** What has ended some time ago is known to the log alone. */
function isTooLate(cause: unknown): boolean {
  const isOurs = cause instanceof WorkError;
  return isOurs && (cause.code === 'request-decided' || cause.code === 'request-unknown');
}

/** When its approvers were last reminded of a request. */
function remindedMs({ reminded }: RequestSummary): number {
  return reminded === null ? 0 : Date.parse(reminded.at);
}

const TOO_LATE: Notice = {
  tone: 'warn',
  title: 'Your decision came too late',
  text: 'It was not taken. What happened instead is below.',
};
