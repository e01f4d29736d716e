// The approvers who decide on the site's own page, `approvers.json` beside the log: their names, their public
// keys, and their private keys sealed by a PIN each. Who may approve is said by the client's authority in the
// log; this file only holds the keys of those who keep theirs here.

import { readFile } from 'node:fs/promises';

import * as z from 'zod';

import { replaceFile } from '../ledger/durable-file.ts';
import { PinError, sealedKeySchema } from './pin.ts';

export const APPROVERS_FORMAT = 'caisey/approvers/v1';

const approverSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
    name: z.string().min(1).max(128),
    /** The public key, `ed25519:…`, as the authority names it. */
    key: z.string().max(64),
    sealed: sealedKeySchema,
  })
  .refine(({ key, sealed }) => key === sealed.key, 'key and sealed key differ');

const fileSchema = z.strictObject({
  format: z.literal(APPROVERS_FORMAT),
  approvers: z
    .array(approverSchema)
    .max(64)
    .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'ids repeat'),
});

/** An approver whose key is kept on site. */
export type SealedApprover = z.infer<typeof approverSchema>;

/**
 * Loads the approvers; none when the file is not there.
 * @throws {PinError} code `sealed-key` for a file that is not one of ours
 */
export async function loadApprovers(path: string): Promise<readonly SealedApprover[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
  return parseApprovers(text);
}

/** Puts approvers on disk, 0600, in place of those that were there. */
export async function saveApprovers(
  path: string,
  approvers: readonly SealedApprover[],
): Promise<void> {
  const file = fileSchema.parse({ format: APPROVERS_FORMAT, approvers });
  await replaceFile(path, `${JSON.stringify(file, null, 2)}\n`);
}

function parseApprovers(text: string): readonly SealedApprover[] {
  try {
    return fileSchema.parse(JSON.parse(text)).approvers;
  } catch (cause) {
    throw new PinError('sealed-key', 'Cannot load approvers: the file is not one of ours', {
      cause,
    });
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}
