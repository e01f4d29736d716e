// Putting a key into the roster: which change of the roster that is depends on who stands in it already.

import { isPersonKey, MAX_KEY_CHARS } from '#crypto/person-key.ts';
import type { Member } from '#crypto/statement.ts';
import { freeMemberId, type RosterChange } from './founding.ts';
import type { RosterRole } from './role-words.ts';

/** Whose key it is when somebody of that name stands in the roster already. */
export const NAMESAKE = ['replace', 'beside', 'other'] as const;
export type Namesake = (typeof NAMESAKE)[number];

/** A key that is to be listed. */
export interface Listing {
  readonly name: string;
  readonly role: RosterRole;
  readonly key: string;
}

/** What was entered, made plain; or why it cannot stand in a roster. */
export function parseListing({
  name,
  role,
  key,
}: {
  name: string;
  role: RosterRole | null;
  key: string;
}): Listing | { readonly problem: string } {
  const plain = name.trim();
  const text = key.trim();
  if (plain === '') return { problem: 'Say whose key it is' };
  if (plain.length > 128 || /\p{C}/u.test(plain)) {
    return { problem: 'The name must be one line of at most 128 characters' };
  }
  if (role === null) return { problem: 'Choose a role' };
  if (text.startsWith('{') || text.includes('"secret"')) {
    return {
      problem: 'That is the key file itself: paste its public key alone, and never the secret',
    };
  }
  if (text.length > MAX_KEY_CHARS || !isPersonKey(text)) {
    return { problem: 'That is no public key: expected "ed25519:" and 43 characters' };
  }
  return { name: plain, role, key: text };
}

/** Who of that name stands in the roster with another key. */
export function namesakeOf(
  { name, key }: Pick<Listing, 'name' | 'key'>,
  members: readonly Member[],
): Member | null {
  if (members.some((member) => member.key === key)) return null;
  const folded = fold(name);
  return members.find((member) => fold(member.name) === folded) ?? null;
}

/** The change that lists a key. One person keeps one id, whatever the number of their keys. */
export function listingChange(
  { name, role, key }: Listing,
  { members, namesake }: { members: readonly Member[]; namesake: Namesake },
): RosterChange {
  const listed = members.find((member) => member.key === key);
  const known = listed ?? namesakeOf({ name, key }, members);
  if (known === null || (listed === undefined && namesake === 'other')) {
    return { add: { id: freeMemberId(name, members), name, role, key } };
  }
  const member = { id: known.id, name, role, key };
  return listed === undefined && namesake === 'replace' ? { put: member } : { add: member };
}

function fold(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}
