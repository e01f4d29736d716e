// Devices: the keys of the browsers that people work from. They prove a browser to the relay; to sites they come
// with a statement that the person signed.

import * as z from 'zod';

import { encodeBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { sha256 } from '#crypto/hash.ts';
import { isPersonKey, MAX_KEY_CHARS } from '#crypto/person-key.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import {
  checkRole,
  type Db,
  notFound,
  parseInput,
  recordChange,
  type Scope,
  SIGNERS,
  timeText,
} from './directory-actor.ts';
import { ConsoleError } from './error.ts';
import type { Schema } from './store/schema.ts';
import type { Store } from './store/store.ts';

/** A device's key says whose it is for at most so long: as long as the statement that it shows to sites. */
export const DEVICE_LIFE_MS = 12 * 3_600_000;
/** A person works from so many browsers at once; the oldest makes room. */
const MAX_DEVICES = 16;

export interface Device {
  readonly peerKey: string;
  readonly personId: string;
  readonly expiresAt: string;
}

/** What a browser shows to take its own key back. */
export interface OwnDevice {
  readonly peerKey: string;
  readonly secret: string;
}

const deviceSchema = z.strictObject({
  peerKey: z
    .string()
    .max(MAX_KEY_CHARS)
    .refine((key) => key.startsWith('ed25519:') && isPersonKey(key), 'must be an Ed25519 key'),
  lifeMs: z.int().min(1).max(DEVICE_LIFE_MS),
});

/** The questions about devices, for one actor. */
export interface DeviceDirectory {
  devices(): Promise<Device[]>;
  /** Answers with a secret for the browser alone; the store has its hash. */
  registerDevice(input: { peerKey: string; lifeMs: number }): Promise<Device & OwnDevice>;
  /** One's own device, or any as owner. */
  revokeDevice(peerKey: string): Promise<void>;
  /** One's own but this one. Answers whose connections are to be ended. */
  revokeOtherDevices(peerKey: string | null): Promise<{ peerKeys: string[] }>;
}

/** What a browser may ask of its own key when nobody is signed in there any more. */
export interface OwnDeviceDirectory {
  /** Takes the key back; false when there is none with this secret. */
  revokeOwnDevice(own: OwnDevice): Promise<boolean>;
}

/** Makes what a browser asks of its own key. */
export function ownDeviceDirectory({ db }: Store): OwnDeviceDirectory {
  return {
    async revokeOwnDevice({ peerKey, secret }) {
      if (!isPersonKey(peerKey)) return false;
      const { numDeletedRows } = await db
        .deleteFrom('device')
        .where('peer_key', '=', peerKey)
        .where('secret_hash', '=', hashSecret(secret))
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
}

/** Makes the questions about devices for one actor. */
export function deviceDirectory(scope: Scope): DeviceDirectory {
  const { store, actor, now } = scope;
  return {
    async devices() {
      const rows = await store.db
        .selectFrom('device')
        .selectAll()
        .where('organisation_id', '=', actor.organisationId)
        .where('expires_at', '>', timeText(now()))
        .orderBy('created_at')
        .execute();
      return rows.map(deviceOf);
    },
    async registerDevice(input) {
      checkRole(actor, SIGNERS);
      const { peerKey, lifeMs } = parseInput(deviceSchema, input);
      return store.alone((db) => keepDevice(db, { scope, peerKey, lifeMs }));
    },
    async revokeDevice(peerKey) {
      checkRole(actor, SIGNERS);
      if (!isPersonKey(peerKey)) throw notFound('device');
      await store.alone((db) => dropDevice(db, { scope, peerKey }));
    },
    revokeOtherDevices: async (peerKey) => dropOtherDevices(scope, peerKey),
  };
}

async function dropOtherDevices(
  { store, actor }: Scope,
  peerKey: string | null,
): Promise<{ peerKeys: string[] }> {
  let query = store.db
    .deleteFrom('device')
    .where('organisation_id', '=', actor.organisationId)
    .where('person_id', '=', actor.personId)
    .returning('peer_key');
  if (peerKey !== null) query = query.where('peer_key', '!=', peerKey);
  const gone = await query.execute();
  return { peerKeys: gone.map(({ peer_key: key }) => key) };
}

async function dropDevice(
  db: Db,
  { scope, peerKey }: { scope: Scope; peerKey: string },
): Promise<void> {
  const { actor } = scope;
  let query = db
    .deleteFrom('device')
    .where('organisation_id', '=', actor.organisationId)
    .where('peer_key', '=', peerKey)
    .returning('person_id');
  if (actor.role !== 'owner') query = query.where('person_id', '=', actor.personId);
  const gone = await query.executeTakeFirst();
  if (gone === undefined) throw notFound('device');
  const { person_id: person } = gone;
  if (person === actor.personId) return; // locking one's own browser changes nothing for others
  const { name } = await db
    .selectFrom('person')
    .select('name')
    .where('id', '=', person)
    .executeTakeFirstOrThrow();
  await recordChange(db, scope, { what: 'device.revoked', person, name, key: peerKey });
}

async function keepDevice(
  db: Db,
  { scope, peerKey, lifeMs }: { scope: Scope; peerKey: string; lifeMs: number },
): Promise<Device & OwnDevice> {
  const { actor, now } = scope;
  await db.deleteFrom('device').where('expires_at', '<=', timeText(now())).execute();
  const taken = await db
    .selectFrom('device')
    .select('person_id')
    .where('peer_key', '=', peerKey)
    .executeTakeFirst();
  if (taken !== undefined && taken.person_id !== actor.personId) {
    throw new ConsoleError('conflict', 'Cannot register device: its key is in use');
  }
  const own = await db
    .selectFrom('device')
    .select('peer_key')
    .where('person_id', '=', actor.personId)
    .where('peer_key', '!=', peerKey)
    .orderBy('created_at', 'desc')
    .execute();
  const stale = [peerKey, ...own.slice(MAX_DEVICES - 1).map(({ peer_key: key }) => key)];
  await db.deleteFrom('device').where('peer_key', 'in', stale).execute();
  const secret = encodeBase64url(randomBytes(32));
  const device = {
    peer_key: peerKey,
    secret_hash: hashSecret(secret),
    organisation_id: actor.organisationId,
    person_id: actor.personId,
    expires_at: timeText(now() + lifeMs),
    created_at: timeText(now()),
  };
  await db.insertInto('device').values(device).execute();
  return { ...deviceOf(device), secret };
}

function hashSecret(secret: string): string {
  return encodeBase64url(sha256(encodeUtf8(secret)));
}

function deviceOf(row: Schema['device']): Device {
  return { peerKey: row.peer_key, personId: row.person_id, expiresAt: row.expires_at };
}
