import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { codeOf, openDirectoryPlace } from '#scripts/testing/console-directory.ts';
import { signStoryKeys } from '#scripts/testing/console-site-keys.ts';
import {
  foundMsp,
  type Msp,
  storyIdentity,
  storyKey,
  storyRoster,
} from '#scripts/testing/console-story.ts';
import type { OwnDirectory } from './directory.ts';
import { CONSOLE_ROLES, type Role } from './identity/identity.ts';
import type { Store } from './store/store.ts';

const LOG_KEY = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8';

type Question = (own: OwnDirectory, msp: Msp) => Promise<unknown>;

/** What only looks, with all ids those of one organisation: `lists` answer something to everybody. */
const LISTS = {
  me: (own) => own.me(),
  people: (own) => own.people(),
  roster: (own) => own.roster(),
  devices: (own) => own.devices(),
  clients: (own) => own.clients(),
  sites: (own) => own.sites(),
  endpoints: (own) => own.endpoints({}),
  noticeChoice: (own) => own.noticeChoice(),
  changes: (own) => own.changes({}),
} satisfies Partial<Record<keyof OwnDirectory, Question>>;

const LOOKS = {
  client: (own, { clientId }) => own.client(clientId),
  site: (own, { siteId }) => own.site(siteId),
  endpoint: (own, { siteId, endpointId }) => own.endpoint(siteId, endpointId),
} satisfies Partial<Record<keyof OwnDirectory, Question>>;

/** What changes something of another's: the least roles that may, in one's own organisation. */
const CHANGES: Record<string, { may: readonly Role[]; ask: Question }> = {
  removePerson: {
    may: ['owner'],
    ask: (own, { actors }) => own.removePerson(actors.reviewer.personId),
  },
  revokeDevice: {
    may: ['owner', 'technician'],
    ask: (own, { devices }) => own.revokeDevice(devices.technician),
  },
  renameClient: { may: ['owner'], ask: (own, { clientId }) => own.renameClient(clientId, 'New') },
  createSite: {
    may: ['owner'],
    ask: (own, { clientId }) => own.createSite({ clientId, name: 'Hamburg' }),
  },
  renameSite: { may: ['owner'], ask: (own, { siteId }) => own.renameSite(siteId, 'New') },
  noteEndpoint: {
    may: ['owner', 'technician'],
    ask: (own, { siteId, endpointId }) => own.noteEndpoint(siteId, endpointId, 'Mind the dog'),
  },
  newToken: { may: ['owner'], ask: (own, { siteId }) => own.newToken(siteId) },
  revokeToken: { may: ['owner'], ask: (own, { siteId }) => own.revokeToken(siteId) },
  beginClaim: {
    may: ['owner'],
    ask: (own, { siteId, siteKey }) => own.beginClaim(siteId, siteKey),
  },
  putSiteKeys: {
    may: ['owner'],
    ask: async (own, { siteId, siteKey, root }) =>
      own.putSiteKeys(
        siteId,
        await signStoryKeys(root, { site: siteId, appliance: siteKey, log_key: LOG_KEY }),
      ),
  },
  removeSite: { may: ['owner'], ask: (own, { siteId }) => own.removeSite(siteId) },
  removeClient: { may: ['owner'], ask: (own, { clientId }) => own.removeClient(clientId) },
};

/** What an owner may do, but not as the story stands: its site has joined, is not at work, and is its client's. */
const CONFLICTS: readonly string[] = ['newToken', 'revokeToken', 'putSiteKeys', 'removeClient'];

/** What changes only one's own: the roles that may. */
const OWN_CHANGES: Record<string, { may: readonly Role[]; ask: Question }> = {
  proposeSigningKey: {
    may: ['owner', 'technician', 'reviewer'],
    ask: async (own) =>
      own.proposeSigningKey({ key: (await storyKey()).key, credentialId: 'Y3JlZA' }),
  },
  registerDevice: {
    may: ['owner', 'technician', 'reviewer'],
    ask: async (own) => own.registerDevice({ peerKey: (await storyKey()).key, lifeMs: 1000 }),
  },
  revokeOtherDevices: {
    may: CONSOLE_ROLES,
    ask: (own, { devices }) => own.revokeOtherDevices(devices.technician),
  },
  chooseNotices: {
    may: CONSOLE_ROLES,
    ask: (own) => own.chooseNotices(['went-offline']),
  },
  createClient: { may: ['owner'], ask: (own) => own.createClient('Beta') },
  putRoster: {
    may: ['owner'],
    ask: async (own, { root }) =>
      own.putRoster({ envelope: await storyRoster({ root, version: 2 }), rootKeys: null }),
  },
};

const of = suite('Directory.of()');

of('has no question that the walks below leave out', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const walked = [LISTS, LOOKS, CHANGES, OWN_CHANGES].flatMap((table) => Object.keys(table));
  assert.equal(Object.keys(place.directory.of(msp.actors.owner)).sort(), walked.sort());
});

of('gives nothing of another organisation, whatever its owner asks', async () => {
  await using place = await openDirectoryPlace();
  const mine = await foundMsp(place.directory, 'mine');
  const theirs = await foundMsp(place.directory, 'theirs');
  const own = place.directory.of(mine.actors.owner);
  const before = await snapshot(place.store);
  for (const [name, ask] of Object.entries(LISTS)) {
    const said = JSON.stringify(await ask(own));
    for (const secret of ['theirs', theirs.siteId, theirs.clientId, theirs.rootKeys]) {
      assert.not(said.includes(secret), `${name}: ${secret}`);
    }
    assert.ok(said.includes('mine') || said.includes(mine.siteId) || said.length > 20, name);
  }
  for (const [name, ask] of Object.entries(LOOKS)) {
    assert.is(await codeOf(ask(own, theirs)), 'not-found', name);
  }
  for (const [name, { ask }] of Object.entries(CHANGES)) {
    assert.is(await codeOf(ask(own, theirs)), 'not-found', name);
  }
  assert.is(await codeOf(OWN_CHANGES['putRoster']?.ask(own, theirs) ?? fail()), 'invalid');
  assert.equal(await snapshot(place.store), before);
});

