import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  brokenBy,
  brokenCheck,
  brokenIn,
  present,
  verify,
} from '#scripts/testing/evidence-attack.ts';
import { evidenceOf, evidenceSource, trustOf } from '#scripts/testing/evidence-story.ts';
import { refusalOf } from '#scripts/testing/refusal.ts';
import { siteStory } from '#scripts/testing/site-story.ts';
import { readByPolicy, signCommand, startCommand } from '#scripts/testing/story-command.ts';
import { closeSession, openSession, record, say } from '#scripts/testing/story-session.ts';
import { appendStatement, foundSite } from '#scripts/testing/story-site.ts';
import { rosterOf } from '#scripts/testing/story-statements.ts';

import { type Bytes, encodeUtf8 } from './bytes.ts';
import { verifyEvidence } from './evidence.ts';
import { buildEvidence } from './evidence-build.ts';
import { CHECK_NAMES, type CheckName } from './evidence-check.ts';
import { isWithholdable } from './evidence-file.ts';
import type { Trust } from './trust-file.ts';

const story = await siteStory();
const trust = trustOf(story.site);
const whole = await evidenceOf(story.session);

const good = suite('verifyEvidence() on honest evidence');

good(
  'verifyEvidence() verifies the whole story, with every check by name and in order',
  async () => {
    const report = await verify(whole, trust);
    assert.equal(
      report.checks.map(({ name }) => name),
      [...CHECK_NAMES],
    );
    const outcomes = report.checks.map(({ outcome }) => outcome);
    const expected = [...Array<string>(7).fill('passed'), 'not-applicable', 'passed'];
    assert.equal(outcomes, [...expected, 'not-applicable']);
    assert.is(report.verdict, 'verified');
    assert.is(report.firstBroken, null);
    assert.is(report.log, story.site.log.origin);
    assert.equal(report.withheld, { fields: 0, segments: 0, kinds: {} });
    assert.equal(report.summary, {
      entries: 22,
      commands: 2,
      stateCommands: 2,
      approvals: 1,
      openedAt: story.session.opened.leaf.t,
      closedAt: story.closed.leaf.t,
      technician: 'Alice Ash',
      endpoint: story.site.endpoint,
      endpointName: 'frontdesk-1',
      client: 'Miller Dental',
      site: 'Main Street',
      reason: 'The card terminal is offline.',
    });
    assert.is(report.transcript.length, 22);
  },
);

good('verifyEvidence() takes recorded decisions without a judge, and says so', async () => {
  const report = await verifyEvidence(whole, { trust, judge: null });
  assert.is(report.verdict, 'verified');
  assert.ok(report.notProved.some((words) => words.includes('policy was applied rightly')));
});

good('verifyEvidence() says when no witness cosigned', async () => {
  const report = await verify(await evidenceOf(story.session, { isWitnessed: false }), trust);
  assert.is(report.verdict, 'verified');
  assert.is(report.checks[1]?.outcome, 'not-applicable');
  assert.ok(report.notProved.some((words) => words.includes('no witness')));
});

good('verifyEvidence() verifies a session in which nothing was run', async () => {
  assert.is(await brokenIn(() => undefined), 'verified');
});

good('verifyEvidence() verifies an abandoned session and names what it leaves open', async () => {
  const site = await foundSite();
  const session = await openSession(site);
  startCommand(session, await signCommand(session, { command: 'ls /' }));
  record(session, 'session.abandoned', { fields: { reason: 'power cut' } });
  const report = await verify(await evidenceOf(session), trustOf(site));
  assert.is(report.verdict, 'verified');
  assert.ok(report.notProved.some((words) => words.includes('abandoned')));
});

good('verifyEvidence() verifies sessions that ran side by side, each alone', async () => {
  const site = await foundSite();
  const one = await openSession(site);
  const two = await openSession(site, { id: 'c2Vzc2lvbi0wMDAwMDAwMg' });
  await readByPolicy(one, { command: 'ls /' });
  await readByPolicy(two, { command: 'ls /tmp' });
  closeSession(one);
  closeSession(two);
  for (const session of [one, two]) {
    assert.is(await brokenBy(await evidenceOf(session), trustOf(site)), 'verified');
  }
});

