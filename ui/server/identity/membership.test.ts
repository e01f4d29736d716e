import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  codeOf,
  type DirectoryPlace,
  openDirectoryPlace,
} from '#scripts/testing/console-directory.ts';
import { storyIdentity, storyKey } from '#scripts/testing/console-story.ts';
import { consoleVisitor, type ConsoleVisitor } from '#scripts/testing/console-visitor.ts';
import type { Actor } from '../directory-actor.ts';
import { type Accounts, openAccounts } from './accounts.ts';
import { INVITATION_LIFE_MS } from './membership.ts';

const ORIGIN = 'http://localhost:3000';
const PASSWORD = 'correct horse battery';

interface Place extends DirectoryPlace {
  readonly accounts: Accounts;
  /** Founds an organisation; answers its owner's browser. */
  found(name: string): Promise<ConsoleVisitor>;
  /** Accepts an invitation in a browser of their own. */
  accept(secret: string): Promise<ConsoleVisitor>;
  actor(visitor: ConsoleVisitor): Promise<Actor>;
}

async function openPlace(): Promise<Place> {
  const place = await openDirectoryPlace();
  const { store, directory, clock } = place;
  const accounts = openAccounts({
    ...{ store, origin: ORIGIN, signUp: 'open', now: () => clock.nowMs },
    secret: 'a secret of the tests, of no use anywhere',
  });
  return {
    ...place,
    accounts,
    async found(name) {
      const visitor = consoleVisitor(ORIGIN);
      const person = { name: 'Olga', email: `olga@${name}.example`, password: PASSWORD };
      await visitor.keep(accounts.found(visitor.visit(), { ...person, organisation: name }));
      return visitor;
    },
    async accept(secret) {
      const visitor = consoleVisitor(ORIGIN);
      const input = { secret, name: 'Tom', password: PASSWORD };
      await visitor.keep(accounts.accept(visitor.visit(), input));
      return visitor;
    },
    async actor(visitor) {
      const identity = await accounts.authenticate(visitor.visit().request);
      if (identity === null) throw new Error('unreachable: they are signed in');
      return directory.admit(identity);
    },
  };
}

const TOM = { email: 'tom@msp.example', role: 'technician' } as const;

const invite = suite('Membership.invite()');

invite('lets one person in, once, by a secret that is kept nowhere', async () => {
  await using place = await openPlace();
  const { accounts, store } = place;
  const owner = await place.actor(await place.found('msp'));
  const { secret } = await accounts.invite(owner, TOM);
  const rows = await store.db.selectFrom('invitation').selectAll().execute();
  assert.not(JSON.stringify(rows).includes(secret));
  const offered = await accounts.invitation(secret);
  assert.equal(
    [offered?.email, offered?.role, offered?.organisationName],
    ['tom@msp.example', 'technician', 'msp'],
  );
  const tom = await place.accept(secret);
  const actor = await place.actor(tom);
  assert.is(actor.organisationId, owner.organisationId);
  assert.is(actor.role, 'technician');
  assert.is(await accounts.invitation(secret), null);
  assert.is(await codeOf(place.accept(secret)), 'expired');
  assert.is(await codeOf(accounts.invite(owner, TOM)), 'conflict');
  for (const cut of ['', 'x', secret.slice(1), 'not a secret']) {
    assert.is(await accounts.invitation(cut), null, cut);
    assert.is(await codeOf(place.accept(cut)), 'expired', cut);
  }
});

invite('is used up by one of many at once', async () => {
  await using place = await openPlace();
  const owner = await place.actor(await place.found('msp'));
  const { secret } = await place.accounts.invite(owner, TOM);
  const codes = await Promise.all(Array.from({ length: 4 }, () => codeOf(place.accept(secret))));
  assert.equal(codes.sort(), ['done', 'expired', 'expired', 'expired']);
});

