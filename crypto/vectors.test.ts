// Third-party vectors, when a folder of them is at hand: the Merkle proofs of transparency-dev/merkle, and notes,
// checkpoints, cosignatures and witness exchanges made by other implementations. CAISEY_VECTORS names the folder;
// without one the file says that it checked nothing. The data belongs to others and is not kept here.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as z from 'zod';

import { encodeBase64, parseBase64 } from './base64.ts';
import { concatBytes, encodeUtf8 } from './bytes.ts';
import { parseCheckpoint, signCheckpoint, verifyCheckpoint } from './checkpoint.ts';
import { checkConsistency, proveConsistency } from './consistency.ts';
import { cosignCheckpoint, verifyCosignature } from './cosignature.ts';
import { FormatError, VerifyError } from './error.ts';
import { EMPTY_ROOT, type Hash, leafHash, sha256 } from './hash.ts';
import { formatHex, parseHex } from './hex.ts';
import { checkInclusion, proveInclusion } from './inclusion.ts';
import { formatVerifierKey, parseSignerKey, parseVerifierKey } from './key.ts';
import { formatSignatureLine, parseNote, verifyNote } from './note.ts';
import { encodeBundle, parseBundle } from './tile.ts';
import { formatTlogProof, verifyTlogProof } from './tlog-proof.ts';
import { EMPTY_FRONTIER, extendFrontier, merkleRoot, type ReadHash } from './tree.ts';
import { parseTrustPolicy } from './trust-policy.ts';
import { importSigner } from './webcrypto.ts';

const FOLDER =
  process.env['CAISEY_VECTORS'] ??
  join(import.meta.dirname, '..', '..', 'shared', 'reference', 'vectors');
const PROOFS = join(FOLDER, 'merkle-proofs.jsonl');
const VECTORS = join(FOLDER, 'tlog-vectors.json');

/** A case that must pass elsewhere though its "roots" are the text "don't care 2"; we demand 32 bytes. */
const NOT_OURS = 'consistency/additional/sizes-are-equal-one-and-proof-is-empty.json';

const hashes = z.array(z.string()).nullable();
const inclusionCase = z.object({
  kind: z.literal('inclusion'),
  file: z.string(),
  leafIdx: z.number(),
  treeSize: z.number(),
  root: z.string(),
  leafHash: z.string(),
  proof: hashes,
  wantErr: z.boolean(),
});
const consistencyCase = z.object({
  kind: z.literal('consistency'),
  file: z.string(),
  size1: z.number(),
  size2: z.number(),
  root1: z.string(),
  root2: z.string(),
  proof: hashes,
  wantErr: z.boolean(),
});
const subtreeCase = z.object({ kind: z.enum(['subtreeinclusion', 'subtreeconsistency']) });
const proofCase = z.discriminatedUnion('kind', [inclusionCase, consistencyCase, subtreeCase]);

const text = z.string();
const vectors = z.object({
  note: z.array(z.object({ vkey: text, vkey2: text.optional(), note: text })),
  tessera: z.object({
    skey: text,
    vkey: text,
    leaves: z.array(text),
    checkpoints: z.array(text),
    bundle_p15_hex: text,
    tile0_p15_hex: text,
  }),
  cosignature_v1: z.array(z.object({ vkey: text, checkpoint: text })),
  witness_protocol: z.object({
    log_pubkey_hex: text,
    log_vkey: text,
    cases: z.array(z.object({ name: text, request: text, status: z.number() })),
  }),
  rfc6962: z.object({ inputs_hex: z.array(text), roots_hex: z.array(text) }),
  end_to_end: z.object({
    log_vkey: text,
    witness_vkey: text,
    checkpoint: text,
    tlog_proof_index5: text,
    add_checkpoint_from_6: text,
    response: text,
    origin_hash: text,
  }),
});

function readerOf(leaves: readonly Hash[]): ReadHash {
  const nodes = new Map<string, Hash>();
  extendFrontier(EMPTY_FRONTIER, leaves, (l, i, hash) => nodes.set(`${l}/${i}`, hash));
  return (level, index) => {
    const hash = nodes.get(`${level}/${index}`);
    if (hash === undefined) throw new Error('unreachable: read past the end');
    return hash;
  };
}

/** Whether a check refused, in the one way it may. */
function isRefused(check: () => void): boolean {
  try {
    check();
  } catch (error) {
    if (error instanceof VerifyError) return true;
    throw error;
  }
  return false;
}

