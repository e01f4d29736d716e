// The roster says who may ask at sites. The host only keeps it: it cannot sign one, and sites check it themselves.

import * as z from 'zod';

import { FormatError, VerifyError } from '#crypto/error.ts';
import { isRootSet, MAX_ROOT_SET_CHARS } from '#crypto/root-set.ts';
import { type SeenVersion, verifyRoster } from '#crypto/roster.ts';
import {
  type Envelope,
  envelopeSchema,
  type Member,
  parseStatement,
  type Signed,
} from '#crypto/statement.ts';
import { MAX_VERSIONS_AHEAD } from '#ui/lib/founding.ts';
import {
  checkRole,
  type Db,
  ownOrganisation,
  parseInput,
  recordChange,
  type Scope,
} from './directory-actor.ts';
import type { KeyState } from './directory-people.ts';
import { ConsoleError } from './error.ts';

export interface KeptRoster {
  readonly rootKeys: string;
  readonly envelope: Envelope;
  readonly version: number;
  /** The highest version that one of the sites told to have in force; 0: none told any. */
  readonly toldVersion: number;
}

const rosterSchema = z.strictObject({
  envelope: envelopeSchema,
  rootKeys: z.string().max(MAX_ROOT_SET_CHARS).refine(isRootSet, 'must be a root set').nullable(),
});

/** The questions about the roster, for one actor. */
export interface RosterDirectory {
  roster(): Promise<KeptRoster | null>;
  /**
   * Owner. Keeps a roster that one of the root keys signed and whose version rises. The first comes with the root
   * set, which never changes again. Who is in it by their key is `listed` from then on.
   * @throws {ConsoleError} code `invalid` for a signature that does not hold, `conflict` for an old version
   */
  putRoster(input: { envelope: Envelope; rootKeys: string | null }): Promise<{ version: number }>;
}

/** Makes the questions about the roster for one actor. */
export function rosterDirectory(scope: Scope): RosterDirectory {
  const { store, actor } = scope;
  return {
    async roster() {
      const {
        root_keys: rootKeys,
        roster,
        roster_version: version,
      } = await ownOrganisation(store.db, scope);
      if (rootKeys === null || roster === null) return null;
      const toldVersion = await highestTold(store.db, { scope, version });
      return { rootKeys, version, toldVersion, envelope: envelopeSchema.parse(JSON.parse(roster)) };
    },
    async putRoster(input) {
      checkRole(actor, ['owner']);
      const { envelope, rootKeys } = parseInput(rosterSchema, input);
      return store.alone((db) => keepRoster(db, { scope, envelope, rootKeys }));
    },
  };
}

/** One site that says too much does not hide what the others say. */
async function highestTold(
  db: Db,
  { scope: { actor }, version }: { scope: Scope; version: number },
): Promise<number> {
  const row = await db
    .selectFrom('site')
    .select('roster_version')
    .where('organisation_id', '=', actor.organisationId)
    .where('roster_version', '<=', version + MAX_VERSIONS_AHEAD)
    .orderBy('roster_version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.roster_version ?? 0;
}

async function keepRoster(
  db: Db,
  { scope, envelope, rootKeys }: { scope: Scope; envelope: Envelope; rootKeys: string | null },
): Promise<{ version: number }> {
  const { actor } = scope;
  const { root_keys: pinned, roster: kept } = await ownOrganisation(db, scope);
  const root = pinned ?? rootKeys;
  if (root === null) {
    throw new ConsoleError('conflict', 'Cannot keep roster: the organisation has no root yet');
  }
  if (pinned !== null && rootKeys !== null && rootKeys !== pinned) {
    throw new ConsoleError('conflict', 'Cannot keep roster: the root set never changes');
  }
  const { seen, members: before } = kept === null ? NO_ROSTER : readKept(kept);
  const { statement } = await checkRoster(envelope, { root, seen, atMs: scope.now() });
  if (seen !== null && statement.version <= seen.version) {
    throw new ConsoleError(
      'conflict',
      `Cannot keep roster: version ${statement.version} does not rise above ${seen.version}`,
    );
  }
  const { version, members } = statement;
  await db
    .updateTable('organisation')
    .set({ root_keys: root, roster: JSON.stringify(envelope), roster_version: version })
    .where('id', '=', actor.organisationId)
    .execute();
  await markListed(db, { scope, keys: new Set(members.map(({ key }) => key)) });
  await recordChange(db, scope, {
    ...{ what: 'roster.signed', version, members: members.length },
    ...rosterChange(before, members),
  });
  return { version };
}

/** Names of those whose key came into a roster or left it, and of those of whom it says something else now. */
function rosterChange(
  before: readonly Member[],
  after: readonly Member[],
): Readonly<Record<'added' | 'removed' | 'changed', readonly string[]>> {
  const namesOf = (members: readonly Member[]): string[] => members.map(({ name }) => name);
  const then = new Map(before.map((member) => [member.key, JSON.stringify(member)]));
  const now = new Set(after.map(({ key }) => key));
  const isOther = (member: Member): boolean => then.get(member.key) !== JSON.stringify(member);
  return {
    added: namesOf(after.filter(({ key }) => !then.has(key))),
    removed: namesOf(before.filter(({ key }) => !now.has(key))),
    changed: namesOf(after.filter((member) => then.has(member.key) && isOther(member))),
  };
}

async function markListed(
  db: Db,
  { scope: { actor }, keys }: { scope: Scope; keys: ReadonlySet<string> },
): Promise<void> {
  const people = await db
    .selectFrom('person')
    .select(['id', 'signing_key', 'key_state'])
    .where('organisation_id', '=', actor.organisationId)
    .where('signing_key', 'is not', null)
    .execute();
  for (const { id, signing_key: key, key_state: before } of people) {
    const state: KeyState = key !== null && keys.has(key) ? 'listed' : 'proposed';
    if (state === before) continue;
    await db
      .updateTable('person')
      .set({ key_state: state })
      .where('organisation_id', '=', actor.organisationId)
      .where('id', '=', id)
      .execute();
  }
}

async function checkRoster(
  envelope: Envelope,
  {
    root,
    seen,
    atMs,
  }: { root: string; seen: { version: number; hash: string } | null; atMs: number },
): Promise<Signed<'roster'>> {
  return orRefusal(() => verifyRoster(envelope, { log: '', root, seen, atMs }));
}

/** What does not verify is refused in its own words. @throws {ConsoleError} code `conflict` for an old version, else `invalid` */
export async function orRefusal<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (cause) {
    if (!(cause instanceof VerifyError) && !(cause instanceof FormatError)) throw cause;
    const code = cause.code === 'rolled-back' || cause.code === 'fork' ? 'conflict' : 'invalid';
    throw new ConsoleError(code, cause.message, { cause });
  }
}

const NO_ROSTER = { seen: null, members: [] } as const;

/** A roster as it is kept, which was checked when it came. */
function readKept(kept: string): { seen: SeenVersion; members: readonly Member[] } {
  const { statement, hash } = parseStatement(envelopeSchema.parse(JSON.parse(kept)));
  if (statement.type !== 'roster') throw new Error('unreachable: a roster was kept');
  return { seen: { version: statement.version, hash }, members: statement.members };
}
