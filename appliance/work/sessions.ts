// The open sessions of a site: opened by a technician's key, closed by the technician, an approver, or time.

import { encodeBase64url } from '#crypto/base64.ts';
import { type Disclosure, parseDisclosure } from '#crypto/disclosure.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { leafHash } from '#crypto/hash.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import type { Envelope, Member } from '#crypto/statement.ts';
import type { Requests } from '../gate/requests.ts';
import { LedgerError } from '../ledger/error.ts';
import { IDLE_MS, MAX_SESSION_MS } from '../protocol/session-limits.ts';
import type { Clock } from './clock.ts';
import { WorkError } from './error.ts';
import type { EndpointLinks } from './link-port.ts';
import { record, type Recorded } from './record.ts';
import { checkOpening, CLIENT_AWAY_MS, type Session, type Stop } from './session.ts';
import type { Site } from './site.ts';

export interface Closing {
  readonly by: string;
  readonly reason: FieldsOf<'session.closed'>['reason'];
  readonly note: string | null;
  readonly ticket: string | null;
}

/** The open sessions of a running appliance. */
export class Sessions {
  readonly #site: Site;
  readonly #links: EndpointLinks;
  readonly #requests: Requests;
  readonly #clock: Clock;
  readonly #onFailure: (cause: unknown) => void;
  readonly #open = new Map<string, Session>();

  constructor(
    site: Site,
    ports: {
      links: EndpointLinks;
      requests: Requests;
      clock: Clock;
      /** Told when a session could not be closed by time: the log refuses, and somebody must know. */
      onFailure: (cause: unknown) => void;
    },
  ) {
    this.#site = site;
    this.#links = ports.links;
    this.#requests = ports.requests;
    this.#clock = ports.clock;
    this.#onFailure = ports.onFailure;
  }

  get open(): readonly Session[] {
    return [...this.#open.values()];
  }

  /** The open session with this id. @throws {WorkError} code `session-unknown` */
  find(id: string): Session {
    const session = this.#open.get(id);
    if (session === undefined) {
      throw new WorkError('session-unknown', 'Cannot find session: it is not open here');
    }
    return session;
  }

  /** Opens a session on record. @throws {WorkError} `endpoint-offline`, `session-exists`, as `checkOpening` */
  async openSession(options: {
    envelope: Envelope;
    /** The key of the member who asks. */
    caller: string;
    reason: string;
    ticket: string;
  }): Promise<Session> {
    const { envelope, caller } = options;
    const reason = parseDisclosure(options.reason);
    const ticket = parseDisclosure(options.ticket);
    const opening = await checkOpening(this.#site, { envelope, caller, reason, ticket });
    const { signed, technician, endpoint } = opening;
    const id = signed.statement.session;
    if (this.#open.has(id))
      throw new WorkError('session-exists', 'Cannot open session: it is open');
    if (!this.#links.isOnline(endpoint.id)) {
      throw new WorkError('endpoint-offline', `Cannot open session: ${endpoint.name} is offline`);
    }
    const opened = await this.#recordOpened({
      envelope,
      ...opening,
      disclosed: { reason, ticket },
    });
    const session: Session = {
      ...{ id, endpoint, technician, signed, envelope, opened },
      commands: new Map(),
      isClosing: false,
      stopped: null,
      clientLeft: null,
      stopTimers: [],
    };
    this.#open.set(id, session);
    this.touch(session);
    await this.#checkStill(session);
    return session;
  }

  /** What changed while the opening was on its way to the disk counts: such a session is closed at once. */
  async #checkStill(session: Session): Promise<void> {
    const { endpoint, signed } = session;
    const { members } = this.#site.roster.signed.statement;
    const isMember = members.some(
      ({ key, role }) => key === signed.statement.by && role !== 'reviewer',
    );
    const isEnrolled = this.#site.endpoints.some(({ id }) => id === endpoint.id);
    if (isMember && isEnrolled) return;
    const reason = isMember ? 'endpoint-removed' : 'revoked';
    if (!session.isClosing) {
      await this.closeSession(session, { by: 'appliance', reason, note: null, ticket: null });
    }
    throw new WorkError('not-allowed', `Cannot open session: ${reason} meanwhile`);
  }

