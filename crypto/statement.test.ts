import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { refusalOf } from '#scripts/testing/refusal.ts';
import { createPeople } from '#scripts/testing/story-people.ts';
import { STORY_RULES } from '#scripts/testing/story-policy.ts';
import { STORY_ORIGIN } from '#scripts/testing/story-site.ts';
import { basics } from '#scripts/testing/story-statements.ts';

import { encodeBase64url, parseBase64url } from './base64.ts';
import { concatBytes, encodeUtf8 } from './bytes.ts';
import { sha256 } from './hash.ts';
import { encodeJcs } from './json.ts';
import { formatVerifierKey, verifierKey } from './key.ts';
import {
  checkInForce,
  encodeStatement,
  type Envelope,
  parseStatement,
  signStatement,
  type Statement,
  statementHash,
  type StatementType,
  verifyStatement,
  statementSigner,
} from './statement.ts';

const people = await createPeople();
const { alice, carol, mallory } = people;
const ID = 'c2Vzc2lvbi0wMDAwMDAwMQ';
const HASH = 'A'.repeat(43);
const place = { log: STORY_ORIGIN, endpoint: ID, session: ID };
const COMMAND_DIGESTS = {
  command: HASH,
  shell: HASH,
  cwd: HASH,
  env: HASH,
  timeout_ms: HASH,
  output_limit: HASH,
};

const LOG_KEY = formatVerifierKey(verifierKey(STORY_ORIGIN, 0x01, carol.signer.publicKey));

/** One statement of every type, by Alice. */
const statements: { readonly [T in StatementType]: Extract<Statement, { type: T }> } = {
  roster: { ...basics(alice), type: 'roster', msp: 'M', version: 1, members: [] },
  authority: {
    ...basics(alice),
    type: 'authority',
    log: STORY_ORIGIN,
    version: 1,
    approvers: [],
    contacts: [],
  },
  policy: { ...basics(alice), type: 'policy', log: STORY_ORIGIN, version: 1, rules: STORY_RULES },
  digest: { ...basics(alice), type: 'digest', log: STORY_ORIGIN, version: 1, level: 'sealed' },
  root: { ...basics(alice), type: 'root', keys: carol.key },
  device: { ...basics(alice), type: 'device', peer: carol.key },
  site: {
    ...{ ...basics(alice), type: 'site', site: ID, version: 1 },
    ...{ appliance: carol.key, log_key: LOG_KEY },
  },
  session: {
    ...basics(alice),
    ...place,
    type: 'session',
    delegate: carol.key,
    digests: { reason: HASH, ticket: HASH },
  },
  command: {
    ...basics(alice),
    ...place,
    type: 'command',
    purpose: 'work',
    digests: COMMAND_DIGESTS,
  },
  approval: {
    ...basics(alice),
    ...place,
    type: 'approval',
    decision: 'approve',
    request: HASH,
    order: HASH,
    command: HASH,
    state: null,
  },
  attestation: {
    ...basics(alice),
    type: 'attestation',
    log: STORY_ORIGIN,
    session: ID,
    snapshot: HASH,
    participated: false,
  },
};
const types = Object.keys(statements) as readonly StatementType[]; // the keys of a closed table

const verify = suite('verifyStatement()');

verify('verifyStatement() gives back what was signed, of every type', async () => {
  for (const type of types) {
    const envelope = await signStatement(statements[type], statementSigner(alice.signer));
    const signed = await verifyStatement(envelope, { type, log: STORY_ORIGIN });
    assert.equal({ ...signed.statement }, statements[type]);
    const bytes = parseBase64url(envelope.statement);
    assert.is(signed.hash, encodeBase64url(statementHash(bytes)));
  }
});

verify('verifyStatement() refuses every other type, and every other log', async () => {
  for (const type of types) {
    const envelope = await signStatement(statements[type], statementSigner(alice.signer));
    for (const other of types) {
      const refusal = await refusalOf(() =>
        verifyStatement(envelope, { type: other, log: STORY_ORIGIN }),
      );
      assert.is(refusal, other === type ? 'accepted' : 'wrong-kind', `${type} as ${other}`);
    }
    const elsewhere = await refusalOf(() => verifyStatement(envelope, { type, log: 'elsewhere' }));
    const namesNone = !('log' in statements[type]);
    assert.is(elsewhere, namesNone ? 'accepted' : 'wrong-log');
  }
});

verify(
  'verifyStatement() refuses a signature by another key than the statement names',
  async () => {
    const forged = await signStatement(statements.command, statementSigner(mallory.signer));
    const as = { type: 'command', log: STORY_ORIGIN } as const;
    assert.is(await refusalOf(() => verifyStatement(forged, as)), 'signature');
    const passkey: Envelope = {
      ...forged,
      signature: { alg: 'webauthn', authenticator_data: '', client_data: '', signature: '' },
    };
    assert.is(await refusalOf(() => verifyStatement(passkey, as)), 'signature');
  },
);

