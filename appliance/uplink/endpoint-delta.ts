// What to tell of the endpoints: all of them first, then those that changed and those that were removed.

import {
  MAX_ENDPOINTS_PER_MESSAGE,
  type UplinkEndpoint,
  type UplinkEndpoints,
} from '../protocol/uplink-message.ts';

/** What was told, by id. */
export type ToldEndpoints = ReadonlyMap<string, string>;

/** The messages that bring a console from what it was told to what is; null: it was told nothing yet. */
export function endpointDelta(
  told: ToldEndpoints | null,
  endpoints: readonly UplinkEndpoint[],
): { readonly told: ToldEndpoints; readonly messages: readonly UplinkEndpoints[] } {
  const now = new Map(endpoints.map((each) => [each.endpoint, JSON.stringify(each)]));
  const changed = endpoints.filter((each) => told?.get(each.endpoint) !== now.get(each.endpoint));
  const removed = [...(told?.keys() ?? [])].filter((id) => !now.has(id));
  const messages: UplinkEndpoints[] = [];
  const size = MAX_ENDPOINTS_PER_MESSAGE;
  const count = Math.max(changed.length, removed.length);
  for (let at = 0; at < count; at += size) {
    messages.push({
      kind: 'endpoints',
      isReset: told === null && at === 0,
      isWhole: at + size >= count,
      endpoints: changed.slice(at, at + size),
      removed: removed.slice(at, at + size),
    });
  }
  if (told === null && messages.length === 0) {
    const none = { endpoints: [], removed: [] };
    messages.push({ kind: 'endpoints', isReset: true, isWhole: true, ...none });
  }
  return { told: now, messages };
}
