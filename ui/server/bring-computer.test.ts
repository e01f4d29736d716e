// Bringing this computer in, with a real directory: what an owner may, and what is left behind when it fails.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { commonOf } from '#appliance/protocol/session-key.ts';
import { signStatement, statementSigner } from '#crypto/statement.ts';
import { codeOf, openDirectoryPlace } from '#scripts/testing/console-directory.ts';
import {
  foundMsp,
  type Msp,
  STORY_MS,
  storyKey,
  storyRoster,
} from '#scripts/testing/console-story.ts';
import { type BringingPlace, bringComputer } from './bring-computer.ts';
import type { Directory } from './directory.ts';
import { ConsoleError } from './error.ts';
import { localSiteOf } from './local-site.ts';
import type { Begun, LocalSite } from './this-computer-message.ts';

const RELAY = 'ed25519:relay';
const CODE = 'K7QM-2FD0';
const local = await storyKey();
const peerKey = (await storyKey()).key;
const signer = statementSigner(local.signer);

/** `npm start` in memory: it joins as the appliance would, and remembers where. */
function computerOf(directory: Directory, { fails = false }: { fails?: boolean } = {}) {
  const state: { site: LocalSite; joins: number } = {
    site: { client: 'Trial client', site: 'This computer', root: local.key, joined: null },
    joins: 0,
  };
  return {
    state,
    look: () => Promise.resolve(state.site),
    async begin({ code, rootKeys }: { code: string; rootKeys: string }): Promise<Begun> {
      if (code !== CODE) throw new ConsoleError('not-allowed', 'That is not the code');
      const common = commonOf(signer, { nowMs: STORY_MS, lifeMs: 86_400_000 });
      const certificate = await signStatement({ ...common, type: 'root', keys: rootKeys }, signer);
      const roster = await storyRoster({ root: local, version: 1 });
      return { certificate, roster };
    },
    async join(secret: string): Promise<void> {
      state.joins += 1;
      if (fails) throw new ConsoleError('conflict', 'It did not work');
      const log = { key: 'till.example/site/1+0+AA==', origin: 'till.example/site/1' };
      const { siteId } = await directory.joinByToken({ secret, peerKey, log });
      state.site = { ...state.site, joined: { site: siteId, relay: RELAY } };
    },
    [Symbol.dispose]: () => undefined,
  };
}

function placeOf(
  directory: Directory,
  {
    msp,
    role = 'owner',
    computer,
  }: { msp: Msp; role?: 'owner' | 'technician'; computer: ReturnType<typeof computerOf> },
): BringingPlace {
  const actor = msp.actors[role];
  return {
    ...{ computer, actor, relayKey: RELAY, directory: directory.of(actor) },
    tokenText: ({ secret }) => secret,
  };
}

const bring = suite('bringComputer()');

bring(
  'bringComputer() makes a place, joins, and answers what the roster needs; twice makes one',
  async () => {
    await using place = await openDirectoryPlace();
    const { directory } = place;
    const msp = await foundMsp(directory, 'one');
    const computer = computerOf(directory);
    const at = placeOf(directory, { msp, computer });
    const first = await bringComputer({ code: CODE, rootKeys: msp.rootKeys }, at);
    const second = await bringComputer({ code: CODE, rootKeys: msp.rootKeys }, at);
    assert.is(first.siteId, second.siteId);
    assert.is(computer.state.joins, 1);
    const sites = (await at.directory.sites()).map(
      ({ clientName, name }) => `${clientName}/${name}`,
    );
    assert.equal(sites, ['Acme/Berlin', 'Trial client/This computer']);
  },
);

bring('bringComputer() is an owner’s, by the code, for the organisation’s own root', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const computer = computerOf(directory);
  const ask = (over: object, role: 'owner' | 'technician' = 'owner') =>
    codeOf(
      bringComputer(
        { code: CODE, rootKeys: msp.rootKeys, ...over },
        placeOf(directory, { msp, role, computer }),
      ),
    );
  assert.is(await ask({}, 'technician'), 'not-allowed');
  assert.is(await ask({ code: 'WRNG' }), 'not-allowed');
  assert.is(await ask({ rootKeys: local.key }), 'conflict');
  assert.is(computer.state.joins, 0);
  assert.is((await directory.of(msp.actors.owner).sites()).length, 1, 'nothing was made for it');
});

bring('bringComputer() takes the place of a try that failed', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const said = { code: CODE, rootKeys: msp.rootKeys };
  const failing = placeOf(directory, { msp, computer: computerOf(directory, { fails: true }) });
  assert.is(await codeOf(bringComputer(said, failing)), 'conflict');
  const at = placeOf(directory, { msp, computer: computerOf(directory) });
  await bringComputer(said, at);
  assert.is((await at.directory.sites()).length, 2);
});

bring.run();

const shown = suite('localSiteOf()');

shown('localSiteOf() offers it to owners until a roster lets it in', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const computer = computerOf(directory);
  const relay = { key: RELAY, browserAddresses: [], addresses: [], disconnect: () => undefined };
  const offer = (role: 'owner' | 'technician') => {
    const actor = msp.actors[role];
    return localSiteOf({ computer, relay }, { actor, directory: directory.of(actor) });
  };
  const offered = { client: 'Trial client', site: 'This computer', root: local.key };
  assert.equal(await offer('owner'), { ...offered, isElsewhere: false });
  assert.is(await offer('technician'), null);
  const at = placeOf(directory, { msp, computer });
  const { certificate } = await bringComputer({ code: CODE, rootKeys: msp.rootKeys }, at);
  assert.equal(
    await offer('owner'),
    { ...offered, isElsewhere: false },
    'no roster carries it yet',
  );
  const envelope = await storyRoster({ root: msp.root, version: 2, roots: [certificate] });
  await at.directory.putRoster({ envelope, rootKeys: null });
  assert.is(await offer('owner'), null);
  const relayOfAnother = { ...relay, key: 'ed25519:other' };
  const elsewhere = await localSiteOf(
    { computer, relay: relayOfAnother },
    { actor: msp.actors.owner, directory: at.directory },
  );
  assert.equal(elsewhere, { ...offered, isElsewhere: true });
});

shown('localSiteOf() says that it cannot be asked', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const actor = msp.actors.owner;
  const silent = {
    ...computerOf(directory),
    look: () => Promise.reject(new ConsoleError('conflict', 'silent')),
  };
  const relay = { key: RELAY, browserAddresses: [], addresses: [], disconnect: () => undefined };
  const told = await localSiteOf(
    { computer: silent, relay },
    { actor, directory: directory.of(actor) },
  );
  assert.equal(told, { problem: 'silent' });
  const none = await localSiteOf(
    { computer: null, relay },
    { actor, directory: directory.of(actor) },
  );
  assert.is(none, null);
});

shown.run();
