// One session as its page shows it: read from the site and followed over every loss of the link, each entry checked
// before it is shown; and what its technician does in it. The log is what counts: a command that was sent is shown by
// its entries, and one of which nobody knows whether it arrived is never sent twice.

import { ClientError } from '#appliance/protocol/client.ts';
import type { SignedCommand } from '#appliance/protocol/client-message.ts';
import type { CommandFields } from '#appliance/protocol/command-fields.ts';
import { signCommand } from '#appliance/protocol/session-key.ts';
import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import type { StatementOf } from '#crypto/statement.ts';
import { endpointOs } from '#ui/lib/endpoint-shells.ts';
import type { SessionKeys } from '#ui/lib/keeper.ts';
import { inNextFrame } from '#ui/lib/next-frame.ts';
import type { Judged } from '#ui/lib/outlook.ts';
import { type Card, type CommandCard, isUnderWay } from '#ui/lib/session-card.ts';
import { SessionCards } from '#ui/lib/session-cards.ts';
import { type SessionLimits, sessionLimits } from '#ui/lib/session-limits.ts';
import { checkNext, type Opening, openingOf } from '#ui/lib/session-opening.ts';
import { cutWords, problemWords } from '#ui/lib/session-problem.ts';
import { sessionSigner } from '#ui/lib/session-signer.ts';
import type { SiteLink } from '#ui/lib/site.ts';
import type { Me } from './site.svelte.ts';

export type SessionPhase = 'loading' | 'live' | 'ended' | 'failed';

export interface SessionStateOptions {
  readonly link: Pick<SiteLink, 'call' | 'readSession' | 'state'>;
  readonly session: string;
  /** Of the log that the session must be in. */
  readonly origin: string;
  /** The session's key, when it was opened in this browser. */
  readonly keys: SessionKeys | undefined;
  readonly me: Me;
  readonly now: () => number;
  /** Told each entry that is taken up, once and in order. */
  readonly onEntry?: (entry: CheckedEntry) => void;
  /** Runs `flush` soon; entries until then are shown together. @default with the next frame */
  readonly schedule?: (flush: () => void) => void;
}

export interface RunOptions {
  readonly shell: CommandFields['shell'];
  readonly why?: string | null;
  readonly timeoutMs?: number;
  readonly cwd?: string | null;
  /** A command that only reads, run before and after: what it prints shows what changed. */
  readonly state?: string | null;
}

/** What of a command decides what becomes of it. */
export interface JudgedLine {
  readonly command: string;
  readonly shell: CommandFields['shell'];
  readonly cwd: string | null;
  readonly state: string | null;
}

/** A command that was sent and of which the log says nothing yet. */
export interface Outgoing {
  readonly hash: string;
  readonly command: string;
  /** `lost`: nobody knows whether it arrived. `failed`: it did not run, and is on no record. */
  readonly state: 'sending' | 'lost' | 'failed';
  readonly problem: string | null;
}

export const DEFAULT_TIMEOUT_MS = 600_000;
const OUTPUT_LIMIT = 64 * 1024 * 1024;

export class SessionState implements AsyncDisposable {
  readonly session: string;
  readonly me: Me;
  readonly keys: SessionKeys | undefined;
  readonly #options: SessionStateOptions;
  readonly #closing = new AbortController();
  readonly #fold = new SessionCards();
  #reading: Promise<void> | null = null;
  #previous: CheckedEntry | null = null;
  #isFlushing = false;
  #cards = $state.raw<readonly Card[]>([]);
  #outgoing = $state.raw<readonly Outgoing[]>([]);
  #opening = $state.raw<Opening | null>(null);
  #phase = $state.raw<SessionPhase>('loading');
  #problem = $state.raw<string | null>(null);
  #entries = $state.raw(0);
  #lastMs = $state.raw(0);
  #os = $state.raw<string | null>(null);

  constructor(options: SessionStateOptions) {
    this.#options = options;
    this.session = options.session;
    this.me = options.me;
    this.keys = options.keys;
  }

  /** In the order of the log. */
  get cards(): readonly Card[] {
    return this.#cards;
  }

  get outgoing(): readonly Outgoing[] {
    return this.#outgoing;
  }

