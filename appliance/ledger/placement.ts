// Placement: a draft gets its index, time and place in its session the moment it is accepted. What is accepted
// is written in that order, or the log latches; so what is refused must be refused here.

import { encodeBase64url } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { FormatError } from '#crypto/error.ts';
import { type Hash, leafHash } from '#crypto/hash.ts';
import { encodeLeaf, formatTime, type Leaf, parseLeaf, type Refs } from '#crypto/leaf.ts';

import { isEnding, type Placed } from './batch.ts';
import { encodeContent } from './content.ts';
import { LedgerError } from './error.ts';
import { sessionKey } from './key-space.ts';
import type { EntryDraft } from './ledger.ts';
import type { Store } from './store.ts';

/** The last accepted entry of a session that still takes entries, or that ended but is not yet on disk. */
export interface SessionEnd {
  readonly n: number;
  readonly hash: Hash;
  readonly ended: boolean;
}

/** Where the next entry goes. */
export interface Placement {
  readonly nextIndex: number;
  readonly sessions: ReadonlyMap<string, SessionEnd>;
  /**
   * Places a draft.
   * @throws {LedgerError} `session-unknown`, `session-closed`, `session-exists`, `entry-too-large`, `bad-draft`
   */
  place(draft: EntryDraft, atMs: number): Placed;
  /** Forgets a session whose ending is on disk. */
  forget(session: string): void;
}

/** The largest content of one entry. */
export const MAX_CONTENT_BYTES = 8 * 1024 * 1024;

export function createPlacement(
  { origin, store }: { origin: string; store: Store },
  start: { size: number; lastMs: number; sessions: ReadonlyMap<string, SessionEnd> },
): Placement {
  const sessions = new Map(start.sessions);
  let nextIndex = start.size;
  let lastMs = start.lastMs;
  return {
    get nextIndex() {
      return nextIndex;
    },
    sessions,
    place(draft, atMs) {
      const place = placeInSession(draft);
      const timeMs = Math.max(atMs, lastMs);
      const { leaf, leafBytes } = checkedLeaf(
        leafOf(draft, { origin, index: nextIndex, timeMs, place }),
      );
      const content = contentOf(draft);
      const hash = leafHash(leafBytes);
      if (draft.session !== undefined) {
        const ended = isEnding(leaf.k);
        sessions.set(draft.session, { n: place?.n ?? 0, hash, ended });
      }
      lastMs = timeMs;
      nextIndex += 1;
      return { appended: { index: leaf.i, leaf, leafBytes, hash }, content };
    },
    forget(session) {
      if (sessions.get(session)?.ended === true) sessions.delete(session);
    },
  };

  function placeInSession({ sealed, session }: EntryDraft): InSession | null {
    if (session === undefined) return null;
    const end = sessions.get(session);
    const opens = sealed.kind === 'session.opened';
    if (end === undefined) {
      const isKnown = store.get(keyOf(session)) !== undefined;
      if (opens && !isKnown) return { n: 0 };
      throw refused(session, { isKnown, opens });
    }
    if (opens || end.ended) throw refused(session, { isKnown: true, opens });
    return { n: end.n + 1, p: encodeBase64url(end.hash) };
  }
}

interface InSession {
  readonly n: number;
  readonly p?: string;
}

function leafOf(
  { sealed, session, endpoint, ref }: EntryDraft,
  at: { origin: string; index: number; timeMs: number; place: InSession | null },
): Leaf {
  return {
    v: 1,
    log: at.origin,
    i: at.index,
    t: formatTime(at.timeMs),
    k: sealed.kind,
    ...(endpoint === undefined ? {} : { e: endpoint }),
    ...(session === undefined ? {} : { s: session }),
    ...at.place,
    ...(ref === undefined ? {} : { ref }),
    _sd: sealed.digests,
    _sd_alg: 'sha-256',
  };
}

/** A leaf as every reader will parse it: what does not parse must not be hashed for ever. */
function checkedLeaf(wanted: Leaf): { leaf: Leaf; leafBytes: Bytes } {
  try {
    const leafBytes = encodeLeaf(wanted);
    const leaf = parseLeaf(leafBytes);
    if (countOf(leaf.ref) !== countOf(wanted.ref)) {
      throw new FormatError('leaf', 'Cannot format leaf: unknown reference'); // left out, not refused
    }
    return { leaf, leafBytes };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new LedgerError('bad-draft', `Cannot append ${wanted.k}: ${cause.message}`, { cause });
  }
}

function countOf(ref: Refs | undefined): number {
  return ref === undefined ? 0 : Object.keys(ref).length;
}

function contentOf({ sealed }: EntryDraft): Bytes {
  const content = encodeContent(sealed);
  if (content.length > MAX_CONTENT_BYTES) {
    throw new LedgerError(
      'entry-too-large',
      `Cannot append ${sealed.kind}: ${content.length} bytes of content, at most ${MAX_CONTENT_BYTES}`,
    );
  }
  return content;
}

function keyOf(session: string): Bytes {
  try {
    return sessionKey(session, 0);
  } catch (cause) {
    throw new LedgerError('bad-draft', 'Cannot append: session id is malformed', { cause });
  }
}

function refused(
  session: string,
  { isKnown, opens }: { isKnown: boolean; opens: boolean },
): LedgerError {
  const name = JSON.stringify(session);
  if (!isKnown)
    return new LedgerError('session-unknown', `Cannot append: session ${name} was never opened`);
  if (opens) return new LedgerError('session-exists', `Cannot open session ${name}: it exists`);
  return new LedgerError('session-closed', `Cannot append: session ${name} has ended`);
}
