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

/** What an appliance told last. */
export interface KnownStatus {
  /** How many requests wait there. */
  readonly waiting: number;
  /** How many entries its log had: a request whose index is less was there already. */
  readonly size: number;
}

/** What is known of a site. */
export interface KnownSite extends NoticePlace {
  readonly isOnline: boolean;
  /** Null: its appliance has told nothing since it is linked, or is not linked. */
  readonly status: KnownStatus | null;
}

/** How everything is when it is asked for: what comes after that is news. */
export interface NoticeBasis {
  readonly sites: readonly KnownSite[];
  readonly endpoints: readonly KnownEndpoint[];
  /** When the roster ends; null: there is none. */
  readonly rosterExpires: string | null;
}

export interface NotifierOptions {
  readonly kinds: readonly NoticeKind[];
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
  #places: ReadonlyMap<string, NoticePlace> = new Map();
  readonly #endpoints = new Map<string, KnownEndpoint>();
  readonly #online = new Map<string, boolean>();
  /** By site: how many requests waited when it last said so. */
  readonly #waiting = new Map<string, number>();
  /** By site: requests from this index on are news. */
  readonly #next = new Map<string, number>();
  /** By site: requests of one's own that waited when it was last asked. */
  readonly #own = new Map<string, ReadonlySet<string>>();
  readonly #leaving = new Map<string, () => void>();
  /** What was told before anything was known; null: something is. */
  #early: LiveEvent[] | null = [];
  #turn: Promise<void> = Promise.resolve();

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /**
   * Takes how everything is. The first time that is no news; when the host was out of hearing and this comes again,
   * what differs is what it told meanwhile. Resolves when all is said.
   */
  learn({ sites, endpoints, rosterExpires }: NoticeBasis): Promise<void> {
    const early = this.#early;
    this.#early = null;
    return this.#inTurn(async () => {
      this.#places = new Map(sites.map((site) => [site.id, site]));
      if (early !== null) this.#takeRoster(rosterExpires);
      for (const endpoint of endpoints) await this.#takeEndpoint(endpoint);
      for (const site of sites) {
        const wasOnline = this.#online.get(site.id) ?? site.isOnline;
        this.#online.set(site.id, site.isOnline);
        if (site.isOnline !== wasOnline) this.#takeLink(site, site.isOnline ? 'came' : 'went');
        await this.#takeStatus(site, site.status);
      }
      for (const event of early ?? []) await this.#takeOne(event);
    });
  }

  /**
   * Takes what was told; one after the other, for sites are asked in between. Resolves when all is said, or is kept
   * until something is known.
   */
  take(events: readonly LiveEvent[]): Promise<void> {
    this.#early?.push(...events);
    if (this.#early !== null) return Promise.resolve();
    return this.#inTurn(async () => {
      for (const event of events) await this.#takeOne(event);
    });
  }

  /** Says nothing more. */
  stop(): void {
    for (const cancel of this.#leaving.values()) cancel();
    this.#leaving.clear();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work);
    return this.#turn;
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
        await this.#takeStatus(place, event.status ?? null);
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

  #takeRoster(expires: string | null): void {
    if (expires === null || !this.#wants('roster-ends')) return;
    this.#show(rosterNotice({ expires, nowMs: this.#options.now() }));
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
    this.#online.set(place.id, link === 'came');
    if (link === 'came' || !this.#wants('went-offline')) return;
    const cancel = this.#options.after(AWAY_MS, () => {
      this.#leaving.delete(place.id);
      this.#show(siteNotice(place));
    });
    this.#leaving.set(place.id, cancel);
  }

  async #takeStatus(place: NoticePlace, status: KnownStatus | null): Promise<void> {
    if (status === null) return;
    const { id } = place;
    const before = this.#waiting.get(id);
    this.#waiting.set(id, status.waiting);
    if (before === undefined) this.#next.set(id, status.size); // what waits already is no news
    const isMore = before !== undefined && status.waiting > before;
    const isOwnOpen =
      before === undefined ? status.waiting > 0 : (this.#own.get(id)?.size ?? 0) > 0;
    const isOwnAsked = this.#wants('request-decided') && (isMore || isOwnOpen);
    if (!isOwnAsked && !(isMore && this.#wants('request-waits'))) return;
    const requests = await this.#options.requests(id);
    if (requests === null) {
      if (!isMore) return;
      this.#next.set(id, status.size);
      if (this.#wants('request-waits')) this.#show(waitingNotice(place, null));
      return;
    }
    const sinceIndex = before === undefined ? Infinity : (this.#next.get(id) ?? 0);
    if (this.#wants('request-decided')) this.#tellDecided(place, requests, { sinceIndex });
    if (before !== undefined) this.#tellWaiting(place, requests);
    const own = requests.filter((each) => each.state === 'waiting' && this.#isOwn(each));
    this.#own.set(id, new Set(own.map(({ request }) => request)));
  }

  #tellWaiting(place: NoticePlace, requests: readonly ListedRequest[]): void {
    const next = this.#next.get(place.id) ?? 0;
    this.#next.set(place.id, Math.max(next, ...requests.map(({ index }) => index + 1)));
    if (!this.#wants('request-waits')) return;
    for (const request of requests) {
      const isNews = request.state === 'waiting' && request.index >= next;
      if (isNews && !this.#isOwn(request)) this.#show(waitingNotice(place, request));
    }
  }

  /** Of one's own that waited, and of those asked since: they may have ended before the site had answered. */
  #tellDecided(
    place: NoticePlace,
    requests: readonly ListedRequest[],
    { sinceIndex }: { sinceIndex: number },
  ): void {
    const own = this.#own.get(place.id) ?? new Set();
    for (const request of requests) {
      const isNews = request.index >= sinceIndex && this.#isOwn(request);
      if (isNews || own.has(request.request)) this.#show(decidedNotice(place, request));
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
