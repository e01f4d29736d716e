// An approver's key, sealed by a PIN. The key signs consent, so it never lies open on the appliance: it is
// encrypted with AES-256-GCM under a key that scrypt (RFC 7914) makes of the PIN, and is open in memory only
// while its owner decides. The approver's public key is the additional data: a box moved under another name
// does not open.
//
// A PIN is short. scrypt makes each guess cost 128 MiB and a good part of a second for a thief of the file;
// `pin-desk.ts` limits guesses at the page.

import { randomBytes as nodeRandomBytes, scrypt, type ScryptOptions } from 'node:crypto';

import * as z from 'zod';

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import { type Bytes, copyBytes, encodeUtf8 } from '#crypto/bytes.ts';
import { formatPersonKey, isPersonKey } from '#crypto/person-key.ts';
import { door, importSigner } from '#crypto/webcrypto.ts';

export const SEALED_KEY_FORMAT = 'caisey/sealed-key/v1';
export const MIN_PIN_CHARS = 6;
export const MAX_PIN_CHARS = 64;

export type PinErrorCode =
  | 'wrong-pin'
  /** Too many wrong ones: come back after `retryAfterMs`. */
  | 'pin-locked'
  /** A new PIN that anybody would try first. */
  | 'weak-pin'
  /** A box that is not one of ours, or not of its key. */
  | 'sealed-key';

/** Why a key stays shut. Messages never hold a PIN. */
export class PinError extends Error {
  override readonly name = 'PinError';
  readonly code: PinErrorCode;
  /** Milliseconds until the next try, for `pin-locked`. */
  readonly retryAfterMs: number | null;
  /** Wrong ones that are left before the next wait, for `wrong-pin`. */
  readonly triesLeft: number | null;

  constructor(
    code: PinErrorCode,
    message: string,
    {
      retryAfterMs,
      triesLeft,
      ...options
    }: ErrorOptions & { retryAfterMs?: number; triesLeft?: number } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = retryAfterMs ?? null;
    this.triesLeft = triesLeft ?? null;
  }
}

const MAX_COST_LOG2 = 20;
const MAX_SCRYPT_BYTES = 2 ** 28;

/** 128 · N · r bytes is what scrypt takes: a file must not ask for all the memory there is. */
const scryptSchema = z
  .strictObject({
    name: z.literal('scrypt'),
    /** log2 of N. */
    cost_log2: z.int().min(10).max(MAX_COST_LOG2),
    r: z.int().min(1).max(16),
    p: z.int().min(1).max(4),
    salt: bytesText(16),
  })
  .refine(({ cost_log2, r }) => 128 * 2 ** cost_log2 * r <= MAX_SCRYPT_BYTES, 'too costly');

/** A sealed key as it is stored. Binary members are base64url. */
export const sealedKeySchema = z.strictObject({
  format: z.literal(SEALED_KEY_FORMAT),
  /** The public key, `ed25519:…`. */
  key: z.string().max(64).startsWith('ed25519:').refine(isPersonKey, 'not a key'),
  kdf: scryptSchema,
  cipher: z.strictObject({
    name: z.literal('aes-256-gcm'),
    nonce: bytesText(12),
    /** 32 bytes of seed and 16 of tag. */
    box: bytesText(48),
  }),
});

export type SealedKey = z.infer<typeof sealedKeySchema>;

/**
 * Seals an Ed25519 seed under a PIN.
 * @throws {PinError} code `weak-pin`
 */
export async function sealKey(
  seed: Bytes,
  pin: string,
  /** Lower only in tests: 17 is 128 MiB, and about half a second on a small box. */
  { costLog2 = 17 }: { costLog2?: number } = {},
): Promise<SealedKey> {
  checkNewPin(pin);
  const { publicKey } = await importSigner(seed);
  const key = formatPersonKey({ kind: 'ed25519', publicKey });
  const kdf = {
    name: 'scrypt' as const,
    cost_log2: costLog2,
    r: 8,
    p: 1,
    salt: encodeBase64url(nodeRandomBytes(16)),
  };
  const nonce = copyBytes(nodeRandomBytes(12));
  const subtle = await door();
  const box = await subtle.encrypt(
    { name: 'AES-GCM', iv: nonce, additionalData: boundTo(key) },
    await pinKey(pin, kdf),
    seed,
  );
  return {
    format: SEALED_KEY_FORMAT,
    key,
    kdf,
    cipher: {
      name: 'aes-256-gcm',
      nonce: encodeBase64url(nonce),
      box: encodeBase64url(new Uint8Array(box)),
    },
  };
}

/**
 * Opens a sealed key: its 32-byte seed, which the caller wipes.
 * @throws {PinError} `wrong-pin`; `sealed-key` when it is malformed, or holds another key than it says
 */
export async function openSealedKey(sealed: SealedKey, pin: string): Promise<Bytes> {
  const parsed = sealedKeySchema.safeParse(sealed);
  if (!parsed.success) {
    throw new PinError('sealed-key', 'Cannot open sealed key: malformed', { cause: parsed.error });
  }
  const { key, kdf, cipher } = parsed.data;
  if (!isPin(pin)) throw wrongPin();
  const subtle = await door();
  const opening = {
    name: 'AES-GCM',
    iv: parseBase64url(cipher.nonce),
    additionalData: boundTo(key),
  };
  let seed: Bytes;
  try {
    seed = new Uint8Array(
      await subtle.decrypt(opening, await pinKey(pin, kdf), parseBase64url(cipher.box)),
    );
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'OperationError') throw wrongPin();
    throw cause;
  }
  const { publicKey } = await importSigner(seed);
  if (formatPersonKey({ kind: 'ed25519', publicKey }) === key) return seed;
  seed.fill(0);
  throw new PinError('sealed-key', 'Cannot open sealed key: it holds another key');
}

