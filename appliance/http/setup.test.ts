import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createPageVisitor } from '#scripts/testing/page-visitor.ts';
import { createPeople } from '#scripts/testing/story-people.ts';
import { rosterOf } from '#scripts/testing/story-statements.ts';
import type { Claim } from '../claim/claim.ts';
import type { ClaimOffer } from '../protocol/claim-message.ts';
import { createSetupApp, type SetupOptions } from './setup.ts';

const CHOSEN = { name: 'Carla Client', preset: 'careful', level: 'standard', zone: 'UTC' };
const FORM = { ...CHOSEN, pin: '927351', again: '927351' };

const setup = suite('createSetupApp()');

setup('sets up once, however often the form is sent meanwhile', async () => {
  const founding = Promise.withResolvers<undefined>();
  let setUps = 0;
  const { app, read } = await openSetup({
    setUp: async () => {
      setUps += 1;
      await founding.promise;
    },
  });
  const visitor = createPageVisitor(app);
  const form = { ...FORM, token: await visitor.tokenOf('/', '/set-up') };
  const sent = [visitor.send('/set-up', form), visitor.send('/set-up', form)];
  await read(2);
  founding.resolve(undefined);
  for (const { status, text } of await Promise.all(sent)) {
    assert.is(status, 200);
    assert.match(text, 'This site is set up');
  }
  assert.is(setUps, 1);
});

setup('takes the form again after setting up has failed', async () => {
  const failures: unknown[] = [];
  let setUps = 0;
  const { app } = await openSetup({
    setUp: () => {
      setUps += 1;
      return setUps === 1 ? Promise.reject(new Error('the disk is full')) : Promise.resolve();
    },
    onFailure: (cause) => failures.push(cause),
  });
  const visitor = createPageVisitor(app);
  const form = { ...FORM, token: await visitor.tokenOf('/', '/set-up') };
  assert.is((await visitor.send('/set-up', form)).status, 500);
  assert.is((await visitor.send('/set-up', form)).status, 200);
  assert.equal([setUps, failures.length], [2, 1]);
});

setup('declines once, however often the form is sent meanwhile', async () => {
  const declining = Promise.withResolvers<undefined>();
  let declines = 0;
  const { app, read } = await openSetup({
    decline: async () => {
      declines += 1;
      await declining.promise;
    },
  });
  const visitor = createPageVisitor(app);
  const form = { token: await visitor.tokenOf('/', '/decline') };
  const sent = [visitor.send('/decline', form), visitor.send('/decline', form)];
  await read(2);
  declining.resolve(undefined);
  for (const { status } of await Promise.all(sent)) assert.is(status, 303);
  assert.is(declines, 1);
});

setup.run();

/** An appliance that was claimed. `read` waits until so many more requests have looked at the claim. */
async function openSetup(over: Partial<SetupOptions>) {
  const people = await createPeople();
  const { root } = people;
  const offer: ClaimOffer = {
    ...{ client: 'Miller Dental', site: 'Main Street', msp: root.name, root: root.key },
    roster: await rosterOf(people),
  };
  let looks = 0;
  const claim = {
    get state() {
      looks += 1;
      return { offer, organisation: root.name } as Claim['state']; // all of it that the pages read
    },
  };
  const app = createSetupApp({
    ...{ claim, hosts: [], code: () => 'A1B2-C3D4-E5F6-G7H8-J9K0' },
    setUp: () => Promise.resolve(),
    decline: () => Promise.resolve(),
    onFailure: (cause) => assert.unreachable(String(cause)),
    ...over,
  });
  return {
    app,
    async read(more: number) {
      for (const until = looks + more; looks < until;) await new Promise(setImmediate);
    },
  };
}
