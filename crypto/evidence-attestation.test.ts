import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { brokenBy } from '#scripts/testing/evidence-attack.ts';
import {
  attest,
  evidenceOf,
  type evidenceSource,
  trustOf,
} from '#scripts/testing/evidence-story.ts';
import { appendStatement, createPerson, rosterOf, siteStory } from '#scripts/testing/site-story.ts';

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

attestation.run();
