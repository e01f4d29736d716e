import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64 } from './base64.ts';
import { FormatError, VerifyError } from './error.ts';
import { leafHash } from './hash.ts';
import { parseHex } from './hex.ts';
import { formatTlogProof, MAX_EXTRA_BYTES, parseTlogProof, verifyTlogProof } from './tlog-proof.ts';
import { parseTrustPolicy } from './trust-policy.ts';

const CHECKPOINT = `log.example.com/appliance/0001
8
XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

— log.example.com/appliance/0001 EQ+ew2OAcFryH8UmntdcyD7l1JJBDMSjas1F/zylx3PwPnzDt4vovrivHMy2Z9RJ6nPOoN8Xyz2G3o/eCIjKmTIypQw=
— witness.example.com/cloud wrTb2gAAAABlU/EAKu1o9FU2DUo5sbqK/o2esH8Ngs1Dac1U5uSx0qAoOOOoJaz9DXWvwLQZ/3O2RHfQe1daeVS79xM10zsCRG11CQ==
`;
const HASHES = `vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=
yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=
037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=
`;
const PROOF = `c2sp.org/tlog-proof@v1\nindex 5\n${HASHES}\n${CHECKPOINT}`;
const POLICY = parseTrustPolicy(`
log log.example.com/appliance/0001+110f9ec3+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c
witness cloud witness.example.com/cloud+c2b4dbda+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU
quorum cloud
`);
const LEAF = leafHash(parseHex('40414243')); // entry 5 of the RFC 6962 test tree

function isRefusal(error: unknown): boolean {
  return error instanceof FormatError && error.code === 'proof';
}

function refuse(text: string): void {
  assert.throws(() => parseTlogProof(text), isRefusal, JSON.stringify(text.slice(0, 120)));
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof FormatError || error instanceof VerifyError) return error.code;
    return error instanceof Error ? error.name : 'no error';
  }
  return 'accepted';
}

const parse = suite('parseTlogProof()');

parse('parseTlogProof() reads a proof, formatTlogProof() writes it', () => {
  const proof = parseTlogProof(PROOF);
  assert.is(proof.index, 5);
  assert.is(proof.proof.map(encodeBase64).join('\n'), HASHES.trimEnd());
  assert.is(proof.checkpoint, CHECKPOINT);
  assert.not.ok('extra' in proof);
  assert.is(formatTlogProof(proof), PROOF);
});

parse('parseTlogProof() reads extra data, of any length to 64 KiB', () => {
  for (const length of [0, 1, MAX_EXTRA_BYTES]) {
    const extra = new Uint8Array(length).fill(7);
    const text = formatTlogProof({ ...parseTlogProof(PROOF), extra });
    assert.equal(parseTlogProof(text).extra, extra);
  }
  refuse(
    PROOF.replace('index', `extra ${encodeBase64(new Uint8Array(MAX_EXTRA_BYTES + 1))}\nindex`),
  );
});

parse('parseTlogProof() takes no hashes, as for a tree of one leaf', () => {
  const one = CHECKPOINT.replace('\n8\n', '\n1\n');
  const text = `c2sp.org/tlog-proof@v1\nindex 0\n\n${one}`;
  assert.equal(parseTlogProof(text).proof, []);
});

parse('parseTlogProof() refuses other headers, orders and line ends', () => {
  refuse('');
  refuse(PROOF.replace('@v1', '@v2'));
  refuse(PROOF.replace('c2sp', 'C2SP'));
  refuse(`\n${PROOF}`);
  refuse(PROOF.replaceAll('\n', '\r\n'));
  refuse(PROOF.replace('index 5\n', ''));
  refuse(PROOF.replace('index 5\n', 'index 5\nindex 5\n'));
  refuse(PROOF.replace('index 5\n', 'index 5\nextra AAAA\n'));
  refuse(PROOF.replace('index 5\n', 'extra AAAA\nextra AAAA\nindex 5\n'));
  refuse(PROOF.replace('index 5\n', 'extra !!notbase64!!\nindex 5\n'));
  refuse(PROOF.replace('index 5\n', 'extra\nindex 5\n'));
});

parse('parseTlogProof() refuses every other spelling of an index, and one past the tree', () => {
  const spellings = [
    '',
    'notanumber',
    '-5',
    '+5',
    '05',
    '5 ',
    ' 5',
    '5.0',
    '8',
    '9007199254740993',
  ];
  for (const index of [...spellings, '9'.repeat(60)]) {
    refuse(PROOF.replace('index 5', `index ${index}`));
  }
});

parse('parseTlogProof() refuses hashes of other lengths or spelling, and 54 of them', () => {
  const [hash = ''] = HASHES.split('\n');
  const bad = ['*', 'AAAA', `${hash} `, ` ${hash}`, hash.slice(0, -1), hash.replace('ms=', 'mt=')];
  bad.push(encodeBase64(new Uint8Array(64)), encodeBase64(new Uint8Array(65 * 1024)));
  for (const line of bad) refuse(PROOF.replace(hash, line));
  refuse(PROOF.replace(HASHES, `${hash}\n`.repeat(54)));
  parseTlogProof(PROOF.replace(HASHES, `${hash}\n`.repeat(53)));
});

