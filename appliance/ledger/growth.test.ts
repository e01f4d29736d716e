// Logs of every size around the borders of tiles, with all their proofs, against a tree that is built anew.

import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { appendAlerts, createLedgerPlace, rejection } from '#scripts/testing/ledger-place.ts';
import { concatBytes, equalBytes } from '#crypto/bytes.ts';
import { verifyCheckpoint } from '#crypto/checkpoint.ts';
import { checkConsistency } from '#crypto/consistency.ts';
import { type Hash, leafHash } from '#crypto/hash.ts';
import { checkInclusion } from '#crypto/inclusion.ts';
import { parseVerifierKey } from '#crypto/key.ts';
import { checkRange } from '#crypto/range.ts';
import { bundlePath, parseBundle, tilePath, tilesOf } from '#crypto/tile.ts';
import { merkleRoot } from '#crypto/tree.ts';

import { exportTiles } from './export.ts';
import type { Ledger } from './ledger.ts';

const SIZES = [1, 2, 3, 255, 256, 257, 511, 512, 513, 770];

const growth = suite('Ledger');

growth('proves entries, ranges and growth at every size around the borders of tiles', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  const leaves: Hash[] = [];
  const roots = new Map<number, Hash>();
  for (const size of SIZES) {
    await appendAlerts(ledger, size - ledger.size);
    while (leaves.length < size) leaves.push(leafHash(ledger.leafBytes(leaves.length)));
    const { root } = await ledger.checkpointFor(size);
    assert.ok(equalBytes(root, merkleRoot(leaves)));
    roots.set(size, root);
    checkAllInclusions(ledger, { leaves, size, root });
  }
  for (const [to, toRoot] of roots) {
    for (const [from, fromRoot] of roots) {
      if (from > to) continue;
      checkConsistency({ from, to, fromRoot, toRoot, proof: ledger.proveConsistency(from, to) });
    }
    for (const start of [0, 1, 200, 255, 256, 300]) {
      for (const end of [start + 1, start + 2, start + 256, to]) {
        if (start >= end || end > to) continue;
        const proof = ledger.proveRange(start, end, to);
        const leafHashes = leaves.slice(start, end);
        checkRange({ start, leafHashes, size: to, root: toRoot, ...proof });
      }
    }
  }
});

growth.run();

const exporting = suite('exportTiles()');

exporting('writes a log from which anybody rebuilds the root that its key signed', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  await appendAlerts(ledger, 600);
  await ledger.checkpointFor(600);
  const folder = join(place.base, 'exported');
  let last = { files: 0, entries: 0 };
  const onProgress = (done: typeof last): unknown => (last = done);
  await exportTiles(ledger, { folder, logKey: place.logKey, onProgress });
  const read = (path: string): Promise<Uint8Array> => readFile(join(folder, path));

  const logKey = parseVerifierKey((await readFile(join(folder, 'vkey'), 'utf8')).trimEnd());
  const note = await readFile(join(folder, 'checkpoint'), 'utf8');
  const { size, root } = await verifyCheckpoint(note, logKey);
  assert.is(size, 600);
  const levels: Hash[][] = [[], []];
  for (const tile of tilesOf(size)) {
    if (tile.level === 0) {
      const entries = parseBundle(await read(bundlePath(tile)), tile.width);
      levels[0]?.push(...entries.map((entry) => leafHash(entry)));
    }
    const start = tile.index * 256;
    const rebuilt = levels[tile.level]?.slice(start, start + tile.width) ?? [];
    assert.equal(new Uint8Array(await read(tilePath(tile))), concatBytes(...rebuilt));
    if (tile.level === 0 && tile.width === 256) levels[1]?.push(merkleRoot(rebuilt));
  }
  assert.ok(equalBytes(merkleRoot(levels[0] ?? []), root));
  assert.is(last.entries, 600);
});

exporting('refuses a folder with something in it, and leaves no half of one', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  await appendAlerts(ledger, 3);
  const folder = join(place.base, 'taken');
  await mkdir(join(folder, 'something'), { recursive: true });
  const refused = await rejection(exportTiles(ledger, { folder, logKey: place.logKey }));
  assert.is(refused.code, 'exists');
  assert.equal(await readdir(folder), ['something']);
  assert.not.ok((await readdir(place.base)).includes('taken.part'));
});

exporting.run();

function checkAllInclusions(
  ledger: Ledger,
  { leaves, size, root }: { leaves: readonly Hash[]; size: number; root: Hash },
): void {
  leaves.forEach((hash, index) => {
    if (index % 7 !== 0 && size - index > 3 && index % 256 > 1) return;
    const proof = ledger.proveInclusion(index, size);
    checkInclusion({ index, size, leafHash: hash, root, proof });
  });
}