good('verifyEvidence() verifies with any withholdable field and any segment withheld', async () => {
  const source = await evidenceSource(story.session);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 97, maxLength: 97 }), async (coins) => {
      let fields = 0;
      let segments = 0;
      let toss = 0;
      const coin = (): boolean => present(coins[(toss += 1) % coins.length]);
      const bytes = buildEvidence({
        ...source,
        withhold: {
          fields: (index, name) => {
            const isHidden = isWithholdable(story.site.log.entry(index).leaf.k, name) && coin();
            if (isHidden) fields += 1;
            return isHidden;
          },
          segments: () => {
            const isHidden = coin();
            if (isHidden) segments += 1;
            return isHidden;
          },
        },
      });
      const report = await verify(bytes, trust);
      assert.is(brokenCheck(report), 'verified');
      assert.is(report.withheld.fields, fields);
      assert.is(report.withheld.segments, segments);
    }),
    { numRuns: 15 },
  );
});

good('verifyEvidence() names the commands that it could not judge again', async () => {
  const { started } = story;
  const bytes = await evidenceOf(story.session, {
    withhold: { fields: (index, name) => index === started.leaf.i && name === 'command' },
  });
  const report = await verify(bytes, trust);
  assert.is(report.verdict, 'verified');
  assert.ok(report.notProved.some((words) => words.includes(`entries ${started.leaf.i}`)));
  assert.equal(report.withheld.kinds, { 'command.started.command': 1 });
});

good.run();

const bytewise = suite('verifyEvidence() byte by byte');

/** A session of three entries, every kind of line in its note, withheld and shown text: a few kilobytes. */
async function smallEvidence(): Promise<{ bytes: Bytes; trusted: Trust }> {
  const site = await foundSite();
  const { alice } = site.people;
  const members = [{ id: alice.id, name: alice.name, key: alice.key, role: 'technician' as const }];
  site.roster = appendStatement(
    site.log,
    'roster.changed',
    await rosterOf(site.people, { over: { version: 2, members } }),
  );
  const session = await openSession(site);
  say(session, 'client', 'Hello\nsecret\n');
  closeSession(session);
  const source = await evidenceSource(session, {
    withhold: { segments: (_index, _field, i) => i === 1, fields: (_, name) => name === 'name' },
  });
  const earlier = source.earlier.filter(({ leaf }) =>
    new TextDecoder().decode(leaf).includes('roster.changed'),
  );
  const trusted = trustOf(site, { isWitnessAsked: true }); // else nobody misses the witness's line
  return { bytes: buildEvidence({ ...source, earlier }), trusted };
}

async function isRefused(bytes: Uint8Array, trusted: Trust): Promise<boolean> {
  const verdicts: string[] = [];
  const refusal = await refusalOf(async () => {
    const report = await verifyEvidence(bytes, { trust: trusted, judge: null });
    verdicts.push(report.verdict);
  });
  return refusal === 'evidence' || (refusal === 'accepted' && verdicts[0] === 'failed');
}

bytewise('verifyEvidence() refuses every change of one byte', async () => {
  const { bytes, trusted } = await smallEvidence();
  assert.not(await isRefused(bytes, trusted), 'the unchanged file');
  for (let i = 0; i < bytes.length; i++) {
    const byte = present(bytes[i]);
    for (const other of new Set([byte ^ (1 << (i % 8)), byte === 0x41 ? 0x42 : 0x41])) {
      const mangled = bytes.slice();
      mangled[i] = other;
      assert.ok(await isRefused(mangled, trusted), `byte ${i}: ${byte} as ${other}`);
    }
  }
});

bytewise('verifyEvidence() refuses every truncation, and bytes at either end', async () => {
  const { bytes, trusted } = await smallEvidence();
  for (let end = 0; end < bytes.length; end++) {
    assert.ok(await isRefused(bytes.subarray(0, end), trusted), `${end} bytes`);
  }
  for (const extra of [' ', '\n', '{}', '\ufeff']) {
    assert.ok(await isRefused(new Uint8Array([...bytes, ...encodeUtf8(extra)]), trusted));
    assert.ok(await isRefused(new Uint8Array([...encodeUtf8(extra), ...bytes]), trusted));
  }
});

