// Statements: the one mechanism for everything a person decides. A statement is a JCS document; it is signed
// by a known key over
//
//   SHA-256( "caisey/statement/v1\0" || bytes )
//
// by Ed25519, or by a WebAuthn assertion whose challenge is that hash. Statements hold no private text: where
// they speak of a field that may be withheld they name its disclosure's digest, so they stay verifiable.

import * as z from 'zod';

import { type Bytes, concatBytes, encodeUtf8 } from './bytes.ts';
import { encodeBase64url, parseBase64url } from './base64.ts';
import { DIGEST_LEVELS } from './digest-level.ts';
import { FormatError, VerifyError } from './error.ts';
import { type Hash, sha256 } from './hash.ts';
import { describeIssue } from './issue.ts';
import { encodeJcs, parseJcs } from './json.ts';
import { parseVerifierKey } from './key.ts';
import { COMMAND_FIELDS, envelopeSchema } from './kind.ts';
import { MAX_ORIGIN_CHARS, parseTime } from './leaf.ts';
import { formatPersonKey, isPersonKey, MAX_KEY_CHARS, parsePersonKey } from './person-key.ts';
import { policySchema, ROLES } from './policy.ts';
import { isRootSet, MAX_ROOT_SET_CHARS } from './root-set.ts';
import { isEd25519Signature, type Signer } from './webcrypto.ts';
import { checkAssertion } from './webauthn.ts';

/** The signed form: base64url of the statement's bytes, and the signature. */
export type Envelope = z.infer<typeof envelopeSchema>;

export { envelopeSchema };

const key = z.string().max(MAX_KEY_CHARS).refine(isPersonKey, 'not a key');
const peer = key.startsWith('ed25519:', 'not a peer key');
const id = z.string().refine(isBytesText(16), 'not 128 bits of base64url');
const personId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'not 1 to 64 of a-z, 0-9, dot, underline and dash');
const hash = z.string().refine(isBytesText(32), 'not a hash in base64url');
const name = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\p{C}]+$/u, 'not of visible characters alone');
const time = z.string().refine(isTime, 'not a time');
const version = z.int().min(1);
const log = z.string().min(1).max(MAX_ORIGIN_CHARS);

const common = { v: z.literal(1), by: key, not_before: time, expires: time, nonce: id };

/** Somebody whom a roster names. */
export const memberSchema = z.strictObject({ id: personId, name, role: z.enum(ROLES), key });
const approverSchema = z.strictObject({ id: personId, name, key });
const contactSchema = z.strictObject({ name, reach: name });

/** Of a vkey: name of at most 255 bytes, id and key. */
const MAX_LOG_KEY_CHARS = 512;

/** So many certificates a roster brings along, each of so many characters at most. */
export const MAX_CERTIFICATES = 8;
const MAX_CERTIFICATE_CHARS = 16_384;

const certificate = envelopeSchema.refine(
  ({ statement }) => statement.length <= MAX_CERTIFICATE_CHARS,
  'too long for a root certificate',
);

const carriedCertificates = z.array(certificate).min(1).max(MAX_CERTIFICATES).exactOptional();

/**
 * What is signed, by type. A roster, a root and a device serve all sites of their MSP, so they name no log; a `site` says
 * which log its site has.
 */
