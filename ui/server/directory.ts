// Every question about an organisation's things goes through here. A person's questions are asked by an actor, and
// answer only of the actor's organisation: to everybody else a thing is not there. What peers ask is in
// `directory-links.ts`. Nothing else of the console queries the store.

import { randomUUID } from 'node:crypto';

import {
  type Actor,
  actorOf,
  type Db,
  recordChange,
  type Scope,
  timeText,
} from './directory-actor.ts';
import { type ChangeDirectory, changeDirectory } from './directory-changes.ts';
import { type ClientDirectory, clientDirectory } from './directory-clients.ts';
import {
  type DeviceDirectory,
  deviceDirectory,
  type OwnDeviceDirectory,
  ownDeviceDirectory,
} from './directory-devices.ts';
import { type FleetDirectory, fleetDirectory } from './directory-fleet.ts';
import { type LinkDirectory, linkDirectory } from './directory-links.ts';
import { type NoticeDirectory, noticeDirectory } from './directory-notices.ts';
import { type PeopleDirectory, peopleDirectory } from './directory-people.ts';
import { type RosterDirectory, rosterDirectory } from './directory-roster.ts';
import { type SiteKeysDirectory, siteKeysDirectory } from './directory-site-keys.ts';
import { type SiteDirectory, siteDirectory } from './directory-sites.ts';
import { ConsoleError } from './error.ts';
import type { Identity } from './identity/identity.ts';
import type { Schema } from './store/schema.ts';
import type { Store } from './store/store.ts';

/** How often it is written down that somebody was here. */
const SEEN_EVERY_MS = 60_000;
const MAX_NAME_CHARS = 128;

/** All that an actor may ask. */
export type OwnDirectory = PeopleDirectory &
  RosterDirectory &
  DeviceDirectory &
  ClientDirectory &
  SiteDirectory &
  SiteKeysDirectory &
  FleetDirectory &
  NoticeDirectory &
  ChangeDirectory;

export interface Directory extends LinkDirectory, OwnDeviceDirectory {
  /**
   * Takes in who the provider of identities vouches for: makes or mends the person, and at the first sight of it
   * the organisation.
   * @throws {ConsoleError} code `not-allowed` for somebody of no organisation, who was removed, or who would found
   *   another organisation where only the first may
   */
  admit(identity: Identity): Promise<Actor>;
  of(actor: Actor): OwnDirectory;
}

/** Opens the directory over a store. It holds nothing itself: the store is closed by who opened it. */
export function openDirectory(
  store: Store,
  { signUp = 'first', now = Date.now }: { signUp?: 'first' | 'open'; now?: () => number } = {},
): Directory {
  return {
    ...linkDirectory({ store, now }),
    ...ownDeviceDirectory(store),
    admit: (identity) => admit({ store, signUp, now }, identity),
    of(actor) {
      const scope: Scope = { store, actor, now };
      return {
        ...peopleDirectory(scope),
        ...rosterDirectory(scope),
        ...deviceDirectory(scope),
        ...clientDirectory(scope),
        ...siteDirectory(scope),
        ...siteKeysDirectory(scope),
        ...fleetDirectory(scope),
        ...noticeDirectory(scope),
        ...changeDirectory(scope),
      };
    },
  };
}

interface Door {
  readonly store: Store;
  readonly signUp: 'first' | 'open';
  readonly now: () => number;
}

async function admit(door: Door, identity: Identity): Promise<Actor> {
  const known = await find(door.store.db, identity);
  if (known?.person !== undefined && isFresh(known, { identity, nowMs: door.now() })) {
    return actorFor(known.person, identity);
  }
  return door.store.alone((db) => admitAlone(db, { door, identity }));
}