function isProofRefused(
  item: z.infer<typeof inclusionCase> | z.infer<typeof consistencyCase>,
): boolean {
  const proof = (item.proof ?? []).map(parseBase64);
  switch (item.kind) {
    case 'inclusion': {
      const root = parseBase64(item.root);
      const leaf = parseBase64(item.leafHash);
      const claim = { index: item.leafIdx, size: item.treeSize, leafHash: leaf, root, proof };
      return isRefused(() => checkInclusion(claim));
    }
    case 'consistency': {
      const [fromRoot, toRoot] = [parseBase64(item.root1), parseBase64(item.root2)];
      const claim = { from: item.size1, to: item.size2, fromRoot, toRoot, proof };
      return isRefused(() => checkConsistency(claim));
    }
    default:
      return item satisfies never;
  }
}

if (!existsSync(PROOFS) || !existsSync(VECTORS)) {
  const absent = suite('vectors');
  absent('vectors of third parties are SKIPPED: no folder of them here', () => {
    // to stdout, in order with the report: what stderr says may come in the middle of it
    console.log('SKIPPED: third-party vectors. Name their folder by CAISEY_VECTORS to check them.');
  });
  absent.run();
} else {
  testProofs();
  testFormats(vectors.parse(JSON.parse(readFileSync(VECTORS, 'utf8'))));
}

function testProofs(): void {
  const proofs = suite('vectors of transparency-dev/merkle');
  const lines = readFileSync(PROOFS, 'utf8').trimEnd().split('\n');
  const cases = lines.map((line) => proofCase.parse(JSON.parse(line)));
  const ours = cases.filter((item) => item.kind === 'inclusion' || item.kind === 'consistency');

  proofs('checkInclusion() and checkConsistency() answer every case as they should', () => {
    const counts = { good: 0, bad: 0, skipped: 0 };
    for (const item of ours) {
      if (item.file === NOT_OURS) {
        counts.skipped += 1;
        assert.ok(isProofRefused(item), item.file);
        continue;
      }
      assert.is(isProofRefused(item), item.wantErr, item.file);
      counts[item.wantErr ? 'bad' : 'good'] += 1;
    }
    assert.is(counts.skipped, 1);
    assert.ok(counts.good >= 8 && counts.bad >= 100, JSON.stringify(counts));
  });

  proofs.run();
}

function testFormats(data: z.infer<typeof vectors>): void {
  testNotes(data);
  testTessera(data.tessera);
  testWitness(data.witness_protocol);
  testEndToEnd(data);
}

function testNotes({ note: notes, cosignature_v1: cosigned }: z.infer<typeof vectors>): void {
  const test = suite('vectors of notes and cosignatures');

  test('verifyNote() accepts the notes of C2SP and x/mod, by every key of theirs', async () => {
    for (const { vkey, vkey2, note } of notes) {
      const keys = [vkey, vkey2].filter((key) => key !== undefined).map(parseVerifierKey);
      assert.equal((await verifyNote(note, keys)).signedBy, keys);
    }
  });

  test('verifyCosignature() accepts the cosignature of Sunlight', async () => {
    for (const { vkey, checkpoint } of cosigned) {
      const { timestampS } = await verifyCosignature(checkpoint, parseVerifierKey(vkey));
      assert.is(timestampS, 1_767_139_200);
    }
  });

  test.run();
}

function testTessera(data: z.infer<typeof vectors>['tessera']): void {
  const test = suite('vectors of Tessera');
  const entries = data.leaves.map(encodeUtf8);
  const leaves = entries.map(leafHash);

  test('signCheckpoint() makes its checkpoint at every size', async () => {
    const { key, signer } = await parseSignerKey(data.skey);
    assert.is(formatVerifierKey(key), data.vkey);
    assert.is(data.checkpoints.length, leaves.length + 1);
    for (const [size, want] of data.checkpoints.entries()) {
      const root = merkleRoot(leaves.slice(0, size));
      assert.is(await signCheckpoint({ origin: key.name, size, root }, signer), want);
      assert.equal((await verifyCheckpoint(want, key)).root, root);
    }
  });

  test('encodeBundle() makes its bundle, and its tile has our leaf hashes', () => {
    assert.is(formatHex(encodeBundle(entries)), data.bundle_p15_hex);
    assert.equal(parseBundle(parseHex(data.bundle_p15_hex), 15), entries);
    assert.is(formatHex(concatBytes(...leaves)), data.tile0_p15_hex);
  });

  test.run();
}