export const statementSchema = z.discriminatedUnion('type', [
  z.strictObject({
    ...common,
    type: z.literal('roster'),
    msp: name,
    version,
    members: z.array(memberSchema).max(1024),
    /** By which other roots its signer is a root (`root-certificate.ts`); absent: there are none. */
    roots: carriedCertificates,
  }),
  z.strictObject({
    ...common,
    type: z.literal('site'),
    /** By which the organisation's console knows it. */
    site: id,
    /** `ed25519:…` of its appliance's peer key. */
    appliance: peer,
    log_key: z.string().max(MAX_LOG_KEY_CHARS).refine(isLogKey, 'not a key of a log'),
    version,
    /** As in a roster. */
    roots: carriedCertificates,
  }),
  z.strictObject({
    ...common,
    type: z.literal('root'),
    keys: z.string().max(MAX_ROOT_SET_CHARS).refine(isRootSet, 'not a root set'),
  }),
  z.strictObject({
    ...common,
    type: z.literal('authority'),
    log,
    version,
    approvers: z.array(approverSchema).max(64),
    contacts: z.array(contactSchema).max(64),
  }),
  z.strictObject({ ...common, type: z.literal('policy'), log, version, rules: policySchema }),
  z.strictObject({
    ...common,
    type: z.literal('digest'),
    log,
    version,
    level: z.enum(DIGEST_LEVELS),
  }),
  z.strictObject({
    ...common,
    type: z.literal('device'),
    peer,
  }),
  z.strictObject({
    ...common,
    type: z.literal('session'),
    log,
    endpoint: id,
    session: id,
    delegate: key,
    digests: z.strictObject({ reason: hash, ticket: hash }),
  }),
  z.strictObject({
    ...common,
    type: z.literal('command'),
    log,
    endpoint: id,
    session: id,
    purpose: z.enum(['work', 'state-before', 'state-after']),
    digests: z.strictObject(
      Object.fromEntries(COMMAND_FIELDS.map((field) => [field, hash])) as Record<
        (typeof COMMAND_FIELDS)[number],
        typeof hash
      >, // one hash for each of the six names
    ),
  }),
  z.strictObject({
    ...common,
    type: z.literal('approval'),
    log,
    decision: z.enum(['approve', 'deny']),
    endpoint: id,
    session: id,
    request: hash,
    order: hash,
    command: hash,
    state: hash.nullable(),
  }),
  z.strictObject({
    ...common,
    type: z.literal('attestation'),
    log,
    session: id,
    snapshot: hash,
    participated: z.literal(false),
  }),
]);

export type Statement = z.infer<typeof statementSchema>;
export type StatementType = Statement['type'];
export type StatementOf<T extends StatementType> = Extract<Statement, { type: T }>;
export type Member = z.infer<typeof memberSchema>;
export type Approver = z.infer<typeof approverSchema>;

declare const verifiedBrand: unique symbol;

/** A statement whose signature by `by` held. Whether `by` may say so is another question. */
export type VerifiedStatement<T extends StatementType = StatementType> = StatementOf<T> & {
  readonly [verifiedBrand]: true;
};

/** A verified statement with the hash by which others name it. */
export interface Signed<T extends StatementType> {
  readonly statement: VerifiedStatement<T>;
  /** base64url of the hash that was signed. */
  readonly hash: string;
}

export const STATEMENT_TAG = 'caisey/statement/v1\0';

/** SHA-256( "caisey/statement/v1\0" || bytes ): what is signed, and the WebAuthn challenge. */
export function statementHash(bytes: Uint8Array): Hash {
  return sha256(concatBytes(encodeUtf8(STATEMENT_TAG), bytes));
}

/**
 * Encodes a statement for signing.
 * @throws {FormatError} code `statement` when it is not one of ours
 */
export function encodeStatement(statement: Statement): Bytes {
  const parsed = statementSchema.safeParse(statement);
  if (!parsed.success) {
    const why = describeIssue(parsed.error);
    throw new FormatError('statement', `Cannot encode statement: ${why}`, { cause: parsed.error });
  }
  return encodeJcs(parsed.data);
}

/** Whoever signs statements with one key, wherever it lives: in a file, in a browser, in an authenticator. */
export interface StatementSigner {
  /** Its line of text (`person-key.ts`): the `by` of what it signs. */
  readonly key: string;
  /** Signs a statement's hash, which for a passkey is the challenge of the assertion. */
  sign(challenge: Hash): Promise<Envelope['signature']>;
}

/** Signs statements with an Ed25519 key. */
export function statementSigner(signer: Signer): StatementSigner {
  return {
    key: formatPersonKey({ kind: 'ed25519', publicKey: signer.publicKey }),
    sign: async (challenge) => ({
      alg: 'ed25519',
      signature: encodeBase64url(await signer.sign(challenge)),
    }),
  };
}

/** Signs a statement. The caller promises that `by` is the signer's key: `verifyStatement` finds out. */
export async function signStatement(
  statement: Statement,
  signer: StatementSigner,
): Promise<Envelope> {
  const bytes = encodeStatement(statement);
  const signature = await signer.sign(statementHash(bytes));
  return { statement: encodeBase64url(bytes), signature };
}

/**
 * Parses what an envelope says, without trusting it: to show it, or to look up who should have signed it.
 * @throws {FormatError} code `statement`
 */
export function parseStatement(envelope: Envelope): { statement: Statement; hash: string } {
  try {
    const bytes = parseBase64url(envelope.statement);
    const statement = statementSchema.parse(parseJcs(bytes));
    return { statement, hash: encodeBase64url(statementHash(bytes)) };
  } catch (cause) {
    throw new FormatError('statement', 'Cannot parse statement: malformed', { cause });
  }
}

