import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  justAfter,
  type MadeOrder,
  makeOrder,
  type OrderAttack,
} from '#scripts/testing/order-story.ts';
import { refusalOf } from '#scripts/testing/refusal.ts';
import type { MemoryEntry } from '#scripts/testing/memory-log.ts';
import { createPerson } from '#scripts/testing/story-people.ts';
import { STORY_RULES, storyJudge } from '#scripts/testing/story-policy.ts';
import { foundSite, statementOf } from '#scripts/testing/story-site.ts';

import {
  checkAuthorised,
  checkSignedFields,
  mayApprove,
  type ProvedEntry,
} from './authorisation.ts';
import { digestOf, parseDisclosure } from './disclosure.ts';
import type { AskTerms, Judge, PolicyRules } from './policy.ts';

function proved({ leaf, name, disclosures }: MemoryEntry): ProvedEntry {
  return { leaf, hash: name, disclosures };
}

/** Authorises what a story made, with or without a judge. */
function authorise(
  { site, session, request, grant, started }: MadeOrder,
  { judge = storyJudge, hidden = [] }: { judge?: Judge | null; hidden?: readonly string[] } = {},
) {
  const shown = proved(started);
  const disclosures = shown.disclosures.filter(
    (text) => !hidden.includes(parseDisclosure(text).name),
  );
  const claim = {
    started: { ...shown, disclosures },
    session: session.statement,
    roster: statementOf(site.roster),
    authority: statementOf(site.authority),
    policy: statementOf(site.policy),
    request: proved(request),
    grants: [proved(grant)],
  };
  const trust = {
    log: site.log.origin,
    mspRoot: site.people.root.key,
    authorityKey: site.people.authority.key,
    seen: { roster: null, authority: null, policy: null },
    judgement: judge === null ? null : { judge, labels: ['frontdesk'] },
  };
  return checkAuthorised(claim, trust, justAfter(started));
}

async function refusal(
  attack: OrderAttack,
  how: Parameters<typeof authorise>[1] = {},
): Promise<string> {
  const made = await makeOrder(attack);
  return refusalOf(() => authorise(made, how));
}

const check = suite('checkAuthorised()');

check('checkAuthorised() takes the recorded decision where the command is withheld', async () => {
  const made = await makeOrder();
  const open = await authorise(made);
  assert.is(open.judged, true);
  assert.equal(open.seen.policy.version, 1);
  const hidden = await authorise(made, { hidden: ['command', 'cwd', 'env'] });
  assert.is(hidden.judged, false);
  assert.equal(hidden.approvedBy, ['carol']);
  assert.is((await authorise(made, { judge: null })).judged, false);
});

check('checkAuthorised() needs statement, purpose and, without a judge, the decision', async () => {
  assert.is(await refusal({}, { hidden: ['statement'] }), 'binding');
  assert.is(await refusal({}, { hidden: ['purpose'] }), 'binding');
  assert.is(await refusal({}, { hidden: ['decision'], judge: null }), 'not-authorised');
});

check('checkAuthorised() holds a recorded decision against the signed rules', async () => {
  const decision = (effect: 'allow' | 'ask' | 'deny', rule: string | null): OrderAttack => ({
    start: { decision: { effect, rule, access: 'changing', why: 'It says so.' } },
  });
  const judge = null;
  assert.is(await refusal(decision('ask', null), { judge }), 'accepted');
  assert.is(await refusal(decision('allow', null), { judge }), 'not-authorised');
  assert.is(await refusal(decision('allow', 'no-wiping'), { judge }), 'not-authorised');
  assert.is(await refusal(decision('ask', 'unheard-of'), { judge }), 'not-authorised');
  assert.is(await refusal(decision('deny', 'no-wiping'), { judge }), 'not-authorised');
});

check('checkAuthorised() hears only the approvers that policy names, and its ladder', async () => {
  const ask = (terms: Partial<AskTerms>): OrderAttack => {
    const rules: PolicyRules = { ...STORY_RULES, ask: { ...STORY_RULES.ask, ...terms } };
    return { rules };
  };
  const ladder = [{ after_s: 60, approvers: ['carol'] }];
  assert.is(await refusal(ask({ approvers: ['carol'] })), 'accepted');
  assert.is(await refusal(ask({ approvers: ['dave'] })), 'not-authorised');
  assert.is(await refusal(ask({ approvers: ['dave'], ladder })), 'accepted');
});

check(
  'checkAuthorised() refuses a request or grant of another session of the same people',
  async () => {
    const site = await foundSite();
    const first = await makeOrder({ site });
    const second = await makeOrder({ site, open: { id: 'c2Vzc2lvbi0wMDAwMDAwMg' } });
    const mixed = (over: Partial<MadeOrder>) => refusalOf(() => authorise({ ...second, ...over }));
    assert.is(await mixed({}), 'accepted');
    assert.is(await mixed({ request: first.request }), 'binding');
    assert.is(await mixed({ grant: first.grant }), 'binding');
    assert.is(await mixed({ session: first.session }), 'wrong-session');
    assert.is(await mixed({ started: first.started }), 'wrong-session');
  },
);

check('checkAuthorised() refuses a grant by a key that only looks like the approver', async () => {
  const twin = await createPerson('carol-twin', 'Carol Miller');
  assert.is(await refusal({ decide: { by: { ...twin, id: 'carol' } } }), 'not-authorised');
});

check(
  'checkAuthorised() refuses a grant that cites another request, and what comes too late',
  async () => {
    const made = await makeOrder();
    const moved = (name: 'request' | 'grant', over: Partial<MemoryEntry['leaf']>) => {
      const entry = { ...made[name], leaf: { ...made[name].leaf, ...over } };
      return refusalOf(() => authorise({ ...made, [name]: entry }));
    };
    assert.is(await moved('grant', { ref: { request: 'A'.repeat(43) } }), 'wrong-command');
    assert.is(await moved('grant', { i: made.started.leaf.i + 1 }), 'binding');
    assert.is(await moved('grant', { i: made.request.leaf.i }), 'binding');
    assert.is(await moved('request', { i: made.started.leaf.i + 1 }), 'binding');
  },
);

check.run();

const fields = suite('checkSignedFields()');

fields(
  'checkSignedFields() refuses digests that are not in the leaf, or under another name',
  async () => {
    const { started } = await makeOrder();
    const digests = Object.fromEntries(
      started.disclosures.map((text) => [parseDisclosure(text).name, digestOf(text)]),
    );
    const of = (signed: Record<string, string>, disclosures = started.disclosures) =>
      refusalOf(() => {
        checkSignedFields(signed, { leaf: started.leaf, disclosures });
      });
    assert.is(await of(digests), 'accepted');
    assert.is(await of(digests, []), 'accepted'); // withheld, and still in the leaf
    assert.is(await of({ command: 'A'.repeat(43) }), 'wrong-command');
    const swapped = { command: digests.shell ?? '', shell: digests.command ?? '' };
    assert.is(await of(swapped), 'wrong-command');
  },
);

fields.run();

const may = suite('mayApprove()');

may('mayApprove() lets anybody, those named, and those of the ladder', () => {
  const terms = { approvals: 1, expires_s: 60 };
  const ladder = [{ after_s: 60, approvers: ['dave'] }];
  assert.ok(mayApprove(terms, 'anybody'));
  assert.ok(mayApprove({ ...terms, approvers: ['carol'] }, 'carol'));
  assert.not(mayApprove({ ...terms, approvers: ['carol'] }, 'dave'));
  assert.ok(mayApprove({ ...terms, approvers: ['carol'], ladder }, 'dave'));
});

may.run();
