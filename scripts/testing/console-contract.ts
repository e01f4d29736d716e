// What directory and accounts do on every store, whichever database is below: the story of an MSP's first day.

import { getMigrations } from 'better-auth/db/migration';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { DEVICE_LIFE_MS } from '#ui/server/directory-devices.ts';
import { dropExpired } from '#ui/server/expired.ts';
import { openAccounts } from '#ui/server/identity/accounts.ts';
import { authOptions } from '#ui/server/identity/auth.ts';
import { INVITATION_LIFE_MS } from '#ui/server/identity/membership.ts';
import { codeOf, openDirectoryPlace } from './console-directory.ts';
import type { OpenPlace } from './console-place.ts';
import { claimStorySite, signStoryKeys } from './console-site-keys.ts';
import { foundMsp, storyEndpoint, storyKey } from './console-story.ts';
import { consoleVisitor } from './console-visitor.ts';

const ORIGIN = 'http://localhost:3000';
const SECRET = 'a secret of the tests, of no use anywhere';
const DAY_MS = 86_400_000;
const OLGA = { name: 'Olga', email: 'olga@msp.example', password: 'correct horse battery' };

/** Makes the suite for one kind of place. The caller runs it. */
export function consoleContract(name: string, openPlace: OpenPlace): { run: () => void } {
  const day = suite(`directory and accounts on ${name}`);

  day('found, invite, accept, sign in and remove', async () => {
    await using place = await openDirectoryPlace({ openPlace, signUp: 'first' });
    const { store, directory } = place;
    const accounts = openAccounts({ store, origin: ORIGIN, secret: SECRET, signUp: 'first' });
    const founders = [consoleVisitor(ORIGIN), consoleVisitor(ORIGIN)] as const;
    const found = (visitor: (typeof founders)[number], email: string) =>
      visitor.keep(accounts.found(visitor.visit(), { ...OLGA, email, organisation: 'Msp' }));
    const codes = await Promise.all([
      codeOf(found(founders[0], 'a@msp.example')),
      codeOf(found(founders[1], 'b@msp.example')),
    ]);
    assert.equal(codes.toSorted(), ['done', 'not-allowed']);
    const [olga, tom] = codes[0] === 'done' ? founders : [founders[1], founders[0]];
    const admit = async (visitor: typeof olga) => {
      const identity = await accounts.authenticate(visitor.visit().request);
      return identity === null ? null : directory.admit(identity);
    };
    const owner = await admit(olga);
    if (owner === null) throw new Error('unreachable: she is signed in');
    const invited = { email: 'tom@msp.example', role: 'technician' } as const;
    const { secret } = await accounts.invite(owner, invited);
    const accept = { secret, name: 'Tom', password: OLGA.password };
    await tom.keep(accounts.accept(tom.visit(), accept));
    const technician = await admit(tom);
    assert.equal(
      [technician?.role, technician?.organisationId],
      ['technician', owner.organisationId],
    );
    await tom.keep(accounts.signOut(tom.visit()));
    const signIn = { email: invited.email, password: OLGA.password };
    await tom.keep(accounts.signIn(tom.visit(), signIn));
    await accounts.removeMember(owner, technician?.personId ?? '');
    assert.is(await admit(tom), null);
  });

  day('clients, sites, endpoints, rosters and devices, searched and paged', async () => {
    await using place = await openDirectoryPlace({ openPlace });
    const { directory } = place;
    const msp = await foundMsp(directory, 'one');
    const site = await directory.siteByPeerKey(msp.siteKey);
    if (site === null) throw new Error('unreachable: it joined');
    const names = ['Zeta', 'alpha', 'Ämter', 'beta 2', 'Beta 10', '100%'];
    const endpoints = names.map((text, i) => storyEndpoint(`e${i}`, { name: text }));
    await directory.keepEndpoints(site, { endpoints, isAll: true });
    const own = directory.of(msp.actors.technician);
    const whole = (await own.endpoints({})).items.map(({ id }) => id);
    assert.is(whole.length, names.length);
    const paged: string[] = [];
    let after: string | null = null;
    do {
      const page = await own.endpoints({ after, limit: 1 });
      paged.push(...page.items.map(({ id }) => id));
      after = page.next;
    } while (after !== null);
    assert.equal(paged, whole);
    for (const [text, count] of [
      ['BETA', 2],
      ['ämter acme', 1],
      ['%', 1],
      ['_', 0],
    ] as const) {
      assert.is((await own.endpoints({ text })).items.length, count, text);
    }
    await own.noteEndpoint(msp.siteId, 'e1', 'Mind the dog');
    await own.noteEndpoint(msp.siteId, 'e1', 'No dog');
    assert.is((await own.endpoint(msp.siteId, 'e1')).note, 'No dog');
    assert.equal(await own.noticeChoice(), []);
    await own.chooseNotices(['went-offline', 'request-waits', 'went-offline']);
    assert.equal(await own.noticeChoice(), ['request-waits', 'went-offline']);
    await own.chooseNotices([]);
    assert.equal(await own.noticeChoice(), []);
    assert.is(await codeOf(own.chooseNotices(['everything'])), 'invalid');
    const others = await directory.of(msp.actors.owner).noticeChoice();
    assert.equal(others, ['went-offline', 'roster-ends'], "another's choice is their own");
    assert.is((await own.roster())?.version, 1);
    assert.is((await own.clients())[0]?.sites, 1);
    assert.is((await own.changes({ limit: 2 })).items.length, 2);
    assert.is.not(await directory.deviceByPeerKey(msp.devices.owner), null);
    const logKey = await claimStorySite(directory, msp);
    const said = { site: msp.siteId, appliance: msp.siteKey, log_key: logKey };
    const signedKeys = await signStoryKeys(msp.root, said);
    await directory.of(msp.actors.owner).putSiteKeys(msp.siteId, signedKeys);
    assert.equal((await own.site(msp.siteId)).signedKeys, signedKeys);
    const { peerKey } = await directory.of(msp.actors.owner).removeSite(msp.siteId);
    assert.is(peerKey, msp.siteKey);
    assert.equal((await own.endpoints({})).items, []);
  });

  day('what is over leaves the store, and nothing that is in force', async () => {
    await using place = await openDirectoryPlace({ openPlace, signUp: 'first' });
    const { store, directory, clock } = place;
    clock.nowMs = Date.now(); // as better-auth's clock, which is not ours to set
    const accounts = openAccounts({ store, origin: ORIGIN, secret: SECRET, signUp: 'first' });
    const olga = consoleVisitor(ORIGIN);
    await olga.keep(accounts.found(olga.visit(), { ...OLGA, organisation: 'Msp' }));
    await olga.keep(accounts.passkeyChallenge(olga.visit()));
    const { request } = olga.visit();
    const identity = await accounts.authenticate(request);
    if (identity === null) throw new Error('unreachable: she is signed in');
    const owner = await directory.admit(identity);
    await accounts.invite(owner, { email: 'tom@msp.example', role: 'technician' });
    const { key: peerKey } = await storyKey();
    await directory.of(owner).registerDevice({ peerKey, lifeMs: DEVICE_LIFE_MS });

    assert.is(await dropExpired(store, { nowMs: Date.now() - DAY_MS }), 0);
    assert.is.not(await accounts.authenticate(request), null);
    assert.is((await accounts.invitations(owner)).length, 1);

    const later = Date.now() + INVITATION_LIFE_MS + 1000;
    const gone = await dropExpired(store, { nowMs: later });
    for (const table of ['auth_session', 'auth_verification', 'auth_rate_limit', 'invitation']) {
      const rows = store.db.selectFrom(table as never).selectAll();
      assert.equal(await rows.execute(), [], table);
    }
    assert.equal(await directory.of(owner).devices(), []);
    assert.ok(gone >= 4, String(gone));
    assert.is(await dropExpired(store, { nowMs: later }), 0);
    assert.is(await accounts.founding(), 'closed', 'accounts and organisations stay');
  });

  day('better-auth wants no table and no column that our migrations do not make', async () => {
    await using place = await openDirectoryPlace({ openPlace });
    const { db, kind } = place.store;
    const wanted = await getMigrations(authOptions({ db, kind, origin: ORIGIN, secret: SECRET }));
    const missing = [...wanted.toBeCreated, ...wanted.toBeAdded].map(({ table }) => table);
    assert.equal([...missing, ...wanted.toBeAddedIndexes.map(({ name: index }) => index)], []);
  });

  return day;
}