invite('runs out by the clock, when withdrawn, and when another takes its place', async () => {
  await using place = await openPlace();
  const { accounts, clock } = place;
  const owner = await place.actor(await place.found('msp'));
  const first = await accounts.invite(owner, TOM);
  const second = await accounts.invite(owner, TOM);
  assert.is(await accounts.invitation(first.secret), null);
  assert.equal(
    (await accounts.invitations(owner)).map(({ id }) => id),
    [second.id],
  );
  clock.nowMs += INVITATION_LIFE_MS - 1;
  assert.is.not(await accounts.invitation(second.secret), null);
  clock.nowMs += 1;
  assert.is(await codeOf(place.accept(second.secret)), 'expired');
  const third = await accounts.invite(owner, TOM);
  await accounts.withdrawInvitation(owner, third.id);
  assert.is(await codeOf(place.accept(third.secret)), 'expired');
});

invite.run();

const removal = suite('Membership.removeMember()');

removal(
  'ends account, sessions and devices at once, and the address may be invited again',
  async () => {
    await using place = await openPlace();
    const { accounts, directory } = place;
    const owner = await place.actor(await place.found('msp'));
    const tom = await place.accept((await accounts.invite(owner, TOM)).secret);
    const actor = await place.actor(tom);
    const { key: peerKey } = await storyKey();
    await directory.of(actor).registerDevice({ peerKey, lifeMs: 60_000 });
    assert.equal(await accounts.removeMember(owner, actor.personId), { peerKeys: [peerKey] });
    assert.is(await accounts.authenticate(tom.visit().request), null);
    assert.is(await directory.deviceByPeerKey(peerKey), null);
    const visitor = consoleVisitor(ORIGIN);
    const signIn = accounts.signIn(visitor.visit(), { email: TOM.email, password: PASSWORD });
    assert.is(await codeOf(signIn), 'not-signed-in');
    const again = await place.actor(await place.accept((await accounts.invite(owner, TOM)).secret));
    assert.is.not(again.personId, actor.personId);
  },
);

removal.run();

const role = suite('Membership.changeRole()');

role('holds from the next request on', async () => {
  await using place = await openPlace();
  const { accounts } = place;
  const owner = await place.actor(await place.found('msp'));
  const tom = await place.accept((await accounts.invite(owner, TOM)).secret);
  const { personId } = await place.actor(tom);
  await accounts.changeRole(owner, personId, 'reviewer');
  assert.is((await accounts.authenticate(tom.visit().request))?.role, 'reviewer');
});

role("is nobody's own to change, so that an owner stays", async () => {
  await using place = await openPlace();
  const owner = await place.actor(await place.found('msp'));
  const { personId } = owner;
  assert.is(await codeOf(place.accounts.changeRole(owner, personId, 'read-only')), 'conflict');
  assert.is(await codeOf(place.accounts.removeMember(owner, personId)), 'conflict');
});

role.run();

const others = suite('membership()');

others('is for owners, of their own organisation', async () => {
  await using place = await openPlace();
  const { accounts, directory } = place;
  const owner = await place.actor(await place.found('msp'));
  const stranger = await place.actor(await place.found('other'));
  const { id } = await accounts.invite(owner, { ...TOM, email: 'eva@msp.example' });
  const tom = await place.actor(await place.accept((await accounts.invite(owner, TOM)).secret));
  const acts = {
    changeRole: (actor: Actor) => accounts.changeRole(actor, tom.personId, 'owner'),
    removeMember: (actor: Actor) => accounts.removeMember(actor, tom.personId),
    withdrawInvitation: (actor: Actor) => accounts.withdrawInvitation(actor, id),
  };
  const lists = {
    invite: (actor: Actor) => accounts.invite(actor, { ...TOM, email: 'ida@msp.example' }),
    invitations: (actor: Actor) => accounts.invitations(actor),
  };
  for (const [name, act] of Object.entries(acts)) {
    assert.is(await codeOf(act(stranger)), 'not-found', name);
  }
  assert.equal(await accounts.invitations(stranger), []);
  for (const below of ['technician', 'reviewer', 'read-only'] as const) {
    const { organisation } = await directory.of(owner).me();
    const identity = storyIdentity(organisation.name, below);
    const actor = await directory.admit(identity);
    for (const [name, act] of Object.entries({ ...acts, ...lists })) {
      assert.is(await codeOf(act(actor)), 'not-allowed', `${name} as ${below}`);
    }
  }
  assert.is((await accounts.invitations(owner)).length, 1);
});

others.run();
