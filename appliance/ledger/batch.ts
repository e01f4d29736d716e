// A batch: what one write puts into the store. Pure: entries with their places in, changes out.

import { concatBytes } from '#crypto/bytes.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { HASH_BYTES, type Hash } from '#crypto/hash.ts';
import type { Kind } from '#crypto/kind.ts';
import { TILE_WIDTH } from '#crypto/tile.ts';
import { extendFrontier, type Frontier, frontierRoot } from '#crypto/tree.ts';

import { putHead } from './head.ts';
import {
  contentKey,
  encodeIndexes,
  kindKey,
  leafKey,
  openKey,
  sessionKey,
  tileKey,
} from './key-space.ts';
import type { Appended } from './ledger.ts';
import type { Change } from './store.ts';
import { TILE_LEVELS } from './stored-tree.ts';

/** An entry that has its place in the log and is not yet written. */
export interface Placed {
  readonly appended: Appended;
  readonly content: Bytes;
}

/** The tree as the writer knows it: the frontier, and the last tile of every level as far as it is filled. */
export interface Growth {
  readonly frontier: Frontier;
  readonly edge: readonly EdgeTile[];
}

export interface EdgeTile {
  readonly tile: number;
  /** Its hashes, joined: fewer than 256. */
  readonly hashes: Bytes;
}

/** Entries of this kind have no index of their own: there are too many, and nobody asks for all of them. */
export const UNINDEXED: Kind = 'command.output';

const ENDINGS: ReadonlySet<Kind> = new Set(['session.closed', 'session.abandoned']);

/** Whether an entry of this kind is the last of its session. */
export function isEnding(kind: Kind): boolean {
  return ENDINGS.has(kind);
}

/** Builds the changes that append entries to the tree, and the tree after them. */
export function buildBatch(
  entries: readonly Placed[],
  before: Growth,
): { changes: Change[]; after: Growth } {
  const changes: Change[] = [];
  for (const { appended, content } of entries) {
    changes.push({ key: leafKey(appended.index), value: appended.leafBytes });
    changes.push({ key: contentKey(appended.index), value: content });
  }
  const grown = growTree(entries, before);
  changes.push(...grown.changes, ...indexChanges(entries));
  const { frontier } = grown.after;
  changes.push(putHead({ size: frontier.size, root: frontierRoot(frontier) }));
  return { changes, after: grown.after };
}

function growTree(
  entries: readonly Placed[],
  before: Growth,
): { changes: Change[]; after: Growth } {
  const changes: Change[] = [];
  const edge = [...before.edge];
  const added: Hash[][] = [];
  const frontier = extendFrontier(
    before.frontier,
    entries.map(({ appended }) => appended.hash),
    (level, index, hash) => {
      if (level % TILE_LEVELS !== 0) return;
      const tileLevel = level / TILE_LEVELS;
      (added[tileLevel] ??= []).push(hash);
      if (index % TILE_WIDTH === TILE_WIDTH - 1) fill(tileLevel);
    },
  );
  added.forEach((_, level) => {
    if ((added[level]?.length ?? 0) > 0) fill(level);
  });
  return { changes, after: { frontier, edge } };

  /** Writes what was added at a level into its last tile, and begins the next one when that is full. */
  function fill(level: number): void {
    const { tile, hashes } = edge[level] ?? { tile: 0, hashes: new Uint8Array(0) };
    const value = concatBytes(hashes, ...(added[level] ?? []));
    added[level] = [];
    changes.push({ key: tileKey(level, tile), value });
    const isFull = value.length === TILE_WIDTH * HASH_BYTES;
    edge[level] = isFull ? { tile: tile + 1, hashes: new Uint8Array(0) } : { tile, hashes: value };
  }
}

function indexChanges(entries: readonly Placed[]): Change[] {
  const kinds = new Map<Kind, number[]>();
  const sessions = new Map<string, { n: number; indexes: number[] }>();
  const changes: Change[] = [];
  for (const { appended } of entries) {
    const { index, leaf } = appended;
    if (leaf.k !== UNINDEXED) {
      const indexes = kinds.get(leaf.k);
      if (indexes === undefined) kinds.set(leaf.k, [index]);
      else indexes.push(index);
    }
    if (leaf.s === undefined) continue;
    const run = sessions.get(leaf.s);
    if (run === undefined) sessions.set(leaf.s, { n: leaf.n ?? 0, indexes: [index] });
    else run.indexes.push(index);
    if (leaf.k === 'session.opened') {
      changes.push({ key: openKey(leaf.s), value: encodeIndexes([index]) });
    } else if (isEnding(leaf.k)) {
      changes.push({ key: openKey(leaf.s), value: null });
    }
  }
  for (const [kind, indexes] of kinds) {
    changes.push({ key: kindKey(kind, indexes[0] ?? 0), value: encodeIndexes(indexes) });
  }
  for (const [session, { n, indexes }] of sessions) {
    changes.push({ key: sessionKey(session, n), value: encodeIndexes(indexes) });
  }
  return changes;
}
