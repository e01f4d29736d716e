// How a machine came and went, as its site's log has it: a row an entry, the newest first, and how long it was so.

import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { factCard } from './fact-card.ts';
import type { FactCard } from './session-card.ts';

export interface ConnectivityRow {
  readonly card: FactCard;
  /** How it was from then on; what has passed stands out no more. */
  readonly state: { readonly tone: 'good' | 'bad' | 'idle'; readonly text: string };
  /** Until the next entry, in milliseconds; null: it is so still. */
  readonly lastedMs: number | null;
  /** Whether it was so for that long at most: the next entry says the same, and so not when this one ended. */
  readonly isAtMost: boolean;
}

/** Rows out of entries `endpoint.online` and `endpoint.offline`, newest first. */
export function connectivityRows(entries: readonly CheckedEntry[]): readonly ConnectivityRow[] {
  return entries.map((entry, place) => {
    const after = entries[place - 1];
    const card = factCard(entry);
    const isOnline = entry.leaf.k === 'endpoint.online';
    return {
      isAtMost: after?.leaf.k === entry.leaf.k,
      card,
      state:
        after === undefined
          ? { tone: isOnline ? 'good' : 'bad', text: card.title }
          : { tone: 'idle', text: isOnline ? 'Was connected' : card.title },
      lastedMs: after === undefined ? null : Date.parse(after.leaf.t) - Date.parse(entry.leaf.t),
    };
  });
}
