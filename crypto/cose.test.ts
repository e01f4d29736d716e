import { decodeCBOR, encodeCBOR } from '@levischuck/tiny-cbor';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Bytes, concatBytes, copyBytes } from './bytes.ts';
import { type CoseKey, encodeCoseKey, MAX_COSE_KEY_BYTES, parseCoseKey } from './cose.ts';
import { FormatError, VerifyError } from './error.ts';
import { formatHex, parseHex } from './hex.ts';

// The public keys of RFC 6979 §A.2.5 (P-256) and RFC 8032 §7.1 test 1 (Ed25519); a modulus is any odd number.
const X = parseHex('60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6');
const Y = parseHex('7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299');
const ED25519 = parseHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
const modulus = modulusOf(256, 0x80);

const es256: CoseKey = { kind: 'ES256', x: X, y: Y };
const eddsa: CoseKey = { kind: 'EdDSA', publicKey: ED25519 };
const rs256: CoseKey = { kind: 'RS256', modulus };
const keys: readonly CoseKey[] = [es256, eddsa, rs256];

type Members = [number | string, number | string | bigint | boolean | null | Bytes][];

const ES256_MEMBERS: Members = [
  [1, 2],
  [3, -7],
  [-1, 1],
  [-2, X],
  [-3, Y],
];
const EDDSA_MEMBERS: Members = [
  [1, 1],
  [3, -8],
  [-1, 6],
  [-2, ED25519],
];
const RS256_MEMBERS: Members = [
  [1, 3],
  [3, -257],
  [-1, modulus],
  [-2, parseHex('010001')],
];

const encode = suite('encodeCoseKey()');

encode('encodeCoseKey() gives the encoding that a CBOR library gives', () => {
  assert.equal(encodeCoseKey(es256), cbor(ES256_MEMBERS));
  assert.equal(encodeCoseKey(eddsa), cbor(EDDSA_MEMBERS));
  assert.equal(encodeCoseKey(rs256), cbor(RS256_MEMBERS));
});

encode('encodeCoseKey() gives the bytes that the file draws', () => {
  const drawn = `a5010203262001215820${formatHex(X)}225820${formatHex(Y)}`;
  assert.is(formatHex(encodeCoseKey(es256)), drawn);
});

encode('encodeCoseKey() is undone by parseCoseKey()', () => {
  for (const key of keys) assert.equal(parseCoseKey(encodeCoseKey(key)), key);
  for (const [length, first] of [
    [256, 0x80],
    [256, 0xff],
    [257, 0x01],
    [384, 0x80],
    [512, 0xff],
  ] as const) {
    const key: CoseKey = { kind: 'RS256', modulus: modulusOf(length, first) };
    assert.equal(parseCoseKey(encodeCoseKey(key)), key);
  }
});

encode.run();

const parse = suite('parseCoseKey()');

parse('parseCoseKey() takes a view into a larger buffer, and copies it', () => {
  const larger = concatBytes(Uint8Array.of(9, 9, 9), encodeCoseKey(eddsa), Uint8Array.of(9));
  const view = larger.subarray(3, larger.length - 1);
  const key = parseCoseKey(view);
  assert.equal(key, eddsa);
  larger.fill(0);
  assert.equal(key, eddsa);
});

parse('parseCoseKey() refuses every other algorithm', () => {
  const algorithms = [-48, -49, -50, -19, -9, -35, -36, -37, -47, -65535, -39, 0, 7, 257];
  for (const algorithm of algorithms) {
    for (const members of [ES256_MEMBERS, EDDSA_MEMBERS, RS256_MEMBERS]) {
      refuses(cbor(having(members, 3, algorithm)), `algorithm ${algorithm}`);
    }
  }
  refuses(cbor(ES256_MEMBERS.filter(([label]) => label !== 3)), 'algorithm unknown');
  refuses(cbor(having(ES256_MEMBERS, 3, 'ES256')), 'algorithm unknown');
});

parse('parseCoseKey() refuses an ML-DSA-44 key as Chrome makes it', () => {
  const publicKey = new Uint8Array(1312).fill(7); // AKP, draft-ietf-cose-dilithium
  const members: Members = [
    [1, 7],
    [3, -48],
    [-1, publicKey],
  ];
  refuses(cbor(members), 'too long');
  refuses(cbor(having(members, -1, publicKey.slice(0, 32))), 'algorithm -48');
});