of('refuses each change to each role that may not make it, and nothing changes', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const before = await snapshot(place.store);
  for (const [name, { may, ask }] of Object.entries({ ...CHANGES, ...OWN_CHANGES })) {
    for (const role of CONSOLE_ROLES) {
      if (may.includes(role)) continue;
      const code = await codeOf(ask(place.directory.of(msp.actors[role]), msp));
      assert.ok(code === 'not-allowed' || isAnothersDevice(name, role, code), `${name} ${role}`);
    }
  }
  assert.equal(await snapshot(place.store), before);
});

of('lets each role make the changes that it may', async () => {
  for (const role of CONSOLE_ROLES) {
    await using place = await openDirectoryPlace();
    const msp = await foundMsp(place.directory, 'one');
    const own = place.directory.of(msp.actors[role]);
    for (const [name, { may, ask }] of Object.entries({ ...OWN_CHANGES, ...CHANGES })) {
      if (!may.includes(role)) continue;
      const code = await codeOf(ask(own, msp));
      const expected = CONFLICTS.includes(name) ? 'conflict' : 'done';
      assert.is(code, expected, `${name} as ${role}`);
    }
  }
});

of('finds nothing by an id that is none', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const own = place.directory.of(msp.actors.owner);
  for (const id of ['', '\0', "' or 1=1 --", 'x'.repeat(65), '%']) {
    assert.is(await codeOf(own.site(id)), 'not-found', id);
    assert.is(await codeOf(own.client(id)), 'not-found', id);
    assert.is(await codeOf(own.endpoint(msp.siteId, id)), 'not-found', id);
    assert.is(await codeOf(own.noteEndpoint(id, msp.endpointId, '')), 'not-found', id);
    assert.is(await codeOf(own.removePerson(id)), 'not-found', id);
    assert.is(await codeOf(own.revokeDevice(id)), 'not-found', id);
    assert.is(await codeOf(own.renameClient(id, 'x')), 'not-found', id);
  }
});

of.run();

const admit = suite('Directory.admit()');

admit('knows a person again by issuer and subject, and mends name, address and role', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const first = await directory.admit(storyIdentity('one', 'owner'));
  const married = { ...storyIdentity('one', 'owner'), name: 'Olga', role: 'reviewer' as const };
  const again = await directory.admit(married);
  assert.is(again.personId, first.personId);
  assert.is(again.role, 'reviewer');
  const { person } = await directory.of(again).me();
  assert.is(person.name, 'Olga');
  assert.is(person.role, 'reviewer');
  const other = await directory.admit({ ...married, issuer: 'https://clerk.example' });
  assert.is.not(other.organisationId, first.organisationId);
});

admit('makes one person and one organisation of many requests at once', async () => {
  await using place = await openDirectoryPlace({ signUp: 'first' });
  const identity = storyIdentity('one', 'owner');
  const actors = await Promise.all(
    Array.from({ length: 8 }, () => place.directory.admit(identity)),
  );
  assert.is(new Set(actors.map(({ personId }) => personId)).size, 1);
});

admit('lets only the first found an organisation, unless sign-up is open', async () => {
  await using place = await openDirectoryPlace({ signUp: 'first' });
  const { directory } = place;
  await directory.admit(storyIdentity('one', 'owner'));
  assert.is(await codeOf(directory.admit(storyIdentity('two', 'owner'))), 'not-allowed');
  assert.is(await codeOf(directory.admit(storyIdentity('one', 'technician'))), 'done');
});

admit('refuses who belongs to no organisation, and who was removed', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const alone = { ...storyIdentity('one', 'owner'), organisation: null };
  assert.is(await codeOf(directory.admit(alone)), 'not-allowed');
  const { peerKeys } = await directory
    .of(msp.actors.owner)
    .removePerson(msp.actors.technician.personId);
  assert.equal(peerKeys, [msp.devices.technician]);
  assert.is(await codeOf(directory.admit(storyIdentity('one', 'technician'))), 'not-allowed');
  assert.is(await directory.deviceByPeerKey(msp.devices.technician), null);
});

admit("takes a provider's hostile names as one plain line", async () => {
  await using place = await openDirectoryPlace();
  const identity = { ...storyIdentity('one', 'owner'), name: `O\0l\u202ega\n${'x'.repeat(500)}` };
  const { person } = await place.directory.of(await place.directory.admit(identity)).me();
  assert.match(person.name, /^O l ga x+$/);
  assert.is(person.name.length, 128);
});

admit.run();

/** Somebody else's device is, to who may revoke their own, not there. */
function isAnothersDevice(name: string, role: Role, code: string): boolean {
  return name === 'revokeDevice' && role === 'reviewer' && code === 'not-found';
}

async function snapshot({ db }: Store): Promise<unknown> {
  const tables = [
    'organisation',
    'person',
    'client',
    'site',
    'endpoint',
    'note',
    'device',
    'notice_choice',
    'change',
  ] as const;
  return Promise.all(
    tables.map((table) =>
      db
        .selectFrom(table as 'client')
        .selectAll()
        .execute(),
    ),
  );
}

function fail(): never {
  throw new Error('unreachable: it is in the table');
}
