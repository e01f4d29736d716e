// A lock for the length of a transaction, over every process that has the database open.

import { sql, type Transaction } from 'kysely';

/** Which of the two families of databases it is. */
export type StoreKind = 'sqlite' | 'postgres';

/** PostgreSQL's advisory locks have numbers for names: "cais" and what follows. */
const NUMBERS = { migrate: 0x6361_6973, alone: 0x6361_6974 } as const;

/** Waits for a lock, and holds it until the transaction ends. */
export async function holdLock<S>(
  transaction: Transaction<S>,
  { kind, name }: { kind: StoreKind; name: keyof typeof NUMBERS },
): Promise<void> {
  switch (kind) {
    case 'sqlite':
      return; // a transaction has the write lock of the whole file from its beginning (`sqlite.ts`)
    case 'postgres':
      await sql`select pg_advisory_xact_lock(${NUMBERS[name]})`.execute(transaction);
      return;
    default:
      throw new Error(`unreachable: store of kind ${String(kind satisfies never)}`);
  }
}