/** A witness of one log in memory: the statuses of C2SP tlog-witness from what the ground tells apart. */
function createWitness(vkey: string): (request: string) => Promise<number> {
  const key = parseVerifierKey(vkey);
  let latest = { size: 0, root: EMPTY_ROOT };
  return async (request) => {
    const blank = request.indexOf('\n\n');
    const [old = '', ...proof] = request.slice(0, blank).split('\n');
    try {
      const { size, root } = await verifyCheckpoint(request.slice(blank + 2), key);
      if (old !== `old ${latest.size}`) return 409;
      if (latest.size > 0) {
        const claim = { from: latest.size, fromRoot: latest.root, to: size, toRoot: root };
        checkConsistency({ ...claim, proof: proof.map(parseBase64) });
      }
      latest = { size, root };
      return 200;
    } catch (error) {
      if (error instanceof FormatError) return 400;
      if (!(error instanceof VerifyError)) throw error;
      if (error.code === 'consistency') return 422;
      return error.code === 'wrong-log' ? 404 : 403;
    }
  };
}

function testWitness(data: z.infer<typeof vectors>['witness_protocol']): void {
  const test = suite('vectors of the witness protocol');

  test('checkpoints and proofs are accepted and refused as by Sunlight, in order', async () => {
    const witness = createWitness(data.log_vkey);
    for (const { name, request, status } of data.cases) {
      // This signature's base64 ends in bits that are not zero. We refuse the spelling before the signature.
      const strict = name === 'invalid signature' ? request.replace('Vrx6gx=', 'Vrx6gw=') : request;
      if (strict !== request) assert.is(await witness(request), 400, name);
      assert.is(await witness(strict), status, name);
    }
    assert.is(data.cases.length, 11);
  });

  test('parseVerifierKey() finds the public key of the log', () => {
    assert.is(formatHex(parseVerifierKey(data.log_vkey).publicKey), data.log_pubkey_hex);
  });

  test.run();
}

function testEndToEnd({ rfc6962, end_to_end: data }: z.infer<typeof vectors>): void {
  const test = suite('vectors from entry to witnessed proof');
  const leaves = rfc6962.inputs_hex.map((hex) => leafHash(parseHex(hex)));
  const read = readerOf(leaves);
  const logKey = parseVerifierKey(data.log_vkey);
  const key = parseVerifierKey(data.witness_vkey);

  test('merkleRoot() has the roots at every size', () => {
    for (const [size, want] of rfc6962.roots_hex.entries()) {
      assert.is(formatHex(merkleRoot(leaves.slice(0, size))), want);
    }
  });

  test('a log and a witness of the same seeds write the same proof', async () => {
    const log = await importSigner(new Uint8Array(32).fill(1));
    const signer = await importSigner(new Uint8Array(32).fill(2));
    const head = { origin: logKey.name, size: 8, root: merkleRoot(leaves) };
    const signed = await signCheckpoint(head, log);
    const checkpoint = await cosignCheckpoint(signed, { key, signer, timestampS: 1_700_000_000 });
    assert.is(checkpoint, data.checkpoint);
    const proof = proveInclusion({ index: 5, size: 8, read });
    assert.is(formatTlogProof({ index: 5, proof, checkpoint }), data.tlog_proof_index5);
    const grow = proveConsistency({ from: 6, to: 8, read });
    const lines = ['old 6', ...grow.map(encodeBase64), '', signed];
    assert.is(lines.join('\n'), data.add_checkpoint_from_6);
    const cosignature = parseNote(checkpoint).signatures.slice(1).map(formatSignatureLine);
    assert.is(`${cosignature.join('\n')}\n`, data.response);
  });

  test('verifyTlogProof() accepts the proof for its entry and for no other', async () => {
    const policy = parseTrustPolicy(
      `log ${data.log_vkey}\nwitness cloud ${data.witness_vkey}\nquorum cloud\n`,
    );
    for (const [index, hash] of leaves.entries()) {
      const answer = verifyTlogProof(data.tlog_proof_index5, { leafHash: hash, policy });
      const code = await answer.then(
        () => 'accepted',
        (error: unknown) => (error instanceof VerifyError ? error.code : String(error)),
      );
      assert.is(code, index === 5 ? 'accepted' : 'inclusion');
    }
    const { origin } = parseCheckpoint(parseNote(data.checkpoint).text);
    assert.is(formatHex(sha256(encodeUtf8(origin))), data.origin_hash);
  });

  test.run();
}
