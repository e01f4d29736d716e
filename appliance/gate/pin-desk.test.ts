import { readFile, writeFile } from 'node:fs/promises';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { rejection } from '#scripts/testing/ledger-place.ts';
import {
  fieldsOf,
  openOnsiteStage,
  type OnsiteStage,
  PINS,
} from '#scripts/testing/onsite-stage.ts';

import { PinError } from './pin.ts';
import type { PinDecision } from './pin-desk.ts';

const WRONG = '000001';

function decisionOn(request: string, over: Partial<PinDecision> = {}): PinDecision {
  const carol = { approver: 'carol', pin: PINS.carol };
  return { request, ...carol, decision: 'approve', comment: null, ...over };
}

async function alertsOf(stage: OnsiteStage): Promise<unknown[]> {
  return (await stage.entries('alert.raised')).map((entry) => fieldsOf(entry)['code']);
}

const deciding = suite('PinDesk.decide()');

deciding('PinDesk.decide() signs with the approver’s own key over this request', async () => {
  await using stage = await openOnsiteStage();
  const { hash } = await stage.ask({ state: 'off' });
  const { request, entry } = await stage.pinDesk.decide(decisionOn(hash));
  assert.is(request.state, 'granted');
  const [granted] = await stage.entries('approval.granted');
  assert.is(granted?.index, entry.index);
  const envelope = fieldsOf(granted)['statement'] as { statement: string }; // as the kind has it
  const statement = JSON.parse(Buffer.from(envelope.statement, 'base64url').toString()) as {
    by: string;
    request: string;
    state: string | null;
  };
  assert.is(statement.by, stage.people.carol.key);
  assert.is(statement.request, hash);
  assert.is(statement.state, stage.requests.show(hash).stateHash);
});

deciding('PinDesk.decide() takes no other approver’s PIN', async () => {
  await using stage = await openOnsiteStage();
  const { hash } = await stage.ask();
  const { code } = await rejection(stage.pinDesk.decide(decisionOn(hash, { pin: PINS.dave })));
  assert.is(code, 'wrong-pin');
});

deciding('PinDesk.decide() does not let parallel guesses slip past the limit', async () => {
  await using stage = await openOnsiteStage();
  const { hash } = await stage.ask();
  const guesses = Array.from({ length: 12 }, () =>
    rejection(stage.pinDesk.decide(decisionOn(hash, { pin: WRONG }))),
  );
  const right = rejection(stage.pinDesk.decide(decisionOn(hash)));
  const codes = (await Promise.all(guesses)).map(({ code }) => code);
  assert.equal(codes, ['wrong-pin', 'wrong-pin', ...Array<string>(10).fill('pin-locked')]);
  assert.is((await right).code, 'pin-locked');
  assert.equal(await alertsOf(stage), ['wrong-pin', 'wrong-pin', 'wrong-pin', 'pin-locked']);
  assert.is(stage.requests.show(hash).state, 'waiting');
});

deciding('PinDesk.decide() refuses when too many wait for their turn', async () => {
  await using stage = await openOnsiteStage();
  const { hash } = await stage.ask();
  const tries = Array.from({ length: 40 }, () =>
    rejection(stage.pinDesk.decide(decisionOn(hash, { pin: WRONG }))),
  );
  const codes = (await Promise.all(tries)).map(({ code }) => code);
  assert.is(codes.filter((code) => code === 'overloaded').length, 24);
});

deciding('PinDesk.decide() waits longer each time, and anew after the right PIN', async () => {
  await using stage = await openOnsiteStage();
  const { hash } = await stage.ask();
  const waits: (number | null)[] = [];
  for (let i = 0; i < 5; i++) {
    const error = await refusal(stage.pinDesk.decide(decisionOn(hash, { pin: WRONG })));
    waits.push(error.retryAfterMs);
    stage.clock.advance(error.retryAfterMs ?? 0);
  }
  assert.equal(waits, [null, null, 30_000, 60_000, 120_000]);
  await stage.pinDesk.confirm({ approver: 'carol', pin: PINS.carol });
  const error = await refusal(stage.pinDesk.decide(decisionOn(hash, { pin: WRONG })));
  assert.is(error.triesLeft, 2);
});

deciding(
  'PinDesk.decide() has wrong PINs on record before it says so, or says nothing',
  async () => {
    await using stage = await openOnsiteStage();
    const { hash } = await stage.ask();
    stage.isLogBroken = true;
    const wrong = await rejection(stage.pinDesk.decide(decisionOn(hash, { pin: WRONG })));
    const right = await rejection(stage.pinDesk.decide(decisionOn(hash)));
    assert.is(wrong.code, 'latched');
    assert.equal(wrong.message, right.message, 'a guess learns nothing from a log that is down');
  },
);

deciding('PinDesk.decide() checks no PIN for what nobody decides any more', async () => {
  await using stage = await openOnsiteStage();
  const { hash, outcome } = await stage.ask();
  await stage.pinDesk.decide(decisionOn(hash, { decision: 'deny' }));
  await outcome;
  const { code } = await rejection(stage.pinDesk.decide(decisionOn(hash, { pin: WRONG })));
  assert.is(code, 'request-decided');
  const unknown = await rejection(stage.pinDesk.decide(decisionOn('A'.repeat(43))));
  assert.is(unknown.code, 'request-unknown');
  assert.equal(await alertsOf(stage), []);
});

deciding.run();

const confirming = suite('PinDesk.confirm()');

confirming('PinDesk.confirm() knows an approver by PIN, and nobody else', async () => {
  await using stage = await openOnsiteStage({ holders: ['carol'] });
  const carol = { approver: 'carol', pin: PINS.carol };
  assert.equal(await stage.pinDesk.confirm(carol), { id: 'carol', name: 'Carol Miller' });
  for (const approver of ['dave', 'alice', 'toString', '']) {
    const { code } = await rejection(stage.pinDesk.confirm({ approver, pin: PINS.carol }));
    assert.is(code, 'not-allowed', approver);
  }
});

confirming.run();

const listing = suite('PinDesk.approvers()');

listing('PinDesk.approvers() names those whose key is here, in the authority’s order', async () => {
  await using stage = await openOnsiteStage({ holders: ['dave', 'carol'] });
  assert.equal(
    stage.pinDesk.approvers().map(({ id }) => id),
    ['carol', 'dave'],
  );
});

listing.run();

const opening = suite('openPinDesk()');

opening('openPinDesk() forgives nothing by a restart', async () => {
  await using stage = await openOnsiteStage();
  const { hash } = await stage.ask();
  for (let i = 0; i < 3; i++) {
    await rejection(stage.pinDesk.decide(decisionOn(hash, { pin: WRONG })));
  }
  const desk = await stage.reopenDesk();
  assert.is((await rejection(desk.decide(decisionOn(hash)))).code, 'pin-locked');
  stage.clock.advance(30_000);
  assert.is((await desk.decide(decisionOn(hash))).request.state, 'granted');
});

opening(
  'openPinDesk() refuses a file that is not ours: a broken one is no clean slate',
  async () => {
    await using stage = await openOnsiteStage();
    await rejection(stage.pinDesk.confirm({ approver: 'carol', pin: WRONG }));
    const text = await readFile(stage.attemptsPath, 'utf8');
    for (const bad of ['', '{}', text.slice(0, -3), text.replace('"wrong":1', '"wrong":-9')]) {
      await writeFile(stage.attemptsPath, bad);
      assert.is((await rejection(stage.reopenDesk())).code, 'folder-unusable', bad);
    }
  },
);

opening.run();

async function refusal(promise: Promise<unknown>): Promise<PinError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PinError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}