parse('parseCoseKey() refuses another key type or curve for the algorithm', () => {
  for (const wrong of [0, 1, 3, 4, '2', null]) refuses(cbor(having(ES256_MEMBERS, 1, wrong)));
  for (const wrong of [2, 3, 6, 8, 'P-256']) refuses(cbor(having(ES256_MEMBERS, -1, wrong)));
  for (const wrong of [0, 2, 3]) refuses(cbor(having(EDDSA_MEMBERS, 1, wrong)));
  for (const wrong of [1, 4, 5, 7]) refuses(cbor(having(EDDSA_MEMBERS, -1, wrong)));
  for (const wrong of [0, 1, 2]) refuses(cbor(having(RS256_MEMBERS, 1, wrong)));
});

parse('parseCoseKey() refuses coordinates of another length, or compressed', () => {
  for (const wrong of [true, false, X.slice(1), concatBytes(Uint8Array.of(0), Y), null]) {
    refuses(cbor(having(ES256_MEMBERS, -3, wrong)));
  }
  for (const wrong of [ED25519.slice(1), concatBytes(ED25519, Uint8Array.of(0)), 'x']) {
    refuses(cbor(having(EDDSA_MEMBERS, -2, wrong)));
  }
});

parse('parseCoseKey() refuses a point that is not on P-256, with any bit flipped', () => {
  const bytes = encodeCoseKey(es256);
  for (const [start, name] of [
    [10, 'x'],
    [45, 'y'],
  ] as const) {
    for (let bit = 0; bit < 256; bit++) {
      const flipped = copyBytes(bytes);
      const at = start + Math.floor(bit / 8);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit % 8));
      refuses(flipped, 'point is not on P-256', name);
    }
  }
  refuses(cbor(having(having(ES256_MEMBERS, -2, new Uint8Array(32)), -3, new Uint8Array(32))));
});

parse('parseCoseKey() refuses a coordinate that is not below the prime', () => {
  // x = 5 is on the curve, and so is x = 5 + p: the same point in a second writing.
  const y = parseHex('459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc');
  const members = having(ES256_MEMBERS, -3, y);
  parseCoseKey(cbor(having(members, -2, parseHex(`${'00'.repeat(31)}05`))));
  const second = parseHex('ffffffff00000001000000000000000000000001000000000000000000000004');
  refuses(cbor(having(members, -2, second)), 'coordinate out of range');
});

parse('parseCoseKey() refuses Ed25519 points of small order as weak', () => {
  const members = having(EDDSA_MEMBERS, -2, new Uint8Array(32));
  try {
    parseCoseKey(cbor(members));
  } catch (error) {
    assert.ok(error instanceof VerifyError && error.code === 'weak-key');
    return;
  }
  assert.unreachable('accepted');
});

parse('parseCoseKey() refuses RSA below 2048 and above 4096 bits', () => {
  for (const bad of [
    modulusOf(128, 0x80),
    modulusOf(255, 0xff),
    modulusOf(256, 0x7f),
    modulusOf(256, 0x00),
    modulusOf(257, 0x00),
    modulusOf(513, 0x01),
    new Uint8Array(0),
  ]) {
    refuses(cbor(having(RS256_MEMBERS, -1, bad)), 'RSA key is not 2048 to 4096 bits');
  }
});

parse('parseCoseKey() refuses an even modulus and exponents beside 65537', () => {
  const even = copyBytes(modulus);
  even[255] = 0;
  refuses(cbor(having(RS256_MEMBERS, -1, even)), 'RSA modulus is even');
  for (const exponent of ['03', '11', '00010001', '010000', '']) {
    refuses(cbor(having(RS256_MEMBERS, -2, parseHex(exponent))));
  }
  refuses(cbor(having(RS256_MEMBERS, -2, 65537)));
});

parse('parseCoseKey() refuses members beyond the needed, and doubles', () => {
  for (const members of [ES256_MEMBERS, EDDSA_MEMBERS, RS256_MEMBERS]) {
    for (const [label, value] of [
      [2, parseHex('01')],
      [4, 1],
      ['x', null],
      [-70000, 1],
    ] as Members) {
      refuses(cbor([...members, [label, value]]), 'not in its one form');
    }
  }
  const doubled = concatBytes(Uint8Array.of(0xa6), encodeCoseKey(es256).slice(1), parseHex('0326'));
  refuses(doubled, 'not CBOR');
});