  /** Null until its first entry was read. */
  get opening(): Opening | null {
    return this.#opening;
  }

  get phase(): SessionPhase {
    return this.#phase;
  }

  /** Why it cannot be shown; null while it can. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Whether nobody ended it: the appliance restarted under it. */
  get isAbandoned(): boolean {
    return this.#phase === 'ended' && this.#previous?.leaf.k === 'session.abandoned';
  }

  /** Entries shown so far. */
  get entries(): number {
    return this.#entries;
  }

  /** When it ends by itself; null before its opening was read. */
  get limits(): SessionLimits | null {
    const opening = this.#opening;
    if (opening === null) return null;
    const isBusy = this.#cards.some((card) => card.kind === 'command' && isUnderWay(card));
    return sessionLimits({ endsAtMs: opening.endsAtMs, lastMs: this.#lastMs, isBusy });
  }

  /** The endpoint's operating system; null until it is known, and when it is not its technician who looks. */
  get os(): string | null {
    return this.#os;
  }

  /** Whether the person who looks opened it. */
  get isOwn(): boolean {
    return this.me.key !== null && this.#opening?.by === this.me.key;
  }

  /** Whether the person may speak in it, and end it, whosever it is. */
  get canTakePart(): boolean {
    return this.#phase === 'live' && (this.me.role === 'owner' || this.me.role === 'technician');
  }

  /** Whether commands can be signed here: its own, by the key that is in this browser, while that lasts. */
  canRunAt(nowMs: number): boolean {
    return this.#phase === 'live' && this.isOwn && nowMs < (this.keys?.endsAtMs ?? -Infinity);
  }

  /** Begins to read, and goes on until the session ends or this is disposed. Resolves then; never rejects. */
  follow(): Promise<void> {
    this.#reading ??= this.#follow();
    return this.#reading;
  }

  /**
   * Signs a command and sends it. Resolves when it is on its way; its card, or `outgoing`, says what became of it.
   * @throws {ClientError} `away` or `request-invalid`: nothing was sent
   */
  async run(command: string, options: RunOptions): Promise<void> {
    const { link } = this.#options;
    if (link.state.kind !== 'open') throw new ClientError('away', 'The site cannot be reached now');
    const work = await this.#sign(command, { purpose: 'work', options });
    const state = options.state ?? null;
    const before =
      state === null ? null : await this.#sign(state, { purpose: 'state-before', options });
    const after =
      state === null ? null : await this.#sign(state, { purpose: 'state-after', options });
    const { hash } = work;
    this.#outgoing = [...this.#outgoing, { hash, command, state: 'sending', problem: null }];
    const answered = link.call('command.submit', {
      session: this.session,
      command: wire(work),
      why: options.why ?? null,
      before: before && wire(before),
      after: after && wire(after),
    });
    answered.then(
      () => this.forget(hash),
      (cause: unknown) => this.#fail(hash, cause),
    );
  }

  /**
   * Asks what would become of a command if it were sent now: nothing is signed, sent or recorded.
   * @throws {ClientError} `state-not-read-only`, or the site's code for why nothing could run
   */
  async judge({ command, shell, cwd, state }: JudgedLine, signal: AbortSignal): Promise<Judged> {
    const { link } = this.#options;
    const ask = (text: string): Promise<Judged> =>
      link.call(
        'command.judge',
        { session: this.session, fields: { command: text, shell, cwd, env: {} } },
        { signal },
      );
    if (state !== null && (await ask(state)).effect !== 'allow') {
      throw new ClientError('state-not-read-only', 'Cannot capture state: it would be asked');
    }
    return await ask(command);
  }

  /** Cancels a command by the hash of its statement. Answers whether there was something to cancel. */
  async cancel({ statement }: Pick<CommandCard, 'statement'>): Promise<boolean> {
    if (statement === null) return false;
    const { session } = this;
    const { cancelled } = await this.#options.link.call('command.cancel', {
      session,
      command: statement,
    });
    return cancelled;
  }

  async say(text: string): Promise<void> {
    await this.#options.link.call('chat.say', { session: this.session, text });
  }