verify(
  'verifyStatement() refuses a signature over the bytes alone, without tag or hash',
  async () => {
    const bytes = encodeStatement(statements.command);
    const as = { type: 'command', log: STORY_ORIGIN } as const;
    for (const message of [
      bytes,
      sha256(bytes),
      concatBytes(encodeUtf8('caisey/statement/v1\0'), bytes),
    ]) {
      const signature = encodeBase64url(await alice.signer.sign(message));
      const envelope: Envelope = {
        statement: encodeBase64url(bytes),
        signature: { alg: 'ed25519', signature },
      };
      assert.is(await refusalOf(() => verifyStatement(envelope, as)), 'signature');
    }
  },
);

verify('verifyStatement() refuses an envelope with any bit of it changed', async () => {
  const envelope = await signStatement(statements.approval, statementSigner(alice.signer));
  if (envelope.signature.alg !== 'ed25519') throw new Error('unreachable: an Ed25519 key signed');
  const { signature } = envelope.signature;
  const flip = (text: string, bit: number): string => {
    const bytes = parseBase64url(text);
    const at = Math.floor(bit / 8) % bytes.length;
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % 8));
    return encodeBase64url(bytes);
  };
  const as = { type: 'approval', log: STORY_ORIGIN } as const;
  for (let bit = 0; bit < 512; bit++) {
    const bad: Envelope = {
      ...envelope,
      signature: { alg: 'ed25519', signature: flip(signature, bit) },
    };
    assert.is(await refusalOf(() => verifyStatement(bad, as)), 'signature', `signature ${bit}`);
  }
  const length = parseBase64url(envelope.statement).length * 8;
  await fc.assert(
    fc.asyncProperty(fc.nat(length - 1), async (bit) => {
      const bad = { ...envelope, statement: flip(envelope.statement, bit) };
      assert.is.not(await refusalOf(() => verifyStatement(bad, as)), 'accepted');
    }),
    { numRuns: 300 },
  );
});

verify.run();

const parse = suite('parseStatement()');

parse('parseStatement() refuses what is not in its one form', async () => {
  const { command } = statements;
  const { nonce: _, ...without } = command;
  const bad: readonly unknown[] = [
    { ...command, more: 1 },
    { ...command, v: 2 },
    { ...command, type: 'unheard-of' },
    { ...command, by: 'ed25519:AAAA' },
    { ...command, by: `ed25519:${'A'.repeat(43)}` }, // a point of small order
    { ...command, session: 'short' },
    { ...command, expires: '2026-11-21' },
    { ...command, expires: '2026-99-21T02:00:00.000Z' },
    { ...command, expires: '2026-02-30T02:00:00.000Z' },
    { ...command, digests: { command: HASH } },
    { ...command, digests: { ...command.digests, reason: HASH } },
    { ...command, digests: { ...command.digests, command: `${HASH.slice(1)}B` } }, // stray bits
    { ...statements.attestation, participated: true },
    { ...statements.roster, version: 0 },
    { ...statements.roster, msp: 'a\u202eb' },
    { ...statements.site, site: 'head-office' },
    { ...statements.site, appliance: 'webauthn:localhost:AAAA' },
    { ...statements.site, log_key: `${LOG_KEY}A` },
    { ...statements.site, log_key: carol.key },
    { ...statements.site, roots: [] },
    without,
    [],
    null,
  ];
  for (const value of bad) {
    const statement = encodeBase64url(encodeJcs(value));
    const signature = { alg: 'ed25519' as const, signature: 'AA' };
    const refusal = await refusalOf(() => parseStatement({ statement, signature }));
    assert.is(refusal, 'statement', JSON.stringify(value));
  }
  const spaced = encodeBase64url(encodeUtf8(JSON.stringify(command, null, 1)));
  const loose = { statement: spaced, signature: { alg: 'ed25519' as const, signature: 'AA' } };
  assert.is(await refusalOf(() => parseStatement(loose)), 'statement');
});

parse.run();

const encode = suite('encodeStatement()');

encode('encodeStatement() refuses what parseStatement() would', async () => {
  const bad = { ...statements.command, session: 'short' };
  assert.is(await refusalOf(() => encodeStatement(bad)), 'statement');
  assert.is(await refusalOf(() => signStatement(bad, statementSigner(alice.signer))), 'statement');
});

encode('encodeStatement() names the field that is wrong, and the rule', () => {
  assert.throws(
    () => encodeStatement({ ...statements.command, session: 'short' }),
    /^Cannot encode statement: "session" is not 128 bits of base64url$/,
  );
});

encode.run();

const force = suite('checkInForce()');

force('checkInForce() holds from not_before until just before expires', async () => {
  const said = { ...statements.command };
  const from = Date.parse(said.not_before);
  const until = Date.parse(said.expires);
  const at = (ms: number) =>
    refusalOf(() => {
      checkInForce(said, ms);
    });
  assert.is(await at(from - 1), 'not-yet-valid');
  assert.is(await at(from), 'accepted');
  assert.is(await at(until - 1), 'accepted');
  assert.is(await at(until), 'expired');
  assert.is(await at(NaN), 'not-yet-valid');
});

force.run();