parse('parseCoseKey() refuses members in any other order', () => {
  for (const members of [ES256_MEMBERS, EDDSA_MEMBERS, RS256_MEMBERS]) {
    for (let i = 0; i + 1 < members.length; i++) {
      const swapped = [...members];
      swapped.splice(i, 2, ...members.slice(i, i + 2).reverse());
      refuses(cbor(swapped), 'not in its one form');
    }
  }
});

parse('parseCoseKey() refuses longer writings of the same numbers', () => {
  const x = formatHex(X);
  const y = formatHex(Y);
  for (const hex of [
    `b805010203262001215820${x}225820${y}`, // the map's length in a second byte
    `a501180203262001215820${x}225820${y}`, // key type 2 in two bytes
    `a501020338062001215820${x}225820${y}`, // -7 in two bytes
    `a501020326200121590020${x}225820${y}`, // length 32 in three bytes
    `a5010203262001215820${x}225a00000020${y}`,
    `bf010203262001215820${x}225820${y}ff`, // indefinite map
    `a5010203262001215f5820${x}ff225820${y}`, // indefinite bytes
    `a50102032620fb3ff0000000000000215820${x}225820${y}`, // curve 1.0
    `d83da5010203262001215820${x}225820${y}`, // tagged
  ]) {
    refuses(parseHex(hex));
  }
});

parse('parseCoseKey() refuses every key with a byte cut, added or inserted', () => {
  for (const key of keys) {
    const bytes = encodeCoseKey(key);
    for (let i = 0; i < bytes.length; i++) {
      refuses(bytes.slice(0, i));
      refuses(concatBytes(bytes.slice(0, i), Uint8Array.of(0), bytes.slice(i)));
    }
    refuses(concatBytes(bytes, Uint8Array.of(0)));
    refuses(concatBytes(bytes, bytes));
  }
});

parse('parseCoseKey() gives back what re-encodes to the same bytes, or a clear error', () => {
  const seeds = keys.map(encodeCoseKey);
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.nat(255), fc.constantFrom(...seeds), (i, j, byte, seed) => {
      const mangled = copyBytes(seed);
      mangled[i % seed.length] = byte;
      mangled[j % seed.length] = byte;
      try {
        assert.equal(encodeCoseKey(parseCoseKey(mangled)), mangled);
      } catch (error) {
        if (!(error instanceof FormatError) && !(error instanceof VerifyError)) throw error;
      }
    }),
    { numRuns: 500, seed: 1 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => refuses(bytes)),
    { numRuns: 500, seed: 2 },
  );
});

parse('parseCoseKey() refuses what is over its cap before it reads it', () => {
  refuses(new Uint8Array(MAX_COSE_KEY_BYTES + 1).fill(0x81), 'too long');
  refuses(new Uint8Array(MAX_COSE_KEY_BYTES).fill(0x81), 'not CBOR');
  refuses(parseHex('bb001fffffffffffff'), 'not CBOR');
});

parse.run();

/** The Map keeps its order, so the encoding has the members as they are listed. */
function cbor(members: Members): Bytes {
  const bytes = copyBytes(encodeCBOR(new Map(members)));
  assert.ok(decodeCBOR(bytes) instanceof Map);
  return bytes;
}

function having(members: Members, label: number, value: Members[number][1]): Members {
  return members.map(([key, old]) => [key, key === label ? value : old]);
}

function modulusOf(length: number, first: number): Bytes {
  const bytes = new Uint8Array(length).fill(0x55);
  bytes[0] = first;
  return bytes;
}

function refuses(bytes: Uint8Array, state = '', what = state): void {
  try {
    parseCoseKey(bytes);
  } catch (error) {
    assert.instance(error, FormatError, what);
    if (!(error instanceof FormatError)) return;
    assert.is(error.code, 'key');
    const message = error.message.replace('COSE key', 'key'); // Ed25519's own check says "key"
    assert.ok(message.startsWith(`Cannot parse key: ${state}`), message);
    return;
  }
  assert.unreachable(`accepted: ${what} ${formatHex(bytes)}`);
}