/**
 * Refuses a new PIN that is too short, too long, or among the first that anybody would try.
 * @throws {PinError} code `weak-pin`, with the reason for the person who chooses
 */
export function checkNewPin(pin: string): void {
  if (!isPin(pin)) {
    throw new PinError(
      'weak-pin',
      `Cannot take PIN: it needs ${MIN_PIN_CHARS} to ${MAX_PIN_CHARS} characters, and no spaces at its ends`,
    );
  }
  const why = weaknessOf(normalise(pin).toLowerCase());
  if (why !== null) throw new PinError('weak-pin', `Cannot take PIN: ${why}`);
}

/** Whether text could be a PIN at all. */
function isPin(pin: string): boolean {
  const text = normalise(pin);
  const length = [...text].length;
  const isPlain = pin.isWellFormed() && !/\p{C}/u.test(text) && text === text.trim();
  return isPlain && length >= MIN_PIN_CHARS && length <= MAX_PIN_CHARS;
}

function weaknessOf(pin: string): string | null {
  if (COMMON.has(pin)) return 'it is one of the most common ones';
  if (isRepeated(pin)) return 'it repeats itself';
  if (isRun(pin)) return 'it counts up or down';
  if (isDate(pin)) return 'it reads as a date';
  return null;
}

/** The first that anybody tries, beyond what the other rules find. */
const COMMON = new Set(
  (
    '123321 112233 332211 123654 147258 258456 159753 147852 159357 741852 456789 789456 142536 ' +
    '102030 100200 135790 246810 789123 321654 654123 147369 963852 520520 password passw0rd ' +
    'letmein qwerty qwertz azerty qwerty1 qwertyuiop asdfgh asdfghjkl zxcvbn 1q2w3e 1q2w3e4r ' +
    'abc123 admin123 welcome secret iloveyou dragon monkey master sunshine princess'
  ).split(' '),
);

function isRepeated(pin: string): boolean {
  for (let period = 1; period <= pin.length / 2; period++) {
    if (
      pin ===
      pin
        .slice(0, period)
        .repeat(Math.ceil(pin.length / period))
        .slice(0, pin.length)
    ) {
      return true;
    }
  }
  return false;
}

/** 345678, 987654, 7890123, abcdef: each character one more, or one less, than the one before. */
function isRun(pin: string): boolean {
  const codes = [...pin].map((char) => char.codePointAt(0) ?? 0);
  const steps = codes.slice(1).map((code, i) => code - (codes[i] ?? 0));
  const isDigits = /^[0-9]+$/.test(pin);
  return [1, -1].some((step) => steps.every((s) => s === step || (isDigits && s === step * -9)));
}

/** 241285, 24121985, 19851224, 122485: a birthday is on paper in every office. */
function isDate(pin: string): boolean {
  if (!/^(?:[0-9]{6}|[0-9]{8})$/.test(pin)) return false;
  const isDay = (d: string): boolean => Number(d) >= 1 && Number(d) <= 31;
  const isMonth = (m: string): boolean => Number(m) >= 1 && Number(m) <= 12;
  const areDayAndMonth = (a: string, b: string): boolean =>
    (isDay(a) && isMonth(b)) || (isMonth(a) && isDay(b));
  const isYear = (y: string): boolean => /^(?:19[3-9]|20[0-4])/.test(y);
  const at = (start: number): string => pin.slice(start, start + 2);
  if (pin.length === 6) return areDayAndMonth(at(0), at(2)) || areDayAndMonth(at(2), at(4));
  return (
    (areDayAndMonth(at(0), at(2)) && isYear(pin.slice(4))) ||
    (isYear(pin) && areDayAndMonth(at(4), at(6)))
  );
}

/** Keyboards differ in how they write the same characters. */
function normalise(pin: string): string {
  return pin.normalize('NFKC');
}

async function pinKey(pin: string, kdf: SealedKey['kdf']): Promise<CryptoKey> {
  const cost = 2 ** kdf.cost_log2;
  const options = { N: cost, r: kdf.r, p: kdf.p, maxmem: 2 * MAX_SCRYPT_BYTES };
  const bytes = await deriveBytes(encodeUtf8(normalise(pin)), parseBase64url(kdf.salt), options);
  const subtle = await door();
  const key = await subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
  bytes.fill(0);
  return key;
}

function deriveBytes(password: Bytes, salt: Bytes, options: ScryptOptions): Promise<Bytes> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, options, (error, derived) => {
      password.fill(0);
      if (error === null) resolve(copyBytes(derived));
      else reject(error);
      derived.fill(0);
    });
  });
}

function boundTo(key: string): Bytes {
  return encodeUtf8(`${SEALED_KEY_FORMAT}\0${key}`);
}

function wrongPin(): PinError {
  return new PinError('wrong-pin', 'Cannot open sealed key: wrong PIN');
}

function bytesText(length: number) {
  return z
    .string()
    .max(128)
    .refine((text) => {
      try {
        return parseBase64url(text).length === length;
      } catch {
        return false;
      }
    }, `not ${length} bytes of base64url`);
}
