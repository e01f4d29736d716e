// Whole lists: an appliance answers them page by page, and these ask until there is no next one.

import type { Client, Parameters } from './client.ts';
import type { RequestItem } from './client-message.ts';
import type { EndpointSummary, TokenSummary } from './endpoint-summary.ts';
import type { SessionSummary } from './session-summary.ts';

type Caller = Pick<Client, 'call'>;

/** The most that one page may be asked for. */
const PAGE = 1000;
/** The most that is taken of a list, whatever an appliance says. */
const MAX_ITEMS = 100_000;

/** Every endpoint, in the order of ids. */
export function listEndpoints(client: Caller): Promise<EndpointSummary[]> {
  return gather<EndpointSummary, string>(async (after) => {
    const { endpoints, next } = await client.call('endpoint.list', {
      ...(after === null ? {} : { after }),
    });
    return { items: endpoints, next };
  });
}

/** Every enrolment token that can be used still, in the order of ids. */
export function listTokens(client: Caller): Promise<TokenSummary[]> {
  return gather<TokenSummary, string>(async (after) => {
    const { tokens, next } = await client.call('endpoint.tokens', {
      ...(after === null ? {} : { after }),
    });
    return { items: tokens, next };
  });
}

/** Sessions, newest first; with `limit`, so many at most. */
export function listSessions(
  client: Caller,
  { limit = MAX_ITEMS, ...wanted }: Listing<'session.list'>,
): Promise<SessionSummary[]> {
  return gather<SessionSummary, number>(async (before, left) => {
    const { sessions, next } = await client.call('session.list', {
      ...wanted,
      ...pageOf(before, left),
    });
    return { items: sessions, next };
  }, limit);
}

/** Requests, newest first; with `limit`, so many at most. */
export function listRequests(
  client: Caller,
  { limit = MAX_ITEMS, ...wanted }: Listing<'request.list'>,
): Promise<RequestItem[]> {
  return gather<RequestItem, number>(async (before, left) => {
    const { requests, next } = await client.call('request.list', {
      ...wanted,
      ...pageOf(before, left),
    });
    return { items: requests, next };
  }, limit);
}

type Listing<V extends 'session.list' | 'request.list'> = Omit<
  Parameters<V>,
  'limit' | 'before'
> & { readonly limit?: number };

function pageOf(before: number | null, left: number): { limit: number; before?: number } {
  return { limit: Math.min(left, PAGE), ...(before === null ? {} : { before }) };
}

async function gather<T, C>(
  ask: (cursor: C | null, left: number) => Promise<{ items: readonly T[]; next: C | null }>,
  limit = MAX_ITEMS,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: C | null = null;
  do {
    const page: { items: readonly T[]; next: C | null } = await ask(cursor, limit - all.length);
    all.push(...page.items);
    cursor = page.items.length === 0 ? null : page.next; // an empty page leads nowhere
  } while (cursor !== null && all.length < limit);
  return all;
}