bytewise('verifyEvidence() says of the story what is unusable and what has failed', async () => {
  assert.is(await refusalOf(() => verify(encodeUtf8('{}'), trust)), 'evidence');
  assert.is(await refusalOf(() => verify(whole.subarray(1), trust)), 'evidence');
  assert.is(await refusalOf(() => verify(encodeUtf8(JSON.stringify(0)), trust)), 'evidence');
  const spaced = JSON.stringify(JSON.parse(new TextDecoder().decode(whole)), null, 1);
  assert.is(await refusalOf(() => verify(encodeUtf8(spaced), trust)), 'evidence');
});

bytewise.run();

const failed = suite('verifyEvidence() on what failed');

failed(
  'verifyEvidence() calls what depends on a failure not checked, and proves nothing',
  async () => {
    const text = new TextDecoder()
      .decode(whole)
      .replace('127.0.0.1 localhost', '127.0.0.1 elsewhere');
    const report = await verify(encodeUtf8(text), trust);
    assert.is(report.verdict, 'failed');
    assert.equal(
      report.checks.map(({ name, outcome }) => `${name} ${outcome}`),
      [
        'log-signature passed',
        'witness-cosignatures passed',
        'range-inclusion passed',
        'session-complete not-checked',
        'values-bound failed',
        'commands-authorised not-checked',
        'approvals-signed not-checked',
        'attestation not-checked',
        'withheld not-checked',
        'not-proved not-applicable',
      ],
    );
    assert.is(report.firstBroken, report.checks[4]?.index);
    assert.match(report.checks[5]?.detail ?? '', 'values-bound');
    assert.is(report.notProved.length, 1);
    assert.match(report.notProved[0] ?? '', /^Anything/);
  },
);

failed.run();

const unproved = suite('EvidenceReport.notProved');

unproved('says that neither endpoints nor the authors of words sign them', async () => {
  const { notProved } = await verify(whole, trust);
  assert.ok(notProved.some((words) => words.includes('the endpoint does not sign outputs')));
  assert.ok(notProved.some((words) => words.includes('chat and comments')));
});

unproved('says of the commands what was done about them, and no more', async () => {
  const detailOf = async (bytes: Uint8Array, judge = true): Promise<string> => {
    const { checks } = judge
      ? await verify(bytes, trust)
      : await verifyEvidence(bytes, { trust, judge: null });
    return checks.find(({ name }) => name === 'commands-authorised')?.detail ?? '';
  };
  const all = 'Session of Alice Ash; commands signed and allowed: 4; ';
  assert.is(await detailOf(whole), `${all}judged again by the policy: 4`);
  assert.is(await detailOf(whole, false), `${all}taken by the decision on record: 4`);
  const { started } = story;
  const withheld = await evidenceOf(story.session, {
    withhold: { fields: (index, name) => index === started.leaf.i && name === 'command' },
  });
  const both = 'judged again by the policy: 3; taken by the decision on record: 1';
  assert.is(await detailOf(withheld), `${all}${both}`);
  const site = await foundSite();
  const session = await openSession(site);
  closeSession(session);
  const { checks } = await verify(await evidenceOf(session), trustOf(site));
  assert.match(checks[5]?.detail ?? '', /; no command was run$/);
});

unproved(
  'says that what the log holds before the opening and nothing cites is not seen',
  async () => {
    const site = await foundSite();
    const members = [
      { id: 'bob', name: 'Bob Birch', key: site.people.bob.key, role: 'owner' as const },
    ];
    const later = await rosterOf(site.people, { over: { version: 2, members } });
    appendStatement(site.log, 'roster.changed', later); // dismisses Alice
    const session = await openSession(site);
    closeSession(session);
    const { verdict, notProved } = await verify(await evidenceOf(session), trustOf(site));
    assert.is(verdict, 'verified');
    assert.ok(
      notProved.some((words) => /before the opening and is not cited is not seen/.test(words)),
    );
  },
);

unproved.run();

const names = suite('CHECK_NAMES');

names('CHECK_NAMES are the ten checks that every failed report has as well', async () => {
  const report = await verify(whole, { ...trust, sites: [] });
  assert.equal(
    report.checks.map(({ name }) => name),
    [...CHECK_NAMES] satisfies CheckName[],
  );
  assert.ok(report.checks.every(({ detail }) => detail.length > 0));
});

names.run();