/**
 * Verifies a statement: its form, its type, its log and the signature by the key in `by`.
 * @throws {FormatError} code `statement` for bad form
 * @throws {VerifyError} code `wrong-kind`, `wrong-log`, `signature` or `webauthn`
 */
export async function verifyStatement<T extends StatementType>(
  envelope: Envelope,
  { type, log: origin }: { type: T; log: string },
): Promise<Signed<T>> {
  const { statement, hash: signedHash } = await verifySigned(envelope);
  if (statement.type !== type) {
    throw new VerifyError('wrong-kind', `Cannot accept ${type}: it is a ${statement.type}`);
  }
  if ('log' in statement && statement.log !== origin) {
    throw new VerifyError('wrong-log', `Cannot accept ${type}: it is for log "${statement.log}"`);
  }
  return {
    statement: statement as unknown as VerifiedStatement<T>, // minted here: type and signature hold
    hash: signedHash,
  };
}

interface Parsed {
  readonly statement: Statement;
  readonly hash: string;
}

/** So many characters of envelopes whose signatures held are kept: rosters and policies come with every order. */
const MAX_KEPT_CHARS = 4 * 1024 * 1024;
const kept = new Map<string, Parsed>();
let keptChars = 0;

/** Parses and verifies an envelope, once: the same bytes have the same answer. Only what held is kept. */
async function verifySigned(envelope: Envelope): Promise<Parsed> {
  const text = JSON.stringify([envelope.statement, envelope.signature]);
  const known = kept.get(text);
  if (known !== undefined) return known;
  const parsed = parseStatement(envelope);
  await checkSignature(envelope, parsed.statement.by, parseBase64url(parsed.hash));
  if (keptChars + text.length > MAX_KEPT_CHARS) {
    kept.clear();
    keptChars = 0;
  }
  if (!kept.has(text)) keptChars += text.length;
  kept.set(text, parsed);
  return parsed;
}

/**
 * Checks that a statement is in force at a time, in milliseconds since 1970.
 * @throws {VerifyError} code `not-yet-valid` or `expired`
 */
export function checkInForce(
  statement: Pick<Statement, 'type' | 'not_before' | 'expires'>,
  atMs: number,
): void {
  if (!(atMs >= parseTime(statement.not_before))) {
    throw new VerifyError(
      'not-yet-valid',
      `Cannot accept ${statement.type}: not valid before ${statement.not_before}`,
    );
  }
  if (!(atMs < parseTime(statement.expires))) {
    throw new VerifyError(
      'expired',
      `Cannot accept ${statement.type}: expired at ${statement.expires}`,
    );
  }
}

async function checkSignature(envelope: Envelope, by: string, challenge: Bytes): Promise<void> {
  const personKey = parsePersonKey(by);
  const { signature } = envelope;
  if (personKey.kind === 'ed25519' && signature.alg === 'ed25519') {
    const holds = await isEd25519Signature(personKey.publicKey, {
      signature: parseSignatureBytes(signature.signature),
      message: challenge,
    });
    if (!holds) throw new VerifyError('signature', 'Cannot accept statement: bad signature');
    return;
  }
  if (personKey.kind === 'webauthn' && signature.alg === 'webauthn') {
    await checkAssertion(
      {
        authenticatorData: parseSignatureBytes(signature.authenticator_data),
        clientData: parseSignatureBytes(signature.client_data),
        signature: parseSignatureBytes(signature.signature),
      },
      { rpId: personKey.rpId, cose: personKey.cose, challenge },
    );
    return;
  }
  throw new VerifyError('signature', 'Cannot accept statement: signature is not by its key');
}

function parseSignatureBytes(text: string): Bytes {
  try {
    return parseBase64url(text);
  } catch (cause) {
    throw new FormatError('statement', 'Cannot parse statement: bad signature encoding', { cause });
  }
}

/** Whether text is this many bytes in base64url, in the one form that re-encodes to itself. */
function isBytesText(length: number): (text: string) => boolean {
  return (text) => {
    try {
      return parseBase64url(text).length === length;
    } catch {
      return false;
    }
  };
}

/** Whether text is the vkey of a key that signs notes. */
function isLogKey(text: string): boolean {
  try {
    return parseVerifierKey(text).type === 0x01;
  } catch {
    return false;
  }
}

function isTime(text: string): boolean {
  try {
    return parseTime(text) >= 0;
  } catch {
    return false;
  }
}
