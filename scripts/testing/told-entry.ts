// Entries of no session made by hand, for tests of what shows them: sealed and shown as those of a site are, without
// a site.

import { type ShownEntry } from '#appliance/protocol/shown-entry.ts';
import { type EntryFields, sealEntry } from '#crypto/entry.ts';
import type { Kind } from '#crypto/kind.ts';
import { encodeLeaf, formatTime, type Refs } from '#crypto/leaf.ts';
import { STORY_LOG, STORY_START_MS } from './told-session.ts';

export const STORY_ENDPOINT = 'E'.repeat(21) + 'A';

/** An entry as a site shows it: at this index, so many seconds after the story began. */
export function tellEntry<K extends Kind>(
  kind: K,
  fields: EntryFields<K>,
  {
    index,
    atS = index,
    endpoint,
    ref,
  }: { index: number; atS?: number; endpoint?: string; ref?: Refs },
): ShownEntry {
  const sealed = sealEntry(kind, fields);
  const leaf = encodeLeaf({
    ...{ v: 1, log: STORY_LOG, i: index, t: formatTime(STORY_START_MS + atS * 1000), k: kind },
    ...(endpoint === undefined ? {} : { e: endpoint }),
    ...(ref === undefined ? {} : { ref }),
    ...{ _sd: sealed.digests, _sd_alg: 'sha-256' },
  });
  return {
    leaf: new TextDecoder().decode(leaf),
    disclosures: [...sealed.disclosures],
    texts: [],
  };
}

/** A machine's coming. */
export function tellOnline(index: number, endpoint = STORY_ENDPOINT): ShownEntry {
  const fields = { name: 'till-1', os: 'linux', version: '1.0', runtime: 'node 24', address: '' };
  return tellEntry('endpoint.online', fields, { index, endpoint });
}

/** Its going. */
export function tellOffline(index: number, endpoint = STORY_ENDPOINT): ShownEntry {
  const reason = 'ended, last seen 2026-11-21T02:09:14.123Z';
  return tellEntry('endpoint.offline', { name: 'till-1', reason }, { index, endpoint });
}
