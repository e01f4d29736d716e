// Sessions and requests of all sites as their pages list them: asked for, put in order, searched. Pure but for asking.

import type { RequestItem } from '#appliance/protocol/client-message.ts';
import { listSessions } from '#appliance/protocol/lists.ts';
import { REQUEST_WORDS } from '#appliance/protocol/request-state.ts';
import type { SessionSummary } from '#appliance/protocol/session-summary.ts';
import { visibleText } from '#crypto/visible.ts';
import { foldText } from './fleet.ts';
import type { SiteLink } from './site.ts';
import type { ListPage } from './state/site-lists.svelte.ts';
import type { Me } from './state/site.svelte.ts';
import { formatDuration } from './time.ts';

/** So much is asked for at once. */
const PAGE = 50;

type Asking = { readonly before: number | null; readonly signal: AbortSignal };

/** A request, and whose it is: null when its session has ended. */
export interface ListedRequest extends RequestItem {
  readonly technicianKey: string | null;
}

/** Something of a site. */
export interface OfSite<T> {
  readonly siteId: string;
  readonly place: string;
  readonly item: T;
}

/** What sites listed, each thing with its place. */
export function ofSites<T>(
  lists: readonly { readonly id: string; readonly items: readonly T[] }[],
  sites: readonly { readonly id: string; readonly name: string; readonly clientName: string }[],
): readonly OfSite<T>[] {
  const places = new Map(sites.map(({ id, name, clientName }) => [id, `${clientName} · ${name}`]));
  return lists.flatMap(({ id: siteId, items }) =>
    items.map((item) => ({ siteId, place: places.get(siteId) ?? siteId, item })),
  );
}

/** A page of a site's sessions; with the first one, every session that is open. */
export async function askSessions(
  link: Pick<SiteLink, 'call'>,
  { before, signal }: Asking,
): Promise<ListPage<SessionSummary>> {
  const call: SiteLink['call'] = (verb, parameters) => link.call(verb, parameters, { signal });
  const open = before === null ? await listSessions({ call }, { state: 'open' }) : [];
  const { sessions, next } = await call('session.list', { state: 'all', ...pageOf(before) });
  return { items: unite([...sessions, ...open], ({ session }) => session), next };
}

/** A page of a site's requests; with the first one, everything that waits. */
export async function askRequests(
  link: Pick<SiteLink, 'call'>,
  { before, signal }: Asking,
): Promise<ListPage<ListedRequest>> {
  const call: SiteLink['call'] = (verb, parameters) => link.call(verb, parameters, { signal });
  const waiting =
    before === null ? (await call('request.list', { state: 'waiting', limit: 1000 })).requests : [];
  const open = waiting.length === 0 ? [] : await listSessions({ call }, { state: 'open' });
  const keys = new Map(open.map(({ session, technicianKey }) => [session, technicianKey]));
  const { requests, next } = await call('request.list', { state: 'all', ...pageOf(before) });
  const items = unite([...waiting, ...requests], ({ request }) => request).map((item) => ({
    ...item,
    technicianKey: keys.get(item.session) ?? null,
  }));
  return { items, next };
}

export interface SessionFilter {
  readonly isOpenOnly: boolean;
  /** A technician's key; null: everybody's. */
  readonly of: string | null;
  readonly text: string;
}

/** Sessions that fit, open ones first, the newest first among them. */
export function chooseSessions(
  sessions: readonly OfSite<SessionSummary>[],
  { isOpenOnly, of, text }: SessionFilter,
): readonly OfSite<SessionSummary>[] {
  return sessions
    .filter(
      ({ item, place }) =>
        (!isOpenOnly || item.state === 'open') &&
        (of === null || item.technicianKey === of) &&
        hasWords([place, item.endpointName, item.technician, item.ticket, item.reason], text),
    )
    .sort(
      (a, b) =>
        Number(b.item.state === 'open') - Number(a.item.state === 'open') ||
        compare(b.item.openedAt, a.item.openedAt),
    );
}

/** Requests that fit: what waits by the time that is left, then what was decided, the newest first. */
export function chooseRequests(
  requests: readonly OfSite<ListedRequest>[],
  { isWaitingOnly, text }: { readonly isWaitingOnly: boolean; readonly text: string },
): readonly OfSite<ListedRequest>[] {
  return requests
    .filter(
      ({ item, place }) =>
        (!isWaitingOnly || item.state === 'waiting') &&
        hasWords([place, item.endpointName, item.technician, item.command, item.match], text),
    )
    .sort((a, b) => {
      const areWaiting = [a, b].map(({ item }) => item.state === 'waiting');
      if (areWaiting[0] !== areWaiting[1]) return areWaiting[0] === true ? -1 : 1;
      if (areWaiting[0] === true) return compare(a.item.expires, b.item.expires);
      return compare(b.item.requestedAt, a.item.requestedAt);
    });
}

/** How a request ended, by whom, and how long that took. Who agreed before another ended it is not named. */
export function decidedWords({
  state,
  requestedAt,
  decidedAt,
  decidedBy,
}: Pick<RequestItem, 'state' | 'requestedAt' | 'decidedAt' | 'decidedBy'>): string {
  const deciders = state === 'granted' ? decidedBy : decidedBy.slice(-1);
  const by = deciders.length === 0 ? '' : ` by ${visibleText(deciders.join(' and '))}`;
  const tookMs = decidedAt === null ? NaN : Date.parse(decidedAt) - Date.parse(requestedAt);
  const after = Number.isNaN(tookMs) ? '' : ` after ${formatDuration(Math.max(0, tookMs))}`;
  return state === 'expired' ? `nobody decided${after}` : `${REQUEST_WORDS[state]}${by}${after}`;
}

/** Whether a request is this person's to take back: the appliance asks the same. */
export function mayWithdraw(
  { technicianKey }: Pick<ListedRequest, 'technicianKey'>,
  { role, key }: Pick<Me, 'role' | 'key'>,
): boolean {
  return role === 'owner' || (key !== null && technicianKey === key);
}

function hasWords(texts: readonly (string | null)[], query: string): boolean {
  const text = foldText(texts.join('\n'));
  return foldText(query)
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function pageOf(before: number | null): { limit: number; before?: number } {
  return { limit: PAGE, ...(before === null ? {} : { before }) };
}

/** Each once, the first of those with one key. */
function unite<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const all = new Map<string, T>();
  for (const item of items) if (!all.has(keyOf(item))) all.set(keyOf(item), item);
  return [...all.values()];
}