  /** Takes a request back. */
  async withdraw({ request }: Pick<CommandCard, 'request'>, reason: string | null): Promise<void> {
    if (request === null) return;
    await this.#options.link.call('request.withdraw', { request: request.name, reason });
  }

  /** Has the approvers of a request told of it once more. */
  async remind({ request }: Pick<CommandCard, 'request'>): Promise<void> {
    if (request === null) return;
    await this.#options.link.call('request.remind', { request: request.name });
  }

  async close(note: string | null, ticket: string | null): Promise<void> {
    await this.#options.link.call('session.close', { session: this.session, note, ticket });
  }

  /** Shows a sent command no longer among those that the log does not know. */
  forget(hash: string): void {
    this.#outgoing = this.#outgoing.filter((sent) => sent.hash !== hash);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new ClientError('closed', 'The page let go of the session'));
    await this.#reading;
  }

  async #follow(): Promise<void> {
    const { link } = this.#options;
    const { signal } = this.#closing;
    const onEntry = (entry: CheckedEntry): void => this.#take(entry);
    try {
      const { next, isOver } = await link.readSession(this.session, {
        ...{ from: 0, follow: false, onEntry, signal },
      });
      this.#flush();
      this.#phase = isOver ? 'ended' : 'live';
      if (isOver) return;
      const looking = this.#lookUpOs(signal);
      await link.readSession(this.session, { from: next, follow: true, onEntry, signal });
      await looking;
      this.#flush();
      this.#phase = 'ended';
    } catch (cause) {
      if (signal.aborted) return;
      this.#flush();
      this.#problem = cutWords(cause, { wasIn: this.#opening !== null, isOwn: this.isOwn });
      this.#phase = 'failed';
    }
  }

  /** Never rejects: without it the usual shells are offered. */
  async #lookUpOs(signal: AbortSignal): Promise<void> {
    const endpoint = this.#opening?.endpoint;
    if (!this.isOwn || endpoint === undefined) return;
    try {
      this.#os = await endpointOs(this.#options.link, { endpoint, signal });
    } catch {
      return; // that the site is away, or refuses, is told by the reading
    }
  }

  #take(entry: CheckedEntry): void {
    checkNext(entry, { origin: this.#options.origin, previous: this.#previous });
    if (this.#previous === null) this.#opening = openingOf(entry);
    this.#fold.take(entry);
    this.#previous = entry;
    this.#options.onEntry?.(entry);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const { schedule = inNextFrame } = this.#options;
    schedule(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    this.#cards = this.#fold.cards();
    this.#entries = (this.#previous?.leaf.n ?? -1) + 1;
    this.#lastMs = Date.parse(this.#previous?.leaf.t ?? '');
    const unknown = this.#outgoing.filter(({ hash }) => !this.#fold.has(hash));
    if (unknown.length < this.#outgoing.length) this.#outgoing = unknown;
  }

  #fail(hash: string, cause: unknown): void {
    const isLost = cause instanceof ClientError && cause.code === 'stream-lost';
    const state = isLost ? 'lost' : 'failed';
    const problem = problemWords(cause);
    this.#outgoing = this.#outgoing.map((sent) =>
      sent.hash === hash ? { ...sent, state, problem } : sent,
    );
  }

  async #sign(
    command: string,
    { purpose, options }: { purpose: StatementOf<'command'>['purpose']; options: RunOptions },
  ): Promise<SignedCommand & { readonly hash: string }> {
    const { keys } = this;
    const endpoint = this.#opening?.endpoint;
    if (keys === undefined || endpoint === undefined) {
      throw new ClientError('request-invalid', 'Commands run from where the session was opened');
    }
    const { shell, cwd = null, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    return signCommand({
      place: { log: this.#options.origin, endpoint, session: this.session },
      key: await sessionSigner(keys.pair),
      purpose,
      fields: {
        ...{ command, shell, cwd, env: {} },
        ...{ timeout_ms: timeoutMs, output_limit: OUTPUT_LIMIT },
      },
      nowMs: this.#options.now(),
    });
  }
}

function wire({ envelope, disclosures }: SignedCommand): SignedCommand {
  return { envelope, disclosures };
}
