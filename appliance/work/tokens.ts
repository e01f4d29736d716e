// Enrolment tokens that were given out. The appliance keeps only public keys, names and expiry: whoever reads
// this file can enrol nobody. What an owner does with them is in the log, before it counts.

import * as z from 'zod';

import { endpointNameSchema } from '#agent/protocol/enrol-message.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import { formatTime } from '#crypto/leaf.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { loadJsonFile } from '../json-file.ts';
import { replaceFile } from '../ledger/durable-file.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { WorkError } from './error.ts';
import { record } from './record.ts';
import { keyText } from './site.ts';

const tokenSchema = z.strictObject({
  /** The token's one-time peer key, `ed25519:…`. */
  key: z.string().max(64),
  id: z.string().max(64),
  name: endpointNameSchema,
  labels: z.array(z.string().max(64)).max(32),
  by: z.string().max(256),
  expiresAtMs: z.int(),
  usedAtMs: z.int().nullable(),
});

/** So many are kept at most. */
export const MAX_TOKENS = 10_000;

const fileSchema = z.strictObject({ tokens: z.array(tokenSchema).max(MAX_TOKENS) });

/** A token that was given out. */
export type Token = z.infer<typeof tokenSchema>;

const KEPT_MS = 30 * 86_400_000;

export interface TokensOptions {
  readonly path: string;
  /** Where it is recorded that one is made or revoked. */
  readonly ledger: Ledger;
  readonly now: () => number;
}

/** The tokens of an appliance. */
export class Tokens {
  readonly #path: string;
  readonly #ledger: Ledger;
  readonly #now: () => number;
  #tokens: Token[];
  #saving: Promise<void> = Promise.resolve();

  constructor(options: TokensOptions & { tokens: Token[] }) {
    this.#path = options.path;
    this.#ledger = options.ledger;
    this.#now = options.now;
    this.#tokens = options.tokens;
  }

  /**
   * Makes a token, on record; answers its secret seed, which is kept nowhere.
   * @throws {LedgerError} when it could not be recorded: then there is none
   * @throws {WorkError} code `overloaded` when so many were given out lately
   */
  async create({
    name,
    labels,
    by,
    lifeMs,
  }: {
    name: string;
    labels: readonly string[];
    by: string;
    lifeMs: number;
  }): Promise<{ token: Token; seed: Bytes }> {
    const seed = randomBytes(32);
    const { publicKey } = await importSigner(seed);
    const token: Token = {
      key: keyText(publicKey),
      id: encodeBase64url(publicKey.subarray(0, 9)),
      name,
      labels: [...labels],
      by,
      expiresAtMs: this.#now() + lifeMs,
      usedAtMs: null,
    };
    this.#checkRoom();
    await record(this.#ledger, {
      kind: 'token.created',
      fields: {
        ...{ token: token.id, name, labels: token.labels, by },
        expires: formatTime(token.expiresAtMs),
      },
    });
    this.#checkRoom(); // others were made meanwhile
    this.#tokens = [...this.#kept(), token];
    await this.#save();
    return { token, seed };
  }

  /** Tokens that can be used still. */
  outstanding(): readonly Token[] {
    return this.#tokens.filter((token) => this.#isOutstanding(token));
  }

  /**
   * Takes an outstanding token back, durably and on record.
   * @throws {WorkError} code `token-unknown`
   * @throws {LedgerError} when it could not be recorded: then it is good still
   */
  async revoke(id: string, { by }: { by: string }): Promise<void> {
    const token = this.outstanding().find((each) => each.id === id);
    if (token === undefined) {
      throw new WorkError(
        'token-unknown',
        'Cannot revoke token: it was used, revoked or has expired',
      );
    }
    this.#tokens = this.#tokens.filter((each) => each !== token); // at once: nobody uses it meanwhile
    try {
      await record(this.#ledger, {
        kind: 'token.revoked',
        fields: { token: token.id, name: token.name, by },
        isEssential: true,
      });
    } catch (cause) {
      this.#tokens = [...this.#tokens, token];
      throw cause;
    }
    await this.#save();
  }

  /** The token with this key, used or not, expired or not; null when it was never given out. */
  find(publicKey: Uint8Array): Token | null {
    const key = keyText(publicKey);
    return this.#tokens.find((token) => token.key === key) ?? null;
  }

  /** Uses up a token, durably: of two that come at once, one is told no. */
  async use(publicKey: Uint8Array): Promise<'ok' | 'token-used' | 'token-expired'> {
    const token = this.find(publicKey);
    if (token === null || token.expiresAtMs <= this.#now()) return 'token-expired';
    if (token.usedAtMs !== null) return 'token-used';
    const used = { ...token, usedAtMs: this.#now() };
    this.#tokens = this.#tokens.map((other) => (other.key === token.key ? used : other));
    await this.#save();
    return 'ok';
  }

  #kept(): Token[] {
    return this.#tokens.filter(({ expiresAtMs }) => expiresAtMs + KEPT_MS > this.#now());
  }

  #checkRoom(): void {
    const { length } = this.#kept();
    if (length < MAX_TOKENS) return;
    throw new WorkError('overloaded', `Cannot make token: ${length} are given out already`);
  }

  #isOutstanding({ usedAtMs, expiresAtMs }: Token): boolean {
    return usedAtMs === null && expiresAtMs > this.#now();
  }

  async #save(): Promise<void> {
    const text = JSON.stringify({ tokens: this.#tokens }, null, 1);
    const turn = this.#saving.then(() => replaceFile(this.#path, text));
    this.#saving = turn.catch(() => undefined); // told to its own caller
    return turn;
  }
}

/**
 * Loads the tokens; none when the file is not there yet.
 * @throws {WorkError} code `folder-unusable` for a file that is not ours
 */
export async function loadTokens(options: TokensOptions): Promise<Tokens> {
  const advice =
    'put its newest copy back, or move it away: tokens that were not used yet are void then';
  const file = await loadJsonFile(options.path, { schema: fileSchema, advice });
  return new Tokens({ ...options, tokens: file?.tokens ?? [] });
}
