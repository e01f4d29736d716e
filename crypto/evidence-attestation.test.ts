import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { brokenBy, verify } from '#scripts/testing/evidence-attack.ts';
import { attest, evidenceOf, evidenceSource, trustOf } from '#scripts/testing/evidence-story.ts';
import { siteStory } from '#scripts/testing/site-story.ts';
import { askFor } from '#scripts/testing/story-approval.ts';
import { signCommand } from '#scripts/testing/story-command.ts';
import { createPerson } from '#scripts/testing/story-people.ts';
import { closeSession, openSession, record, type Session } from '#scripts/testing/story-session.ts';
import { appendStatement, foundSite } from '#scripts/testing/story-site.ts';
import { rosterOf } from '#scripts/testing/story-statements.ts';

import { encodeUtf8 } from './bytes.ts';
import { buildEvidence } from './evidence-build.ts';
import { parseLeaf } from './leaf.ts';

const story = await siteStory();

const attestation = suite('verifyEvidence() on attestations');

async function attested(
  options: Parameters<typeof attest>[1] = {},
  shown: Parameters<typeof evidenceSource>[1] = {},
): Promise<string> {
  const { site, session } = await siteStory();
  const entry = await attest(session, options);
  const bytes = await evidenceOf(session, { ...shown, attestation: entry });
  return brokenBy(bytes, trustOf(site));
}

attestation('verifyEvidence() verifies the word of somebody who took no part', async () => {
  const { people } = story.site;
  assert.is(await attested(), 'verified');
  assert.is(await attested({ by: people.bob }), 'verified');
  const withhold = { segments: () => true };
  assert.is(await attested({ withhold }, { withhold }), 'verified');
});

attestation(
  'verifyEvidence() refuses a reviewer who took part, or whom nobody appointed',
  async () => {
    const { people } = story.site;
    assert.is(await attested({ by: people.alice }), 'attestation');
    assert.is(await attested({ by: people.carol }), 'attestation');
    assert.is(await attested({ by: people.laptop }), 'attestation');
    assert.is(await attested({ by: people.mallory }), 'attestation');
    assert.is(await attested({ signer: people.mallory.signer }), 'attestation');
  },
);

attestation(
  "verifyEvidence() knows a technician by a second key, and an approver in the MSP's roster",
  async () => {
    const second = await createPerson('alice-second', 'Alice Ash');
    const { carol } = story.site.people;
    for (const [by, member] of [
      [second, { id: 'alice', name: 'Alice Ash', key: second.key, role: 'reviewer' as const }],
      [carol, { id: 'carol', name: carol.name, key: carol.key, role: 'reviewer' as const }],
    ] as const) {
      const { site, session } = await siteStory();
      const members = [member];
      const roster = await rosterOf(site.people, { over: { version: 2, members } });
      site.roster = appendStatement(site.log, 'roster.changed', roster);
      const entry = await attest(session, { by });
      const bytes = await evidenceOf(session, { attestation: entry });
      assert.is(await brokenBy(bytes, trustOf(site)), 'attestation');
    }
  },
);

attestation('verifyEvidence() refuses an attestation of another snapshot or session', async () => {
  const withhold = { segments: () => true };
  assert.is(await attested({ withhold }), 'attestation');
  assert.is(await attested({}, { withhold }), 'attestation');
  assert.is(await attested({ over: { snapshot: 'A'.repeat(43) } }), 'attestation');
  assert.is(await attested({ field: 'A'.repeat(43) }), 'attestation');
  assert.is(await attested({ over: { session: 'c2Vzc2lvbi0wMDAwMDAwMg' } }), 'attestation');
  assert.is(await attested({ over: { log: 'elsewhere' } }), 'attestation');
  assert.is(await attested({ cites: story.session.opened }), 'attestation');
});

attestation(
  'verifyEvidence() refuses a reviewer whose name is on record in the session',
  async () => {
    const name = 'Bob Birch';
    const acts: Readonly<Record<string, (session: Session) => unknown>> = {
      chat: (session) =>
        record(session, 'chat.said', {
          fields: { from: 'technician', name, text: { bytes: encodeUtf8('run it\n') } },
        }),
      withdrawal: async (session) => {
        const command = await signCommand(session, { command: 'rm -rf /srv' });
        const ref = { request: askFor(session, command).name };
        record(session, 'approval.withdrawn', { fields: { by: name, reason: null }, ref });
      },
    };
    for (const [what, act] of Object.entries(acts)) {
      const site = await foundSite();
      const session = await openSession(site);
      await act(session);
      closeSession(session);
      for (const [by, broken] of [
        [site.people.bob, 'attestation'],
        [site.people.rita, 'verified'],
      ] as const) {
        const bytes = await evidenceOf(session, { attestation: await attest(session, { by }) });
        assert.is(await brokenBy(bytes, trustOf(site)), broken, `${what}, ${by.name}`);
      }
    }
  },
);

attestation(
  'verifyEvidence() refuses a reviewer who closed the session, also renamed since',
  async () => {
    const site = await foundSite();
    const session = await openSession(site);
    const fields = { by: 'Bob Birch', reason: 'technician', note: null, ticket: null } as const;
    const closed = record(session, 'session.closed', { fields });
    const by = { ...site.people.bob, name: 'Robert Birch' };
    const member = { id: by.id, name: by.name, key: by.key, role: 'owner' as const };
    const roster = await rosterOf(site.people, { over: { version: 2, members: [member] } });
    site.roster = appendStatement(site.log, 'roster.changed', roster);
    const bytes = await evidenceOf(session, { attestation: await attest(session, { by }) });
    assert.is(await brokenBy(bytes, trustOf(site)), 'attestation');
    const withhold = {
      fields: (index: number, name: string) => index === closed.leaf.i && name === 'by',
    };
    const entry = await attest(session, { by, withhold });
    const hidden = await verify(
      await evidenceOf(session, { attestation: entry, withhold }),
      trustOf(site),
    );
    const check = hidden.checks.find(({ name }) => name === 'attestation');
    assert.is(check?.outcome, 'passed');
    assert.match(check?.detail ?? '', /names withheld: 1/);
  },
);

attestation('verifyEvidence() refuses an attestation of other labels than are shown', async () => {
  const { site, session } = await siteStory();
  const entry = await attest(session);
  const source = await evidenceSource(session, { attestation: entry });
  const earlier = source.earlier.map((part) =>
    parseLeaf(part.leaf).k === 'site.claimed'
      ? { ...part, disclosures: part.disclosures.slice(3) }
      : part,
  );
  const bytes = buildEvidence({ ...source, earlier });
  assert.is(await brokenBy(bytes, trustOf(site)), 'attestation');
});

attestation.run();
