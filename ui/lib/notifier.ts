// Turns what the host tells while a page is open into notices. Who asks and who decided only the site knows: it is
// asked, end to end, by this browser when it is unlocked; else a notice says less.

import type { SessionSummary } from '#appliance/protocol/session-summary.ts';
import type { LiveEvent } from './live.ts';
import type { NoticeKind } from './notice-kinds.ts';
import {
  decidedNotice,
  machineNotice,
  type Notice,
  type NoticePlace,
  rosterNotice,
  sessionNotice,
  siteNotice,
  waitingNotice,
} from './notices.ts';
import type { ListedRequest } from './work-lists.ts';

/** An appliance that comes back within so long was not away. */
export const AWAY_MS = 30_000;

/** What is known of an endpoint. */
export interface KnownEndpoint {
  readonly siteId: string;
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly openSession: string | null;
}

/** How everything was when the page was opened. */
export interface NoticeBasis {
  readonly sites: readonly NoticePlace[];
  readonly endpoints: readonly KnownEndpoint[];
  /** When the roster ends; null: there is none. */
  readonly rosterExpires: string | null;
}

export interface NotifierOptions {
  readonly kinds: readonly NoticeKind[];
  readonly basis: NoticeBasis;
  /** The key of one's own in rosters; null: none. */
  readonly ownKey: string | null;
  /** Asks a site for its newest requests or its open sessions; null: this browser cannot. Never rejects. */
  readonly requests: (siteId: string) => Promise<readonly ListedRequest[] | null>;
  readonly sessions: (siteId: string) => Promise<readonly SessionSummary[] | null>;
  readonly show: (notice: Notice) => void;
  readonly now: () => number;
  /** Runs later; the answer takes it back. */
  readonly after: (delayMs: number, work: () => void) => () => void;
}

export class Notifier {
  readonly #options: NotifierOptions;
  readonly #places: ReadonlyMap<string, NoticePlace>;
  readonly #endpoints: Map<string, KnownEndpoint>;
  /** By site: how many requests waited when it last said so. */
  readonly #waiting = new Map<string, number>();
  /** By site: requests of one's own that waited when it was last asked. */
  readonly #own = new Map<string, ReadonlySet<string>>();
  readonly #leaving = new Map<string, () => void>();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: NotifierOptions) {
    this.#options = options;
    const { sites, endpoints, rosterExpires } = options.basis;
    this.#places = new Map(sites.map((site) => [site.id, site]));
    this.#endpoints = new Map(endpoints.map((endpoint) => [keyOf(endpoint), endpoint]));
    if (rosterExpires !== null && this.#wants('roster-ends')) {
      this.#show(rosterNotice({ expires: rosterExpires, nowMs: options.now() }));
    }
  }

  /** Takes what was told; one after the other, for sites are asked in between. Resolves when all is said. */
  take(events: readonly LiveEvent[]): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      for (const event of events) await this.#takeOne(event);
    });
    return this.#turn;
  }

  /** Says nothing more. */
  stop(): void {
    for (const cancel of this.#leaving.values()) cancel();
    this.#leaving.clear();
  }

  async #takeOne(event: LiveEvent): Promise<void> {
    switch (event.kind) {
      case 'endpoints':
        for (const endpoint of event.items) await this.#takeEndpoint(endpoint);
        return;
      case 'site': {
        const place = this.#places.get(event.siteId);
        if (place === undefined) return; // came after the page was opened
        if (event.link !== undefined) this.#takeLink(place, event.link);
        if (event.waiting !== undefined) await this.#takeWaiting(place, event.waiting);
        return;
      }
      case 'gone':
        for (const id of event.ids) this.#endpoints.delete(`${event.siteId} ${id}`);
        return;
      case 'roster':
        return; // a new one was signed: that is no news to warn of
      default:
        throw new Error(`unreachable: event ${String(event satisfies never)}`);
    }
  }

  async #takeEndpoint(endpoint: KnownEndpoint): Promise<void> {
    const before = this.#endpoints.get(keyOf(endpoint));
    this.#endpoints.set(keyOf(endpoint), endpoint);
    const place = this.#places.get(endpoint.siteId);
    if (before === undefined || place === undefined) return;
    const { state, openSession, name } = endpoint;
    if (state === 'offline' && before.state !== state && this.#wants('went-offline')) {
      this.#show(machineNotice(place, endpoint));
    }
    const isNew = openSession !== null && openSession !== before.openSession;
    if (!isNew || !this.#wants('session-opened')) return;
    const sessions = await this.#options.sessions(place.id);
    const opened = sessions?.find(({ session }) => session === openSession) ?? null;
    if (opened !== null && opened.technicianKey === this.#options.ownKey) return;
    this.#show(sessionNotice(place, { name, session: openSession }, opened));
  }

  #takeLink(place: NoticePlace, link: 'came' | 'went'): void {
    this.#leaving.get(place.id)?.();
    this.#leaving.delete(place.id);
    if (link === 'came' || !this.#wants('went-offline')) return;
    const cancel = this.#options.after(AWAY_MS, () => {
      this.#leaving.delete(place.id);
      this.#show(siteNotice(place));
    });
    this.#leaving.set(place.id, cancel);
  }

  async #takeWaiting(place: NoticePlace, count: number): Promise<void> {
    const before = this.#waiting.get(place.id);
    this.#waiting.set(place.id, count);
    const more = before === undefined ? 0 : count - before; // the first time nothing is known to be new
    const isOwnOpen = (this.#own.get(place.id)?.size ?? 0) > 0;
    const isAsked = this.#wants('request-waits') || this.#wants('request-decided');
    if (!isAsked || (more <= 0 && !isOwnOpen && before !== undefined)) return;
    if (before === undefined && count === 0) return;
    const requests = await this.#options.requests(place.id);
    if (requests === null) {
      if (more > 0 && this.#wants('request-waits')) this.#show(waitingNotice(place, null));
      return;
    }
    if (this.#wants('request-decided')) this.#tellDecided(place, requests);
    const waiting = requests.filter(({ state }) => state === 'waiting');
    const own = waiting.filter((request) => this.#isOwn(request));
    this.#own.set(place.id, new Set(own.map(({ request }) => request)));
    if (more <= 0 || !this.#wants('request-waits')) return;
    const newest = waiting.toSorted((a, b) => b.index - a.index).slice(0, more);
    for (const request of newest) {
      if (!this.#isOwn(request)) this.#show(waitingNotice(place, request));
    }
  }

  #tellDecided(place: NoticePlace, requests: readonly ListedRequest[]): void {
    const own = this.#own.get(place.id) ?? new Set();
    for (const request of requests) {
      if (own.has(request.request)) this.#show(decidedNotice(place, request));
    }
  }

  #isOwn({ technicianKey }: ListedRequest): boolean {
    return technicianKey !== null && technicianKey === this.#options.ownKey;
  }

  #wants(kind: NoticeKind): boolean {
    return this.#options.kinds.includes(kind);
  }

  #show(notice: Notice | null): void {
    if (notice !== null) this.#options.show(notice);
  }
}

function keyOf({ siteId, id }: { readonly siteId: string; readonly id: string }): string {
  return `${siteId} ${id}`;
}
