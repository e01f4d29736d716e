// An entry as clients get it: with everything needed to check it against its leaf.

import { encodeBase64url } from '#crypto/base64.ts';
import { decodeUtf8 } from '#crypto/bytes.ts';
import type { StoredEntry } from '../ledger/ledger.ts';
import type { ShownEntry } from '../protocol/shown-entry.ts';

/** Formats a stored entry for the wire. */
export function showEntry({ leafBytes, content }: StoredEntry): ShownEntry {
  const texts = content?.texts ?? [];
  return {
    leaf: decodeUtf8(leafBytes),
    disclosures: content === null ? null : [...content.disclosures],
    texts: texts.map(({ field, key, segments }) => ({
      field,
      key: encodeBase64url(key),
      cuts: segments.map(({ length }) => length),
      data: Buffer.concat(segments).toString('base64'),
    })),
  };
}
