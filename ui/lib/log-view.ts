// What this page has seen of a site's log. Every entry that it shows is proved to be in a signed tree that
// extends every tree it saw before: an appliance that rewrites its log is caught by whoever looked.

import type { LogProof } from '#appliance/protocol/log-proof.ts';
import { parseBase64url } from '#crypto/base64.ts';
import { equalBytes } from '#crypto/bytes.ts';
import { type VerifiedCheckpoint, verifyCheckpoint } from '#crypto/checkpoint.ts';
import { checkConsistency } from '#crypto/consistency.ts';
import { VerifyError } from '#crypto/error.ts';
import type { Hash } from '#crypto/hash.ts';
import { checkInclusion } from '#crypto/inclusion.ts';
import type { VerifierKey } from '#crypto/key.ts';

/** An entry to prove: its tree index, and its leaf hash as this page computed it. */
export interface Claim {
  readonly index: number;
  readonly leafHash: Hash;
}

/** One site's log, as far as it was seen. */
export class LogView {
  readonly #key: VerifierKey;
  #seen: VerifiedCheckpoint | null = null;

  constructor(key: VerifierKey) {
    this.#key = key;
  }

  /** The newest checkpoint that held; null: none yet. */
  get seen(): VerifiedCheckpoint | null {
    return this.#seen;
  }

  /** Takes up a checkpoint of an earlier visit. @throws {VerifyError} when the log did not sign it */
  async restore(note: string): Promise<void> {
    const checkpoint = await verifyCheckpoint(note, this.#key);
    if (this.#seen === null || checkpoint.size > this.#seen.size) this.#seen = checkpoint;
  }

  /**
   * Accepts a proof of entries, and its checkpoint from then on. One at a time: a proof begins at what was seen.
   * @throws {VerifyError} `signature`, `inclusion` or `consistency`; `fork` when two trees of one size differ
   */
  async accept(proof: LogProof, claims: readonly Claim[]): Promise<VerifiedCheckpoint> {
    const checkpoint = await verifyCheckpoint(proof.checkpoint, this.#key);
    if (proof.inclusions.length !== claims.length) {
      throw new VerifyError('inclusion', `Cannot prove: ${claims.length} proofs were asked for`);
    }
    this.#checkGrowth(checkpoint, proof.consistency);
    for (const [at, { index, leafHash }] of claims.entries()) {
      const path = (proof.inclusions[at] ?? []).map(parseBase64url);
      checkInclusion({
        index,
        leafHash,
        size: checkpoint.size,
        root: checkpoint.root,
        proof: path,
      });
    }
    this.#seen = checkpoint;
    return checkpoint;
  }

  #checkGrowth(checkpoint: VerifiedCheckpoint, proof: readonly string[]): void {
    const seen = this.#seen;
    if (seen === null || seen.size === 0) return;
    if (seen.size === checkpoint.size && !equalBytes(seen.root, checkpoint.root)) {
      throw new VerifyError(
        'fork',
        `Cannot trust log: it signed two trees of ${seen.size} entries`,
      );
    }
    checkConsistency({
      ...{ from: seen.size, fromRoot: seen.root, to: checkpoint.size, toRoot: checkpoint.root },
      proof: proof.map(parseBase64url),
    });
  }
}
