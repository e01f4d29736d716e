import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { brokenIn } from '#scripts/testing/evidence-attack.ts';
import { siteStory } from '#scripts/testing/site-story.ts';
import { askFor, decide } from '#scripts/testing/story-approval.ts';
import {
  captureState,
  finishCommand,
  signCommand,
  startCommand,
} from '#scripts/testing/story-command.ts';
import { STORY_RULES } from '#scripts/testing/story-policy.ts';
import { record, type Session } from '#scripts/testing/story-session.ts';
import { foundSite } from '#scripts/testing/story-site.ts';

const story = await siteStory();

const approvals = suite('verifyEvidence() on approvals');

/** A change that is asked, decided and run, of which one step is an attack. */
async function asked(
  attack: {
    decide?: Partial<Parameters<typeof decide>[2]>;
    isDecided?: boolean;
    isStartedFirst?: boolean;
    between?: (session: Session, request: ReturnType<typeof askFor>) => unknown;
    others?: boolean;
  } = {},
): Promise<string> {
  return brokenIn(async (session) => {
    const state = await captureState(session, { phase: 'before', command: 'ls /', text: 'x\n' });
    const command = await signCommand(session, { command: 'nft flush ruleset' });
    const request = askFor(session, command, { state });
    await attack.between?.(session, request);
    const grants: ReturnType<typeof askFor>[] = [];
    if (attack.isDecided !== false && attack.isStartedFirst !== true) {
      grants.push(await decide(session, request, { command, ...attack.decide }));
    }
    const runs =
      attack.others === true ? await signCommand(session, { command: 'rm -rf /' }) : command;
    const started = startCommand(session, runs, { request, grants });
    if (attack.isStartedFirst === true) await decide(session, request, { command });
    finishCommand(session, started);
  });
}

approvals('verifyEvidence() verifies a change that was asked and granted', async () => {
  assert.is(await asked(), 'verified');
});

approvals(
  'verifyEvidence() refuses a change that was not granted, or granted after it began',
  async () => {
    assert.is(await asked({ isDecided: false }), 'commands-authorised');
    assert.is(await asked({ isStartedFirst: true }), 'commands-authorised');
    assert.is(await asked({ decide: { decision: 'deny' } }), 'session-complete'); // cites a denial as approval
    assert.is(
      await asked({ decide: { decision: 'deny', kind: 'approval.granted' } }),
      'commands-authorised',
    );
  },
);

approvals('verifyEvidence() refuses a grant by anybody but an approver', async () => {
  const { mallory, alice } = story.site.people;
  assert.is(await asked({ decide: { by: mallory } }), 'commands-authorised');
  assert.is(await asked({ decide: { by: alice } }), 'commands-authorised');
  assert.is(await asked({ decide: { signer: mallory.signer } }), 'commands-authorised');
});

approvals('verifyEvidence() refuses a grant of something else', async () => {
  const other = 'A'.repeat(43);
  for (const over of [
    { request: other },
    { order: other },
    { command: other },
    { state: other },
    { state: null },
    { session: 'c2Vzc2lvbi0wMDAwMDAwMg' },
    { endpoint: 'ZW5kcG9pbnQtMDAwMDAwMg' },
    { log: 'elsewhere' },
    { expires: '2026-11-20T00:00:00.000Z' },
  ]) {
    assert.is(await asked({ decide: { over } }), 'commands-authorised', JSON.stringify(over));
  }
  assert.is(await asked({ others: true }), 'commands-authorised');
});

approvals(
  'verifyEvidence() refuses a start after the request was denied, expired or withdrawn',
  async () => {
    const between = {
      denied: async (session: Session, request: ReturnType<typeof askFor>) => {
        const command = await signCommand(session, { command: 'nft flush ruleset' });
        await decide(session, request, { command, decision: 'deny' });
      },
      expired: (session: Session, request: ReturnType<typeof askFor>) =>
        record(session, 'approval.expired', {
          fields: { after_s: 60 },
          ref: { request: request.name },
        }),
      withdrawn: (session: Session, request: ReturnType<typeof askFor>) =>
        record(session, 'approval.withdrawn', {
          fields: { by: 'Alice Ash', reason: null },
          ref: { request: request.name },
        }),
    };
    for (const [name, step] of Object.entries(between)) {
      assert.is(await asked({ between: step }), 'approvals-signed', name);
    }
  },
);

approvals(
  'verifyEvidence() refuses a decision that is not signed, even one that nothing leans on',
  async () => {
    const deny = (over: Partial<Parameters<typeof decide>[2]>): Promise<string> =>
      brokenIn(async (session) => {
        const command = await signCommand(session, { command: 'nft flush ruleset' });
        const request = askFor(session, command);
        await decide(session, request, { command, decision: 'deny', ...over });
      });
    const { mallory, carol } = story.site.people;
    assert.is(await deny({}), 'verified');
    assert.is(await deny({ by: mallory }), 'approvals-signed');
    assert.is(await deny({ signer: mallory.signer }), 'approvals-signed');
    const over = { expires: '2026-11-20T00:00:00.000Z' };
    assert.is(await deny({ over }), 'approvals-signed');
    assert.is(await deny({ by: { ...carol, name: 'Dave Miller' } }), 'approvals-signed');
    assert.is(await deny({ decision: 'approve', kind: 'approval.denied' }), 'approvals-signed');
  },
);

approvals(
  'verifyEvidence() refuses a request that shows another command than was signed',
  async () => {
    const broken = await brokenIn(async (session) => {
      const shown = await signCommand(session, { command: 'ls /' });
      const signed = await signCommand(session, { command: 'rm -rf /' });
      askFor(session, { ...shown, statement: signed.statement, order: signed.order });
    });
    assert.is(broken, 'approvals-signed');
  },
);

approvals('verifyEvidence() asks for as many approvers as policy does', async () => {
  const rules = { ...STORY_RULES, ask: { approvals: 2, expires_s: 1800 } };
  const run = async (approvers: ('carol' | 'dave')[]): Promise<string> => {
    const site = await foundSite({ rules });
    return brokenIn(
      async (session) => {
        const command = await signCommand(session, { command: 'nft flush ruleset' });
        const request = askFor(session, command);
        const grants: ReturnType<typeof askFor>[] = [];
        for (const name of approvers) {
          grants.push(await decide(session, request, { command, by: site.people[name] }));
        }
        finishCommand(session, startCommand(session, command, { request, grants }));
      },
      { site },
    );
  };
  assert.is(await run(['carol', 'dave']), 'verified');
  assert.is(await run(['carol', 'carol']), 'commands-authorised');
  assert.is(await run(['carol']), 'commands-authorised');
});

approvals('verifyEvidence() refuses a start whose request showed another command', async () => {
  const broken = await brokenIn(async (session) => {
    const shown = await signCommand(session, { command: 'ls /' });
    const signed = await signCommand(session, { command: 'rm -rf /' });
    const { statement, order } = signed;
    const request = askFor(session, { ...shown, statement, order });
    const grant = await decide(session, request, { command: signed });
    finishCommand(session, startCommand(session, signed, { request, grants: [grant] }));
  });
  assert.is(broken, 'commands-authorised');
});

approvals('verifyEvidence() refuses a request by another key than the session named', async () => {
  const { mallory } = story.site.people;
  const broken = await brokenIn(async (session) => {
    const over = { by: mallory.key };
    askFor(session, await signCommand(session, { command: 'ls', signer: mallory.signer, over }));
  });
  assert.is(broken, 'approvals-signed');
});

approvals.run();
