// Recording: one call that seals an entry and has it durable in the site's log, and its inverse. What follows it in
// the code happens after it in the log.

import type { Appended, Ledger, StoredEntry } from '../ledger/ledger.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import type { Disclosure } from '#crypto/disclosure.ts';
import { type EntryFields, openWhole, sealEntry } from '#crypto/entry.ts';
import type { FieldsOf, Kind } from '#crypto/kind.ts';
import { WorkError } from './error.ts';
import type { Refs } from '#crypto/leaf.ts';

/** An entry that is durable: its place in the log, its hash as others cite it, and what it discloses. */
export interface Recorded extends Appended {
  /** base64url of the leaf hash. */
  readonly name: string;
  readonly disclosures: readonly string[];
}

export interface Entry<K extends Kind, D extends string> {
  readonly kind: K;
  readonly fields: Omit<EntryFields<K>, D>;
  readonly disclosed?: Readonly<Record<D, Disclosure>>;
  readonly session?: string;
  readonly endpoint?: string;
  readonly ref?: Refs;
  /** True for what ends work that already began: it is taken even when disk space is low. */
  readonly isEssential?: boolean;
}

/**
 * Records an entry. Resolves when it is durable and was read back.
 * @throws {LedgerError} when it could not be; then it must be taken as not recorded
 */
export async function record<K extends Kind, D extends string = never>(
  ledger: Ledger,
  { kind, fields, disclosed, session, endpoint, ref, isEssential = false }: Entry<K, D>,
): Promise<Recorded> {
  const sealed = sealEntry(kind, fields, disclosed === undefined ? {} : { disclosed });
  const appended = await ledger.append(
    {
      sealed,
      ...(session === undefined ? {} : { session }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(ref === undefined ? {} : { ref }),
    },
    { essential: isEssential },
  );
  return { ...appended, name: encodeBase64url(appended.hash), disclosures: sealed.disclosures };
}

/** Opens a stored entry whole. @throws {WorkError} code `record-incomplete` when its content was erased */
export function openStored<K extends Kind>(kind: K, entry: StoredEntry): FieldsOf<K> {
  if (entry.content === null) {
    throw new WorkError('record-incomplete', `Cannot open entry ${entry.index}: content erased`);
  }
  return openWhole(kind, { leaf: entry.leaf, disclosures: entry.content.disclosures });
}
