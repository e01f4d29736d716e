import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { signCheckpoint } from './checkpoint.ts';
import { cosignCheckpoint } from './cosignature.ts';
import { FormatError, VerifyError } from './error.ts';
import { EMPTY_ROOT } from './hash.ts';
import { formatVerifierKey, verifierKey, type VerifierKey } from './key.ts';
import { formatNote, parseNote } from './note.ts';
import {
  formatTrustPolicy,
  isQuorum,
  MAX_POLICY_BYTES,
  MAX_POLICY_ITEMS,
  parseTrustPolicy,
  verifyWithPolicy,
} from './trust-policy.ts';
import { importSigner, type Signer } from './webcrypto.ts';

const ORIGIN = 'caisey.example/site/7f3a/1';
const NAMES = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'];

const signers = await Promise.all(
  Array.from({ length: 8 }, (_, i) => importSigner(new Uint8Array(32).fill(i + 1))),
);
const LOG = keyOf(ORIGIN, 0x01, 6);
const OTHER_LOG = keyOf('other.example/log', 0x01, 7);
const WITNESSES = NAMES.map((name, i) => keyOf(`witness.example/${name}`, 0x04, i));

// The example of the specification, with keys.
const EXAMPLE = `log ${vkey(LOG)}

${NAMES.slice(0, 3).map(witnessLine).join('\n')}
group X-witnesses 2 X1 X2 X3

${NAMES.slice(3).map(witnessLine).join('\n')}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`;
const POLICY = parseTrustPolicy(EXAMPLE);

function signerAt(i: number): Signer {
  const signer = signers[i];
  if (signer === undefined) throw new Error('unreachable: no such signer');
  return signer;
}

function keyOf(name: string, type: 0x01 | 0x04, i: number): VerifierKey {
  return verifierKey(name, type, signerAt(i).publicKey);
}

function vkey(key: VerifierKey | undefined): string {
  if (key === undefined) throw new Error('unreachable: no such key');
  return formatVerifierKey(key);
}

function witnessLine(name: string): string {
  return `witness ${name} ${vkey(WITNESSES[NAMES.indexOf(name)])}`;
}

async function checkpointBy(names: readonly string[]): Promise<string> {
  let note = await signCheckpoint({ origin: ORIGIN, size: 0, root: EMPTY_ROOT }, signerAt(6));
  for (const name of names) {
    const i = NAMES.indexOf(name);
    const key = keyOf(`witness.example/${name}`, 0x04, i);
    note = await cosignCheckpoint(note, { key, signer: signerAt(i), timestampS: 1000 + i });
  }
  return note;
}

function isRefusal(error: unknown): boolean {
  return error instanceof FormatError && error.code === 'policy';
}