parse('parseTlogProof() refuses a checkpoint that is none, with the code of what is wrong', () => {
  const codeFor = (text: string): string => {
    try {
      parseTlogProof(text);
    } catch (error) {
      return error instanceof FormatError ? error.code : String(error);
    }
    return 'accepted';
  };
  assert.is(codeFor(PROOF.slice(0, -1)), 'note');
  assert.is(codeFor(PROOF.replace('\n8\n', '\n08\n')), 'checkpoint');
  assert.is(codeFor(`${PROOF.slice(0, PROOF.indexOf('\n\n'))}\n`), 'proof');
  assert.is(codeFor('a'.repeat(2_000_000)), 'proof');
});

parse('parseTlogProof() of any text answers what formats back, or refuses with a code', () => {
  const bits = fc.constantFrom('c2sp.org/tlog-proof@v1\n', 'index 5\n', 'extra AAAA\n', '\n', 'a');
  const more = fc.constantFrom(HASHES, CHECKPOINT, PROOF);
  fc.assert(
    fc.property(fc.array(fc.oneof(bits, more), { maxLength: 8 }), (parts) => {
      const text = parts.join('');
      try {
        assert.is(formatTlogProof(parseTlogProof(text)), text);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
      }
    }),
  );
});

parse.run();

const format = suite('formatTlogProof()');

format('formatTlogProof() refuses values that would not parse back', () => {
  const good = parseTlogProof(PROOF);
  const bad = [{ index: 0.5 }, { index: -1 }, { index: 8 }, { index: NaN }];
  for (const change of [...bad, { proof: [new Uint8Array(31)] }]) {
    assert.throws(() => formatTlogProof({ ...good, ...change }), isRefusal);
  }
  for (const checkpoint of ['', 'x', `\n${CHECKPOINT}`]) {
    const isFormat = (error: unknown): boolean => error instanceof FormatError;
    assert.throws(() => formatTlogProof({ ...good, checkpoint }), isFormat);
  }
});

format.run();

const verify = suite('verifyTlogProof()');

verify('verifyTlogProof() accepts an entry that a witnessed log has', async () => {
  const { index, checkpoint } = await verifyTlogProof(PROOF, { leafHash: LEAF, policy: POLICY });
  assert.is(index, 5);
  assert.is(checkpoint.size, 8);
  assert.equal(checkpoint.witnesses, [{ name: 'cloud', timestampS: 1_700_000_000 }]);
});

verify('verifyTlogProof() accepts the proof of the README by its policy', async () => {
  const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```\n([^]*?)^```$/gm)].map(([, block = '']) => block);
  const text = blocks.find((block) => block.startsWith('c2sp.org/tlog-proof@v1\n')) ?? '';
  const policy = blocks.find((block) => block.includes('\nquorum both\n')) ?? '';
  const options = { leafHash: LEAF, policy: parseTrustPolicy(policy) };
  const { checkpoint } = await verifyTlogProof(text, options);
  assert.is(checkpoint.witnesses.length, 2);
  assert.ok(blocks.includes(checkpoint.note));
});

verify('verifyTlogProof() refuses every change of a character', async () => {
  for (let at = 0; at < PROOF.length; at++) {
    const char = String.fromCharCode(PROOF.charCodeAt(at) ^ 1);
    const text = PROOF.slice(0, at) + char + PROOF.slice(at + 1);
    const code = await codeOf(verifyTlogProof(text, { leafHash: LEAF, policy: POLICY }));
    assert.is.not(code, 'accepted', `${at}`);
  }
});

verify('verifyTlogProof() refuses another entry, another index, and a policy not met', async () => {
  const options = { leafHash: LEAF, policy: POLICY };
  const other = { ...options, leafHash: leafHash(parseHex('40414244')) };
  assert.is(await codeOf(verifyTlogProof(PROOF, other)), 'inclusion');
  const moved = PROOF.replace('index 5', 'index 4');
  assert.is(await codeOf(verifyTlogProof(moved, options)), 'inclusion');
  const lone = PROOF.slice(0, PROOF.indexOf('— witness'));
  assert.is(await codeOf(verifyTlogProof(lone, options)), 'quorum');
  const noLog = { ...options, policy: { ...POLICY, logs: [] } };
  assert.is(await codeOf(verifyTlogProof(PROOF, noLog)), 'wrong-log');
});

verify('verifyTlogProof() heeds no extra data', async () => {
  const extra = new Uint8Array(100).fill(9);
  const text = formatTlogProof({ ...parseTlogProof(PROOF), extra });
  const options = { leafHash: LEAF, policy: POLICY };
  assert.is((await verifyTlogProof(text, options)).index, 5);
});

verify.run();
