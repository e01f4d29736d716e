// A card of one entry alone: what it says in words, and the mark by which its proof is looked at.

import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { Grown } from './grown.ts';
import type { Card, EntryMark, FactCard } from './session-card.ts';
import { factWords } from './session-fact.ts';

/** Makes the card of an entry. */
export function factCard(entry: CheckedEntry): FactCard {
  return { ...baseOf(entry), kind: 'fact', ...factWords(entry) };
}

/** What every card has of its first entry. */
export function baseOf(entry: CheckedEntry): Pick<Card, 'key' | 'index' | 'at' | 'entries'> {
  const { leaf, name } = entry;
  return { key: name, index: leaf.i, at: leaf.t, entries: new Grown([markOf(entry)]) };
}

/** What a card keeps of an entry. */
export function markOf({ name, leaf }: CheckedEntry): EntryMark {
  return { name, leaf };
}
