import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { signCheckpoint } from '#crypto/checkpoint.ts';
import { proveConsistency } from '#crypto/consistency.ts';
import { VerifyError } from '#crypto/error.ts';
import { type Hash, leafHash } from '#crypto/hash.ts';
import { proveInclusion } from '#crypto/inclusion.ts';
import { verifierKey } from '#crypto/key.ts';
import { merkleRoot, type ReadHash } from '#crypto/tree.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { LogView } from './log-view.ts';

const origin = 'console.example/site/1/1';
const signer = await importSigner(new Uint8Array(32).fill(7));
const key = verifierKey(origin, 0x01, signer.publicKey);

/** A log of so many leaves; `word` makes its leaves other ones from index 3 on. */
function logOf(size: number, word = 'leaf') {
  const hashes = Array.from({ length: size }, (_, i) =>
    leafHash(encodeUtf8(`${i < 3 ? 'leaf' : word} ${i}`)),
  );
  const read: ReadHash = (level, index) =>
    merkleRoot(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
  return { hashes, read, size, root: merkleRoot(hashes) };
}

async function proofOf(
  { read, root, size }: ReturnType<typeof logOf>,
  { from = 0, indices }: { from?: number; indices: readonly number[] },
) {
  const text = (hashes: readonly Hash[]) => hashes.map(encodeBase64url);
  const [low, high] = [Math.min(from, size), Math.max(from, size)];
  return {
    checkpoint: await signCheckpoint({ origin, size, root }, signer),
    consistency: low === 0 ? [] : text(proveConsistency({ from: low, to: high, read })),
    inclusions: indices.map((index) => text(proveInclusion({ index, size, read }))),
  };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof VerifyError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

const claim = (log: ReturnType<typeof logOf>, index: number) => ({
  index,
  leafHash: log.hashes[index] ?? new Uint8Array(32),
});

const test = suite('LogView');

test('accept() takes entries that are in a signed tree, and remembers the largest', async () => {
  const view = new LogView(key);
  const small = logOf(5);
  await view.accept(await proofOf(small, { indices: [0, 4] }), [claim(small, 0), claim(small, 4)]);
  assert.is(view.seen?.size, 5);
  const large = logOf(9);
  await view.accept(await proofOf(large, { from: 5, indices: [8] }), [claim(large, 8)]);
  assert.is(view.seen?.size, 9);
  const again = await proofOf(large, { from: 9, indices: [1] });
  await view.accept(again, [claim(large, 1)]);
  assert.is(view.seen?.size, 9);
});

test('accept() refuses a log that has become smaller', async () => {
  const view = new LogView(key);
  await view.accept(await proofOf(logOf(9), { indices: [] }), []);
  const proof = await proofOf(logOf(5), { from: 9, indices: [] });
  assert.is(await codeOf(view.accept(proof, [])), 'consistency');
  assert.is(view.seen?.size, 9);
});

test('accept() refuses an entry that is not in the tree', async () => {
  const view = new LogView(key);
  const log = logOf(5);
  const proof = await proofOf(log, { indices: [2] });
  assert.is(await codeOf(view.accept(proof, [claim(log, 1)])), 'inclusion');
  assert.is(await codeOf(view.accept(proof, [])), 'inclusion');
  assert.is(view.seen, null);
});

test('accept() refuses a rewritten log, of the same size and of a larger', async () => {
  for (const [size, code] of [
    [5, 'fork'],
    [9, 'consistency'],
  ] as const) {
    const view = new LogView(key);
    const honest = logOf(5);
    await view.accept(await proofOf(honest, { indices: [] }), []);
    const forged = logOf(size, 'forged');
    const proof = await proofOf(forged, { from: 5, indices: [0] });
    assert.is(await codeOf(view.accept(proof, [claim(forged, 0)])), code);
    assert.is(view.seen?.size, 5);
  }
});

test('accept() refuses a checkpoint that another key signed', async () => {
  const log = logOf(5);
  const stranger = await importSigner(new Uint8Array(32).fill(8));
  const checkpoint = await signCheckpoint({ origin, size: 5, root: log.root }, stranger);
  const proof = { ...(await proofOf(log, { indices: [] })), checkpoint };
  const code = await codeOf(new LogView(key).accept(proof, []));
  assert.ok(code !== 'nothing thrown', code);
});

test('restore() holds the log to what an earlier visit saw', async () => {
  const view = new LogView(key);
  await view.restore((await proofOf(logOf(5), { indices: [] })).checkpoint);
  const forged = logOf(5, 'forged');
  assert.is(await codeOf(view.accept(await proofOf(forged, { indices: [] }), [])), 'fork');
});

test.run();
