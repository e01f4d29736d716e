// A proof that entries are in the log, and that it has only grown: what `log.prove` answers. Hashes in base64url.

import * as z from 'zod';

/** Entries that one question may ask about. */
export const MAX_PROVED = 64;

const hash = z.string().length(43);
/** No tree that JavaScript can count has a longer path. */
const path = z.array(hash).max(64);

export const logProofSchema = z.strictObject({
  /** A checkpoint of the log that covers every entry that was asked about: a signed note. */
  checkpoint: z.string().max(16_384),
  /** From the checkpoint that the client holds to this one; empty when it holds none. */
  consistency: z.array(hash).max(128),
  /** An inclusion proof for each entry, in the order in which they were asked about. */
  inclusions: z.array(path).max(MAX_PROVED),
});

export type LogProof = z.infer<typeof logProofSchema>;