  /** Says that something happened in a session: its idle time begins anew. */
  touch(session: Session): void {
    for (const stop of session.stopTimers.splice(0)) stop();
    if (session.isClosing) return;
    const { not_before: notBefore, expires } = session.signed.statement;
    const endMs = Math.min(Date.parse(expires), Date.parse(notBefore) + MAX_SESSION_MS);
    const leftMs = endMs - this.#clock.now();
    const closing = { by: 'appliance', note: null, ticket: null };
    session.stopTimers = [
      this.#clock.after(IDLE_MS, () => {
        const isBusy = [...session.commands.values()].some((command) => command !== null);
        if (isBusy) this.touch(session);
        else this.#closeByTime(session, { ...closing, reason: 'idle' });
      }),
      this.#clock.after(leftMs, () => {
        this.#closeByTime(session, { ...closing, reason: 'too-long' });
      }),
    ];
  }

  /**
   * Ties a session to the client that opened it for one command. Once that is gone for CLIENT_AWAY_MS, what waits in
   * the session is withdrawn, and when what runs has ended it is closed.
   */
  tie(session: Session, clientLeft: AbortSignal): void {
    session.clientLeft = clientLeft;
    session.stopped = null;
    const onLeft = (): void => {
      this.#clock.after(CLIENT_AWAY_MS, () => {
        this.#windUp(session, clientLeft).catch((cause: unknown) => {
          const isOver = cause instanceof LedgerError && cause.code === 'closed';
          if (!isOver) this.#onFailure(cause);
        });
      });
    };
    if (clientLeft.aborted) onLeft();
    else clientLeft.addEventListener('abort', onLeft, { once: true });
  }

  /** Ties a session whose client is gone to the one that goes on in its place. */
  retie(session: Session, clientLeft: AbortSignal): void {
    if (session.clientLeft?.aborted === true) this.tie(session, clientLeft);
  }

  async #windUp(session: Session, clientLeft: AbortSignal): Promise<void> {
    const isLeft = (): boolean =>
      session.clientLeft === clientLeft && this.#open.has(session.id) && !session.isClosing;
    if (!isLeft()) return;
    session.stopped = { name: 'appliance', by: 'appliance' };
    await this.#requests.withdrawAll(session.id, { by: 'appliance', reason: CLIENT_GONE });
    const live = [...session.commands.values()].filter((command) => command !== null);
    await Promise.allSettled(live.map(({ ended }) => ended));
    if (!isLeft()) return;
    const closing = { by: 'appliance', reason: 'client-gone', note: null, ticket: null } as const;
    await this.closeSession(session, closing);
  }

  /**
   * Ends what runs and waits in a session, then closes it. Nothing of it runs after its last entry.
   * @throws {WorkError} code `session-closed` while it is being closed
   * @throws {LedgerError} when that cannot be recorded: then it stays open
   */
  async closeSession(session: Session, closing: Closing): Promise<Recorded> {
    if (session.isClosing) throw new WorkError('session-closed', 'Cannot close session: it closes');
    session.isClosing = true;
    for (const stop of session.stopTimers.splice(0)) stop();
    try {
      await this.#endWork(session, closing);
      const entry = await record(this.#site.ledger, {
        kind: 'session.closed',
        session: session.id,
        endpoint: session.endpoint.id,
        fields: closing,
        isEssential: true,
      });
      this.#open.delete(session.id);
      return entry;
    } catch (cause) {
      session.isClosing = false;
      this.touch(session); // time will try again
      throw cause;
    }
  }

  async #endWork(session: Session, { by, reason }: Closing): Promise<void> {
    const stop = stopOf({ by, reason });
    for (const command of session.commands.values()) if (command !== null) command.stopped ??= stop;
    await this.#requests.withdrawAll(session.id, { by: stop.name, reason: CLOSED_WHY[reason] });
    const ended: Promise<unknown>[] = [];
    for (const command of session.commands.values()) {
      if (command === null) continue;
      command.stopped ??= stop; // admitted meanwhile
      if (command.run !== null) this.#links.cancel(session.endpoint.id, command.run);
      ended.push(command.ended);
    }
    await Promise.allSettled(ended);
  }

  /** Records a line of chat. */
  async say(
    session: Session,
    { from, name, text }: { from: 'technician' | 'client'; name: string; text: string },
  ): Promise<Recorded> {
    this.touch(session);
    return record(this.#site.ledger, {
      kind: 'chat.said',
      session: session.id,
      endpoint: session.endpoint.id,
      fields: { from, name, text: { bytes: encodeUtf8(text) } },
    });
  }

  #recordOpened({
    envelope,
    technician,
    endpoint,
    signed,
    disclosed,
  }: {
    envelope: Envelope;
    technician: Member;
    endpoint: Session['endpoint'];
    signed: Session['signed'];
    disclosed: { reason: Disclosure; ticket: Disclosure };
  }): Promise<Recorded> {
    const { client, site } = this.#site.facts;
    const { ledger, roster } = this.#site;
    const enrolment = encodeBase64url(leafHash(ledger.leafBytes(endpoint.index)));
    return record(ledger, {
      kind: 'session.opened',
      session: signed.statement.session,
      endpoint: endpoint.id,
      ref: { roster: roster.entry, enrolment },
      disclosed,
      fields: {
        technician: technician.name,
        technician_id: technician.id,
        endpoint_name: endpoint.name,
        client,
        site,
        statement: envelope,
      },
    });
  }

  #closeByTime(session: Session, closing: Closing): void {
    if (session.isClosing) return;
    this.closeSession(session, closing).catch(this.#onFailure);
  }
}

const CLIENT_GONE = 'The program that asked has gone.';

/** Why what waited in a session that is closed is withdrawn. */
const CLOSED_WHY: Readonly<Record<Closing['reason'], string>> = {
  technician: 'The session was closed.',
  approver: 'The session was closed.',
  idle: 'The session was closed: nothing happened in it for too long.',
  'too-long': 'The session was closed: its time was over.',
  revoked: 'The session was closed: its technician is not on the roster any more.',
  'endpoint-removed': 'The session was closed: the endpoint was removed.',
  'client-gone': CLIENT_GONE,
};

/** Who stops the commands of a session that is closed. */
function stopOf({ by: name, reason }: Pick<Closing, 'by' | 'reason'>): Stop {
  if (reason === 'technician' || reason === 'approver') return { name, by: reason };
  return { name, by: 'appliance' };
}