function refuse(text: string): void {
  assert.throws(() => parseTrustPolicy(text), isRefusal, text);
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

const parse = suite('parseTrustPolicy()');

parse('parseTrustPolicy() reads the example of the specification', () => {
  assert.equal(POLICY.logs, [{ key: LOG }]);
  assert.equal(
    POLICY.witnesses.map(({ name }) => name),
    NAMES,
  );
  assert.equal(POLICY.groups, [
    { name: 'X-witnesses', threshold: 2, members: ['X1', 'X2', 'X3'] },
    { name: 'Y-witnesses', threshold: 1, members: ['Y1', 'Y2', 'Y3'] },
    { name: 'X-and-Y', threshold: 2, members: ['X-witnesses', 'Y-witnesses'] },
  ]);
  assert.is(POLICY.quorum, 'X-and-Y');
});

parse('parseTrustPolicy() takes comments, tabs, URLs, and a quorum of none', () => {
  const text = `# who we trust\n\t log\t ${vkey(LOG)} https://log.example/ \n \n  # no witness\nquorum none\n`;
  const policy = parseTrustPolicy(text);
  assert.equal(policy, {
    logs: [{ key: LOG, url: 'https://log.example/' }],
    witnesses: [],
    groups: [],
    quorum: null,
  });
  assert.is(parseTrustPolicy('quorum none\n').quorum, null);
  const url = `${witnessLine('X1')} https://w.example/\nquorum X1\n`;
  assert.is(parseTrustPolicy(url).witnesses[0]?.url, 'https://w.example/');
});

parse('parseTrustPolicy() refuses no quorum, two quorums, and one not yet defined', () => {
  refuse('');
  refuse('\n');
  refuse(EXAMPLE.replace('quorum X-and-Y\n', ''));
  refuse(`${EXAMPLE}quorum X-and-Y\n`);
  refuse(`${EXAMPLE}quorum none\n`);
  refuse(`quorum X1\n${witnessLine('X1')}\n`);
  refuse('quorum\n');
  refuse('quorum none none\n');
  refuse('quorum nobody\n');
});

parse('parseTrustPolicy() refuses a file that was cut off, even where it would parse', () => {
  refuse(EXAMPLE.slice(0, -1));
  refuse('quorum none\n#');
  refuse('quorum none\nlog');
  refuse(`${witnessLine('X1')}\n${witnessLine('X2')}\ngroup X all X1 X2\nquorum X`);
  for (let end = 0; end < EXAMPLE.length; end++) refuse(EXAMPLE.slice(0, end));
});

parse('parseTrustPolicy() refuses names that are taken, reserved or not yet defined', () => {
  const two = `${witnessLine('X1')}\n${witnessLine('X2')}\n`;
  parseTrustPolicy(`${two}group g all X1 X2\nquorum g\n`);
  refuse(`${witnessLine('X1')}\nwitness X1 ${vkey(WITNESSES[1])}\nquorum none\n`);
  refuse(`witness none ${vkey(WITNESSES[0])}\nquorum none\n`);
  refuse(`${two}group X1 all X2\nquorum none\n`);
  refuse(`${two}group none all X2\nquorum none\n`);
  refuse(`${two}group g all X1\ngroup g all X2\nquorum none\n`);
  refuse(`${two}group g all g\nquorum none\n`);
  refuse(`${two}group g all h\ngroup h all X1\nquorum none\n`);
  refuse(`${two}group g all X1 none\nquorum none\n`);
});

parse('parseTrustPolicy() refuses a name that is a member twice, so nobody counts twice', () => {
  const two = `${witnessLine('X1')}\n${witnessLine('X2')}\n`;
  refuse(`${two}group g 2 X1 X1\nquorum g\n`);
  refuse(`${two}group g any X1 X2\ngroup h any X2\nquorum g\n`);
});

parse('parseTrustPolicy() refuses one public key under two names', () => {
  const renamed = vkey(keyOf('another.example', 0x04, 0));
  refuse(`${witnessLine('X1')}\nwitness X9 ${renamed}\nquorum none\n`);
  refuse(`log ${vkey(LOG)}\nlog ${vkey(LOG)}\nquorum none\n`);
  refuse(`log ${vkey(LOG)}\nlog ${vkey(keyOf('renamed.example', 0x01, 6))}\nquorum none\n`);
});

parse('parseTrustPolicy() refuses two keys that claim the same lines', () => {
  // Found by trying: two keys of one name with one id, of 32 bits.
  const twin = (last: readonly number[]): VerifierKey => {
    const bytes = new Uint8Array(32);
    bytes.set(last, 32 - last.length);
    return verifierKey('twin.example', 0x04, bytes);
  };
  const [a, b] = [twin([0x6e, 0x18]), twin([0xdd, 0x0e])];
  assert.equal(a.id, b.id);
  refuse(`witness a ${vkey(a)}\nwitness b ${vkey(b)}\nquorum none\n`);
  parseTrustPolicy(`witness a ${vkey(a)}\nquorum none\n`);
});

parse('parseTrustPolicy() refuses thresholds outside 1..n and in other spellings', () => {
  const three = `${NAMES.slice(0, 3).map(witnessLine).join('\n')}\n`;
  for (const k of ['1', '2', '3', 'all', 'any']) {
    parseTrustPolicy(`${three}group g ${k} X1 X2 X3\nquorum g\n`);
  }
  for (const k of ['0', '4', '-1', '01', '+1', '1.0', 'ALL', 'most', '1e0', '٢', '9'.repeat(40)]) {
    refuse(`${three}group g ${k} X1 X2 X3\nquorum g\n`);
  }
  refuse(`${three}group g all\nquorum none\n`);
  refuse(`${three}group g\nquorum none\n`);
  refuse(`${three}group\nquorum none\n`);
});

parse('parseTrustPolicy() refuses a log key as witness, a witness key as log, and no keys', () => {
  refuse(`log ${vkey(WITNESSES[0])}\nquorum none\n`);
  refuse(`witness w ${vkey(LOG)}\nquorum none\n`);
  refuse('log\nquorum none\n');
  refuse('log key\nquorum none\n');
  refuse(`witness ${vkey(WITNESSES[0])}\nquorum none\n`);
  refuse(`log ${vkey(LOG)} url more\nquorum none\n`);
  refuse(`${witnessLine('X1')} url more\nquorum none\n`);
  const weak = 'AQ' + 'A'.repeat(42); // type 1, the all-zero point
  refuse(`log weak+00000000+${weak}\nquorum none\n`);
});

parse('parseTrustPolicy() refuses unknown words, controls and other line ends', () => {
  refuse('witnesses none\nquorum none\n');
  refuse('Quorum none\n');
  refuse('quorum none\r\n');
  for (const bad of ['\u0000', '\u000b', '\u001f', '\u007f', '\ud800']) {
    refuse(`# ${bad}\nquorum none\n`);
  }
  parseTrustPolicy('# Grüße\nquorum none\n');
  refuse('quorum\u00a0none\n');
});

parse('parseTrustPolicy() refuses what is too long or has too many items', () => {
  const comment = (length: number): string => `#${'a'.repeat(length - 14)}\nquorum none\n`;
  parseTrustPolicy(comment(MAX_POLICY_BYTES));
  refuse(comment(MAX_POLICY_BYTES + 1));
  refuse(comment(MAX_POLICY_BYTES).replace('#aa', '#üü'));
  const chain = (length: number): string => {
    const line = (_: unknown, i: number): string => `group ${i} any ${i === 0 ? 'X1' : i - 1}\n`;
    return `${witnessLine('X1')}\n${Array.from({ length }, line).join('')}quorum none\n`;
  };
  parseTrustPolicy(chain(MAX_POLICY_ITEMS));
  refuse(chain(MAX_POLICY_ITEMS + 1));
});

parse('parseTrustPolicy() of any text answers or refuses with its code', () => {
  const words = ['log', 'witness', 'group', 'quorum', 'none', 'all', 'any', '1', 'a', vkey(LOG)];
  const bits = fc.constantFrom(...words, ' ', '\n', '\t', vkey(WITNESSES[0]), '#');
  fc.assert(
    fc.property(fc.array(bits, { maxLength: 30 }), (parts) => {
      try {
        const policy = parseTrustPolicy(`${parts.join(' ')}\nquorum none\n`);
        assert.equal(parseTrustPolicy(formatTrustPolicy(policy)), policy);
      } catch (error) {
        assert.ok(isRefusal(error), String(error));
      }
    }),
  );
});

parse.run();

const format = suite('formatTrustPolicy()');

format('formatTrustPolicy() gives a policy that parses back the same', () => {
  assert.equal(parseTrustPolicy(formatTrustPolicy(POLICY)), POLICY);
  const [log] = POLICY.logs;
  const urls = { ...POLICY, logs: [{ key: LOG, ...log, url: 'https://log.example' }] };
  assert.equal(parseTrustPolicy(formatTrustPolicy(urls)), urls);
  const none = { logs: [], witnesses: [], groups: [], quorum: null };
  assert.is(formatTrustPolicy(none), 'quorum none\n');
});

format('formatTrustPolicy() refuses values that would say something else', () => {
  const [X1] = POLICY.witnesses;
  if (X1 === undefined) throw new Error('unreachable: six witnesses');
  const alone = { logs: [], witnesses: [X1], groups: [], quorum: 'X1' };
  formatTrustPolicy(alone);
  const bad = [
    { quorum: 'none' },
    { quorum: 'X2' },
    { quorum: '' },
    { quorum: 'X1\nlog' },
    { witnesses: [{ ...X1, name: 'X 1' }] },
    { witnesses: [{ ...X1, url: '' }] },
    { witnesses: [{ ...X1, url: 'a\tb' }] },
    { groups: [{ name: 'g', threshold: 0, members: ['X1'] }] },
    { groups: [{ name: 'g', threshold: 2, members: ['X1'] }] },
    { groups: [{ name: 'g', threshold: 0, members: [] }] },
    { groups: [{ name: 'g', threshold: NaN, members: ['X1'] }] },
    { logs: [{ key: X1.key }] },
  ];
  for (const change of bad) {
    assert.throws(() => formatTrustPolicy({ ...alone, ...change }), isRefusal);
  }
});

format.run();

const quorum = suite('isQuorum()');

quorum('isQuorum() agrees with the example for every set of witnesses', () => {
  for (let set = 0; set < 64; set++) {
    const names = NAMES.filter((_, i) => Math.floor(set / 2 ** i) % 2 === 1);
    const count = (prefix: string): number => names.filter((n) => n.startsWith(prefix)).length;
    assert.is(isQuorum(POLICY, names), count('X') >= 2 && count('Y') >= 1, names.join(' '));
  }
});

quorum('isQuorum() counts no name twice, no group by its name, and no stranger', () => {
  assert.not.ok(isQuorum(POLICY, ['X1', 'X1', 'Y1']));
  assert.not.ok(isQuorum(POLICY, ['X-and-Y', 'X-witnesses', 'Y-witnesses']));
  assert.not.ok(isQuorum(POLICY, ['X1', 'Y1', 'Z1', 'none']));
});

quorum('isQuorum() is met by nobody when none is demanded', () => {
  assert.ok(isQuorum({ ...POLICY, quorum: null }, []));
  assert.not.ok(isQuorum({ ...POLICY, quorum: 'gone' }, NAMES));
});

quorum.run();

const verify = suite('verifyWithPolicy()');

verify('verifyWithPolicy() accepts a quorum and says who cosigned when', async () => {
  const note = await checkpointBy(['X1', 'X3', 'Y2']);
  const checkpoint = await verifyWithPolicy(note, POLICY);
  assert.is(checkpoint.origin, ORIGIN);
  assert.is(checkpoint.note, note);
  assert.equal(checkpoint.witnesses, [
    { name: 'X1', timestampS: 1000 },
    { name: 'X3', timestampS: 1002 },
    { name: 'Y2', timestampS: 1004 },
  ]);
});

verify('verifyWithPolicy() refuses less than a quorum', async () => {
  for (const names of [[], ['X1', 'X2'], ['X1', 'Y1'], ['Y1', 'Y2', 'Y3']]) {
    assert.is(await codeOf(verifyWithPolicy(await checkpointBy(names), POLICY)), 'quorum');
  }
});

verify('verifyWithPolicy() takes the log at its word when the quorum is none', async () => {
  const policy = { ...POLICY, quorum: null };
  assert.equal((await verifyWithPolicy(await checkpointBy([]), policy)).witnesses, []);
});

verify('verifyWithPolicy() refuses a log that the policy does not know', async () => {
  const note = await checkpointBy(['X1', 'X2', 'Y1']);
  for (const logs of [[], [{ key: OTHER_LOG }]]) {
    assert.is(await codeOf(verifyWithPolicy(note, { ...POLICY, logs })), 'wrong-log');
  }
  const logs = [{ key: keyOf(ORIGIN, 0x01, 7) }]; // the origin, another key
  assert.is(await codeOf(verifyWithPolicy(note, { ...POLICY, logs })), 'unknown-key');
});

verify('verifyWithPolicy() refuses witnesses without the log', async () => {
  const { text, signatures } = parseNote(await checkpointBy(['X1', 'X2', 'Y1']));
  const note = formatNote({ text, signatures: signatures.slice(1) });
  assert.is(await codeOf(verifyWithPolicy(note, POLICY)), 'unknown-key');
});

verify('verifyWithPolicy() refuses a forged line by a witness, quorum or not', async () => {
  const { text, signatures } = parseNote(await checkpointBy(NAMES));
  for (let at = 1; at < signatures.length; at++) {
    const forged = signatures.map((line, i) =>
      i === at
        ? { ...line, signature: line.signature.with(70, (line.signature[70] ?? 0) ^ 1) }
        : line,
    );
    const note = formatNote({ text, signatures: forged });
    assert.is(await codeOf(verifyWithPolicy(note, POLICY)), 'signature');
  }
});

verify(
  'verifyWithPolicy() refuses cosignatures that were made for another checkpoint',
  async () => {
    const later = await signCheckpoint({ origin: ORIGIN, size: 9, root: EMPTY_ROOT }, signerAt(6));
    const { signatures } = parseNote(await checkpointBy(['X1', 'X2', 'Y1']));
    const moved = { ...parseNote(later) };
    const note = formatNote({
      ...moved,
      signatures: [...moved.signatures, ...signatures.slice(1)],
    });
    assert.is(await codeOf(verifyWithPolicy(note, POLICY)), 'signature');
  },
);

verify.run();
