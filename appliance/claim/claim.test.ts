// A claim on a clock that the test moves: who may take it, how often one may guess, and what a restart remembers.

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { rootCode } from '#crypto/root-set.ts';
import { ManualClock } from '#scripts/testing/manual-clock.ts';
import { createKeyed } from '#scripts/testing/live-site.ts';
import { claimState, offerOf } from '#scripts/testing/unclaimed-site.ts';
import { placesIn } from '../config.ts';
import type { ClaimRequest } from '../protocol/claim-message.ts';
import { Claim, MAX_WRONG_TRIES } from './claim.ts';
import { WorkError } from '../work/error.ts';
import { dropClaimState, loadClaimState, saveClaimState } from './claim-state.ts';

const root = await createKeyed();
const offer = await offerOf(root);

async function openClaim() {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-claim-'));
  const clock = new ManualClock();
  const said: string[] = [];
  const state = claimState();
  await saveClaimState(folder, state);
  const open = (from = state): Claim =>
    new Claim(from, { folder, clock, onChange: (what) => said.push(what) });
  return {
    ...{ folder, clock, said, open, claim: open() },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function claimBy(secret: string, over: Partial<ClaimRequest['offer']> = {}): ClaimRequest {
  return { kind: 'claim', secret, offer: { ...offer, ...over } };
}

async function codeOf(answer: ReturnType<Claim['take']>): Promise<string> {
  const said = await answer;
  return said.kind === 'refused' ? said.code : said.kind;
}

const take = suite('Claim.take()');

take('takes who knows the secret, and remembers it on disk for its owner alone', async () => {
  await using made = await openClaim();
  const { claim, folder } = made;
  const answer = await claim.take(claimBy(claim.state.secret));
  assert.equal(answer, { kind: 'offered', code: rootCode(root.key) });
  assert.equal((await loadClaimState(folder))?.offer, offer);
  const { mode } = await stat(placesIn(folder).claim);
  assert.is(mode & 0o077, 0);
});

take(
  'counts wrong secrets on disk before it answers, and then changes the code and waits',
  async () => {
    await using made = await openClaim();
    const { folder, clock, said } = made;
    let { claim } = made;
    const { secret } = claim.state;
    for (let tries = 1; tries < MAX_WRONG_TRIES; tries++) {
      assert.is(await codeOf(claim.take(claimBy('00000000'))), 'wrong-secret');
      const kept = await loadClaimState(folder);
      assert.is(kept?.wrongTries, tries);
      claim = made.open(kept ?? undefined); // a restart gives no more tries
    }
    assert.is(await codeOf(claim.take(claimBy('00000000'))), 'locked');
    assert.is.not(claim.state.secret, secret);
    assert.is(
      await codeOf(claim.take(claimBy(claim.state.secret))),
      'locked',
      'also the right one',
    );
    clock.advance(60_000);
    assert.is(
      await codeOf(claim.take(claimBy(secret))),
      'wrong-secret',
      'the old one is no longer it',
    );
    assert.is(await codeOf(claim.take(claimBy(claim.state.secret))), 'offered');
    assert.ok(said.some((what) => what.includes('too many wrong')));
  },
);

take('locks longer each time', async () => {
  await using made = await openClaim();
  const { claim, clock } = made;
  const guess = (): Promise<string> => codeOf(claim.take(claimBy('00000000')));
  for (let i = 0; i < MAX_WRONG_TRIES; i++) await guess();
  clock.advance(60_000);
  for (let i = 0; i < MAX_WRONG_TRIES; i++) await guess();
  clock.advance(60_000);
  assert.is(await guess(), 'locked');
  clock.advance(60_000);
  assert.is(await guess(), 'wrong-secret');
});

take('counts tries that come at once', async () => {
  await using made = await openClaim();
  const { claim } = made;
  const { secret } = claim.state;
  const guesses = Array.from({ length: 50 }, (_, i) =>
    codeOf(claim.take(claimBy(i === 49 ? secret : '00000000'))),
  );
  const answers = await Promise.all(guesses);
  assert.is(answers.filter((each) => each === 'wrong-secret').length, MAX_WRONG_TRIES - 1);
  assert.not(answers.includes('offered'));
});

take('refuses another root while one waits for the contact, and takes the same again', async () => {
  await using made = await openClaim();
  const { claim } = made;
  const { secret } = claim.state;
  await claim.take(claimBy(secret));
  const other = await offerOf(await createKeyed());
  assert.is(await codeOf(claim.take({ kind: 'claim', secret, offer: other })), 'claimed');
  assert.is(await codeOf(claim.take(claimBy(secret, { client: 'Corner Bakery Ltd' }))), 'offered');
  assert.is(claim.state.offer?.client, 'Corner Bakery Ltd');
  await claim.decline();
  assert.is.not(claim.state.secret, secret);
  const again = { kind: 'claim', secret: claim.state.secret, offer: other } as const;
  assert.is(await codeOf(claim.take(again)), 'offered');
});

take('refuses a roster that its root did not sign, or that is of another provider', async () => {
  await using made = await openClaim();
  const { claim } = made;
  const { secret } = claim.state;
  const mallory = await createKeyed();
  for (const over of [{ root: mallory.key }, { msp: 'Another IT' }]) {
    assert.is(await codeOf(claim.take(claimBy(secret, over))), 'roster-invalid');
  }
  assert.is(claim.state.offer, null);
});

take.run();

const found = suite('Claim.found()');

found('founds once: what was asked at the same time changes nothing any more', async () => {
  await using made = await openClaim();
  const { claim, folder } = made;
  await claim.take(claimBy(claim.state.secret));
  let foundings = 0;
  const founding = (): Promise<string> =>
    claim.found(async () => {
      foundings += 1;
      await dropClaimState(folder);
      return 'founded';
    });
  const asked = [founding(), founding(), claim.decline(), claim.take(claimBy('x'.repeat(20)))];
  const [first, ...others] = await Promise.allSettled(asked);
  assert.equal(first, { status: 'fulfilled', value: 'founded' });
  for (const other of others) {
    const why: unknown = other.status === 'rejected' ? other.reason : null;
    assert.is(why instanceof WorkError && why.code, 'not-allowed');
  }
  assert.is(foundings, 1);
  assert.is(await loadClaimState(folder), null, 'a site does not become unclaimed again');
});

found('may be tried again after it failed', async () => {
  await using made = await openClaim();
  const { claim } = made;
  const full = new Error('the disk is full');
  const failed: unknown = await claim
    .found(() => Promise.reject(full))
    .catch((cause: unknown) => cause);
  assert.is(failed, full);
  assert.is(await claim.found(() => Promise.resolve('founded')), 'founded');
});

found.run();

const load = suite('loadClaimState()');

load('refuses a file that is not ours, and never quotes it', async () => {
  await using made = await openClaim();
  const { folder, claim } = made;
  const text = await readFile(placesIn(folder).claim, 'utf8');
  for (const bad of [
    '',
    '{',
    text.slice(0, -5),
    text.replace('"wrongTries": 0', '"wrongTries": -1'),
  ]) {
    await writeFile(placesIn(folder).claim, bad);
    const error = await loadClaimState(folder).catch((cause: unknown) => cause);
    assert.instance(error, Error);
    assert.not(String(error).includes(claim.state.secret));
  }
});

load.run();
