// The approvers who decide on the site's own page, `approvers.json` beside the log: their names, their public
// keys, and their private keys sealed by a PIN each. Who may approve is said by the client's authority in the
// log; this file only holds the keys of those who keep theirs here.

import * as z from 'zod';

import { loadJsonFile } from '../json-file.ts';
import { replaceFile } from '../ledger/durable-file.ts';
import { sealedKeySchema } from './pin.ts';

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
 * @throws {WorkError} code `folder-unusable` for a file that is not one of ours
 */
export async function loadApprovers(path: string): Promise<readonly SealedApprover[]> {
  const advice =
    'put its newest copy back, or move it away: nobody decides on the on-site page by a PIN then';
  return (await loadJsonFile(path, { schema: fileSchema, advice }))?.approvers ?? [];
}

/** Puts approvers on disk, 0600, in place of those that were there. */
export async function saveApprovers(
  path: string,
  approvers: readonly SealedApprover[],
): Promise<void> {
  const file = fileSchema.parse({ format: APPROVERS_FORMAT, approvers });
  await replaceFile(path, `${JSON.stringify(file, null, 2)}\n`);
}
