// An entry of a session as it can be shown: the values and segments of it that were bound to its leaf.

import type { Bytes } from './bytes.ts';
import type { BoundEntry } from './evidence-values.ts';
import type { Json } from './json.ts';
import type { Kind } from './kind.ts';

/** A piece of a long text, in order: its bytes as the endpoint sent them, or that it is withheld. */
export type TranscriptPiece =
  { readonly kind: 'shown'; readonly bytes: Bytes } | { readonly kind: 'withheld' };

export interface TranscriptEntry {
  /** The index in the log, and the position in the session. */
  readonly index: number;
  readonly n: number;
  /** RFC 3339 UTC with milliseconds, by the appliance's clock. */
  readonly at: string;
  readonly kind: Kind;
  /** Hostile text inside: show it by `visibleText`. */
  readonly fields: Readonly<Record<string, Json>>;
  readonly withheld: readonly string[];
  readonly texts: readonly {
    readonly field: string;
    readonly pieces: readonly TranscriptPiece[];
  }[];
}

/** The entries of a session, to show. */
export function transcriptOf(session: readonly BoundEntry[]): readonly TranscriptEntry[] {
  return session.map(({ leaf, opened, texts }) => ({
    index: leaf.i,
    n: leaf.n ?? 0,
    at: leaf.t,
    kind: leaf.k,
    fields: opened.fields as Readonly<Record<string, Json>>, // disclosed values are JSON
    withheld: opened.withheld,
    texts: texts.map(({ field, segments }) => ({
      field,
      pieces: segments.map((segment) =>
        segment.kind === 'shown'
          ? { kind: 'shown' as const, bytes: segment.bytes }
          : { kind: 'withheld' as const },
      ),
    })),
  }));
}