async function admitAlone(
  db: Db,
  { door: { signUp, now }, identity }: { door: Door; identity: Identity },
): Promise<Actor> {
  const at = timeText(now());
  const found = await find(db, identity);
  const organisation =
    found?.organisation ?? (await createOrganisation(db, { identity, signUp, at }));
  const own = { role: identity.role, seen_at: at, ...namesOf(identity) };
  if (found?.person !== undefined) {
    const actor = actorFor(found.person, identity);
    await recordRole(db, { now, actor, before: found.person });
    await db.updateTable('person').set(own).where('id', '=', found.person.id).execute();
    const name = organisationName(identity);
    await db.updateTable('organisation').set({ name }).where('id', '=', organisation.id).execute();
    return actor;
  }
  const id = randomUUID();
  await db
    .insertInto('person')
    .values({
      ...{ id, organisation_id: organisation.id },
      ...{ issuer: identity.issuer, subject: identity.subject, ...own },
      ...{ key_state: 'none', created_at: at },
    })
    .execute();
  const { role } = identity;
  const actor = actorOf({ organisationId: organisation.id, personId: id, role });
  const what = found === null ? 'organisation.founded' : 'person.joined';
  await recordChange(db, { now, actor }, { what, name: organisation.name, role });
  return actor;
}

/** A role that was changed by an owner here is recorded already; one that was changed at the provider is not. */
async function recordRole(
  db: Db,
  { now, actor, before }: { now: () => number; actor: Actor; before: Schema['person'] },
): Promise<void> {
  const { role } = actor;
  if (role === before.role) return;
  await recordChange(db, { now, actor }, { what: 'person.role-told', before: before.role, role });
}

/** The organisation of an identity that is new here. */
async function createOrganisation(
  db: Db,
  { identity, signUp, at }: { identity: Identity; signUp: 'first' | 'open'; at: string },
): Promise<Schema['organisation']> {
  const { issuer, organisation } = identity;
  if (organisation === null) throw nowhere();
  if (signUp === 'first') {
    const others = await db.selectFrom('organisation').select('id').limit(1).execute();
    if (others.length > 0) {
      throw new ConsoleError('not-allowed', 'Cannot enter: this console is for one organisation');
    }
  }
  return db
    .insertInto('organisation')
    .values({
      ...{ id: randomUUID(), issuer, external_id: organisation.externalId },
      ...{ name: organisationName(identity), roster_version: 0, created_at: at },
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

interface Found {
  readonly organisation: Schema['organisation'];
  readonly person: Schema['person'] | undefined;
}

async function find(
  db: Db,
  { issuer, subject, organisation: of }: Identity,
): Promise<Found | null> {
  if (of === null) throw nowhere();
  const organisation = await db
    .selectFrom('organisation')
    .selectAll()
    .where('issuer', '=', issuer)
    .where('external_id', '=', of.externalId)
    .executeTakeFirst();
  if (organisation === undefined) return null;
  const person = await db
    .selectFrom('person')
    .selectAll()
    .where('organisation_id', '=', organisation.id)
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst();
  return { organisation, person };
}

/** Whether nothing is to be written. */
function isFresh(
  { organisation, person }: Found,
  { identity, nowMs }: { identity: Identity; nowMs: number },
): boolean {
  const { name, email } = namesOf(identity);
  return (
    person?.name === name &&
    person.email === email &&
    person.role === identity.role &&
    nowMs - Date.parse(person.seen_at) < SEEN_EVERY_MS &&
    organisation.name === organisationName(identity)
  );
}

function actorFor(person: Schema['person'], { role }: Identity): Actor {
  const { id, organisation_id: organisationId, removed_at: removedAt } = person;
  if (removedAt !== null) {
    throw new ConsoleError('not-allowed', 'Cannot enter: an owner has removed you');
  }
  return actorOf({ organisationId, personId: id, role });
}

function namesOf({ name, email }: Identity): { name: string; email: string } {
  return { name: cleanLine(name) || cleanLine(email) || 'Unnamed', email: cleanLine(email) };
}

function organisationName({ organisation }: Identity): string {
  return cleanLine(organisation?.name ?? '') || 'Unnamed';
}

/** A provider's text as one line that a roster would take, too. */
function cleanLine(text: string): string {
  return text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, MAX_NAME_CHARS)
    .toWellFormed();
}

function nowhere(): ConsoleError {
  return new ConsoleError('not-allowed', 'Cannot enter: you belong to no organisation');
}
