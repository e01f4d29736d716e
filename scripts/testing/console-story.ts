// An MSP in a console's directory, as it looks after some months: people of every role, a client with a site that
// joined, an endpoint, a signed roster, a browser. Told once for each organisation that a test needs.

import { encodeBase64url } from '#crypto/base64.ts';
import { formatPersonKey } from '#crypto/person-key.ts';
import { formatRootSet } from '#crypto/root-set.ts';
import { type Envelope, type Member, signStatement, statementSigner } from '#crypto/statement.ts';
import { importSigner, randomBytes, type Signer } from '#crypto/webcrypto.ts';
import type { Actor } from '#ui/server/directory-actor.ts';
import type { ToldEndpoint } from '#ui/server/directory-links.ts';
import type { Directory } from '#ui/server/directory.ts';
import { CONSOLE_ROLES, type Identity, type Role } from '#ui/server/identity/identity.ts';

/** Where these stories begin. */
export const STORY_MS = Date.parse('2026-11-21T08:00:00.000Z');

/** A key and its line of text. */
export interface StoryKey {
  readonly key: string;
  readonly signer: Signer;
}

export interface Msp {
  readonly actors: Readonly<Record<Role, Actor>>;
  readonly root: StoryKey;
  readonly rootKeys: string;
  readonly clientId: string;
  readonly siteId: string;
  readonly siteKey: string;
  readonly endpointId: string;
  readonly devices: Readonly<Record<'owner' | 'technician', string>>;
}

/** Makes a key. */
export async function storyKey(): Promise<StoryKey> {
  const signer = await importSigner(randomBytes(32));
  return { signer, key: formatPersonKey({ kind: 'ed25519', publicKey: signer.publicKey }) };
}

/** Somebody of an organisation, as a provider of identities would say. */
export function storyIdentity(organisation: string, role: Role): Identity {
  return {
    ...{ issuer: 'built-in', subject: `${organisation}-${role}`, role },
    ...{ name: `${role} of ${organisation}`, email: `${role}@${organisation}.example` },
    organisation: { externalId: organisation, name: organisation },
    ...{ authTimeMs: STORY_MS, methods: ['password'] },
  };
}

/** Signs a roster. */
export async function storyRoster(
  {
    root,
    version,
    msp = 'Msp',
    roots,
  }: { root: StoryKey; version: number; msp?: string; roots?: Envelope[] },
  members: readonly Member[] = [],
): Promise<Envelope> {
  return signStatement(
    {
      ...{ type: 'roster', v: 1, by: root.key, msp, version, members: [...members] },
      ...(roots === undefined ? {} : { roots }),
      not_before: new Date(STORY_MS - 1000).toISOString(),
      expires: new Date(STORY_MS + 90 * 86_400_000).toISOString(),
      nonce: encodeBase64url(randomBytes(16)),
    },
    statementSigner(root.signer),
  );
}

/** An endpoint as its site tells of it. */
export function storyEndpoint(id: string, more: Partial<ToldEndpoint> = {}): ToldEndpoint {
  return {
    ...{ id, name: id, labels: [], state: 'online', seenAt: new Date(STORY_MS).toISOString() },
    ...{ software: '0.1.0', host: null, openSession: null, isVerified: true, ...more },
  };
}

/** Builds an organisation. */
export async function foundMsp(directory: Directory, organisation: string): Promise<Msp> {
  const actors = {} as Record<Role, Actor>; // filled at once
  for (const role of CONSOLE_ROLES) {
    actors[role] = await directory.admit(storyIdentity(organisation, role));
  }
  const owner = directory.of(actors.owner);
  const technician = directory.of(actors.technician);
  const root = await storyKey();
  const rootKeys = formatRootSet([root.key, (await storyKey()).key]);
  const own = await storyKey();
  await technician.proposeSigningKey({ key: own.key, credentialId: null });
  const member = { id: 'tom', name: 'Tom', role: 'technician', key: own.key } as const;
  await owner.putRoster({ envelope: await storyRoster({ root, version: 1 }, [member]), rootKeys });
  const { id: clientId } = await owner.createClient('Acme');
  const { siteId, secret } = await owner.createSite({ clientId, name: 'Berlin' });
  const { key: siteKey } = await storyKey();
  const site = await directory.joinByToken({ secret, peerKey: siteKey });
  const endpointId = `till-of-${organisation}`;
  const endpoints = [storyEndpoint(endpointId, { labels: ['front'] })];
  await directory.keepEndpoints(site, { endpoints, isAll: true });
  const devices = { owner: (await storyKey()).key, technician: (await storyKey()).key };
  await owner.registerDevice({ peerKey: devices.owner, lifeMs: 3_600_000 });
  await technician.registerDevice({ peerKey: devices.technician, lifeMs: 3_600_000 });
  await owner.chooseNotices(['went-offline', 'roster-ends']);
  return { actors, root, rootKeys, clientId, siteId, siteKey, endpointId, devices };
}
