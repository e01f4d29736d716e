import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { brokenBy, brokenCheck, brokenIn } from '#scripts/testing/evidence-attack.ts';
import {
  evidenceOf,
  evidenceSource,
  provedSource,
  trustOf,
} from '#scripts/testing/evidence-story.ts';
import { siteStory } from '#scripts/testing/site-story.ts';
import {
  decisionOn,
  finishCommand,
  readByPolicy,
  signCommand,
  startCommand,
} from '#scripts/testing/story-command.ts';
import { STORY_RULES } from '#scripts/testing/story-policy.ts';
import { closeSession, openSession, type Session } from '#scripts/testing/story-session.ts';
import { appendStatement, foundSite, type Site } from '#scripts/testing/story-site.ts';
import { authorityOf, policyOf, rosterOf } from '#scripts/testing/story-statements.ts';
import type { MemoryEntry } from '#scripts/testing/memory-log.ts';

import { sealEntry } from './entry.ts';
import { verifyEvidence } from './evidence.ts';
import { buildEvidence } from './evidence-build.ts';
import { parseEvidenceFile } from './evidence-file.ts';
import { createId } from './id.ts';
import { encodeJcs } from './json.ts';
import { parseLeaf } from './leaf.ts';

const story = await siteStory();
const trust = trustOf(story.site);
const whole = await evidenceOf(story.session);

const commands = suite('verifyEvidence() on commands');

commands('verifyEvidence() refuses a session that its technician did not open', async () => {
  const people = (await foundSite()).people;
  const open: readonly (readonly [string, Parameters<typeof openSession>[1]])[] = [
    ['nobody of the roster', { technician: people.mallory }],
    ['a reviewer', { technician: people.rita }],
    ['another signer', { signer: people.mallory.signer }],
    ['another session', { over: { session: 'c2Vzc2lvbi0wMDAwMDAwMg' } }],
    ['another endpoint', { over: { endpoint: 'ZW5kcG9pbnQtMDAwMDAwMg' } }],
    ['another log', { over: { log: 'elsewhere' } }],
    ['another reason', { over: { digests: { reason: 'A'.repeat(43), ticket: 'A'.repeat(43) } } }],
    ['expired', { over: { expires: '2026-11-20T00:00:00.000Z' } }],
    ["another's name", { technician: { ...people.alice, name: 'Bob Birch' } }],
  ];
  for (const [name, options] of open) {
    const broken = await brokenIn(() => undefined, { ...(options && { open: options }) });
    assert.is(broken, 'commands-authorised', name);
  }
});

commands(
  'verifyEvidence() refuses a command that the session key did not sign as it stands',
  async () => {
    const attack = (
      over: Parameters<typeof signCommand>[1],
      started: Parameters<typeof startCommand>[2] = {},
    ): Promise<string> =>
      brokenIn(async (session) => {
        const command = await signCommand(session, over);
        finishCommand(session, startCommand(session, command, started));
      });
    const { mallory } = story.site.people;
    const command = 'ls /';
    const digests = story.change.disclosed;
    const other = Object.fromEntries(Object.entries(digests).map(([n, d]) => [n, d.digest]));
    assert.is(await attack({ command }), 'verified');
    assert.is(await attack({ command, signer: mallory.signer }), 'commands-authorised');
    assert.is(
      await attack({ command, over: { by: mallory.key }, signer: mallory.signer }),
      'commands-authorised',
    );
    assert.is(
      await attack({ command, over: { session: 'c2Vzc2lvbi0wMDAwMDAwMg' } }),
      'commands-authorised',
    );
    assert.is(await attack({ command, over: { digests: other as never } }), 'commands-authorised');
    assert.is(await attack({ command }, { purpose: 'state-after' }), 'commands-authorised');
    assert.is(
      await attack({ command, over: { expires: '2026-11-20T00:00:00.000Z' } }),
      'commands-authorised',
    );
  },
);

commands('verifyEvidence() refuses one signed command run twice', async () => {
  const broken = await brokenIn(async (session) => {
    const command = await signCommand(session, { command: 'ls /' });
    finishCommand(session, startCommand(session, command));
    finishCommand(session, startCommand(session, command));
  });
  assert.is(broken, 'commands-authorised');
});

commands('verifyEvidence() judges again: what policy denies or asks was not allowed', async () => {
  const claim = async (session: Session, text: string): Promise<void> => {
    const command = await signCommand(session, { command: text });
    const decision = {
      effect: 'allow',
      access: 'read-only',
      rule: 'reading',
      why: 'Reads.',
    } as const;
    finishCommand(session, startCommand(session, command, { decision }));
  };
  for (const text of ['mkfs /dev/sda', 'rm -rf /srv']) {
    assert.is(await brokenIn((session) => claim(session, text)), 'commands-authorised');
    // Without a judge the record is taken at its word, and the report says so.
    const site = await foundSite();
    const session = await openSession(site);
    await claim(session, text);
    closeSession(session);
    const options = { trust: trustOf(site), judge: null };
    const report = await verifyEvidence(await evidenceOf(session), options);
    assert.is(report.verdict, 'verified');
    assert.ok(report.notProved.some((words) => words.includes('policy was applied')));
  }
});

commands(
  'verifyEvidence() refuses a recorded decision that the signed policy does not bear out',
  async () => {
    for (const rule of ['no-wiping', 'unheard-of', null]) {
      const site = await foundSite();
      const session = await openSession(site);
      const command = await signCommand(session, { command: 'rm -rf /srv' });
      const decision = { ...decisionOn(command), effect: 'allow', rule } as const;
      finishCommand(session, startCommand(session, command, { decision }));
      closeSession(session);
      const options = { trust: trustOf(site), judge: null };
      const report = await verifyEvidence(await evidenceOf(session), options);
      assert.is(brokenCheck(report), 'commands-authorised', String(rule));
    }
  },
);

commands('verifyEvidence() holds to the roster, authority and policy in force', async () => {
  const act = async (session: Session): Promise<void> => {
    await readByPolicy(session, { command: 'ls /' });
  };
  const replaced = async (replace: (site: Site) => unknown, isCited: boolean): Promise<string> =>
    brokenIn(async (session, site) => {
      await act(session);
      const before = { roster: site.roster, authority: site.authority, policy: site.policy };
      await replace(site);
      if (!isCited) Object.assign(site, before);
      await act(session);
    });
  const dismiss = async (site: Site): Promise<void> => {
    const statement = await rosterOf(site.people, { over: { version: 2, members: [] } });
    site.roster = appendStatement(site.log, 'roster.changed', statement);
  };
  const rerule = async (
    site: Site,
    over: { version: number },
    signer = site.people.authority,
  ): Promise<void> => {
    const made = await policyOf(site.people, {
      origin: site.log.origin,
      over: { ...over, by: signer.key },
      signer: signer.signer,
    });
    site.policy = appendStatement(site.log, 'policy.changed', made, {
      authority: site.authority.name,
    });
  };
  assert.is(await replaced((site) => rerule(site, { version: 2 }), true), 'verified');
  assert.is(await replaced((site) => rerule(site, { version: 2 }), false), 'commands-authorised');
  assert.is(
    await replaced((site) => rerule(site, { version: 2 }, site.people.root), true),
    'commands-authorised',
  );
  assert.is(await replaced(dismiss, true), 'commands-authorised');
  assert.is(await replaced(dismiss, false), 'commands-authorised');
  const older = await brokenIn(async (session, site) => {
    for (const version of [3, 2]) {
      await rerule(site, { version });
      await act(session);
    }
  });
  assert.is(older, 'commands-authorised');
  const fork = async (site: Site): Promise<void> => {
    const over = { version: 1, contacts: [] };
    const made = await authorityOf(site.people, site.log.origin, { over });
    site.authority = appendStatement(site.log, 'authority.changed', made);
  };
  assert.is(await replaced(fork, true), 'commands-authorised');
});

commands(
  'verifyEvidence() refuses earlier entries that nothing leans on, and misses those it needs',
  async () => {
    const source = await evidenceSource(story.session);
    const { log: memory } = story.site;
    const add = (index: number) => {
      const { leafBytes, disclosures } = memory.entry(index);
      return { leaf: leafBytes, proof: memory.proveInclusion(index), disclosures };
    };
    const withEarlier = (earlier: typeof source.earlier) =>
      brokenBy(buildEvidence({ ...source, earlier }), trust);
    assert.is(await withEarlier([add(0), ...source.earlier]), 'commands-authorised');
    assert.is(
      await withEarlier([...source.earlier, ...source.earlier.slice(0, 1)]),
      'commands-authorised',
    );
    for (const [i, { leaf }] of source.earlier.entries()) {
      const isOptional = new TextDecoder().decode(leaf).includes('site.claimed');
      const earlier = source.earlier.filter((_, at) => at !== i);
      assert.is(await withEarlier(earlier), isOptional ? 'verified' : 'commands-authorised');
    }
    const reversed = parseEvidenceFile(whole);
    assert.is(
      await brokenBy(encodeJcs({ ...reversed, earlier: reversed.earlier.toReversed() }), trust),
      'commands-authorised',
    );
  },
);

commands(
  'verifyEvidence() refuses a site that was claimed for other keys, or claimed twice',
  async () => {
    const claimed = async (over: { msp_root?: string; authority_key?: string }, isBoth = false) => {
      const site = await foundSite();
      const { root, authority } = site.people;
      const again = site.log.append({
        sealed: sealEntry('site.claimed', {
          client: 'Miller Dental',
          site: 'Main Street',
          msp: 'Brightwater IT',
          msp_root: root.key,
          authority_key: authority.key,
          ...over,
        }),
      });
      const session = await openSession({ ...site, claimed: again });
      closeSession(session);
      const source = await evidenceSource(session);
      const first = provedSource(site.log, site.claimed);
      const earlier = isBoth ? [...source.earlier, first] : source.earlier;
      return brokenBy(buildEvidence({ ...source, earlier }), trustOf(site));
    };
    const { mallory } = story.site.people;
    assert.is(await claimed({}), 'verified');
    assert.is(await claimed({}, true), 'commands-authorised');
    assert.is(await claimed({ msp_root: mallory.key }), 'commands-authorised');
    assert.is(await claimed({ authority_key: mallory.key }), 'commands-authorised');
  },
);

commands(
  'verifyEvidence() judges by the labels of the enrolment that the opening cites',
  async () => {
    const rules = {
      ...STORY_RULES,
      rules: [
        { id: 'no-server', effect: 'deny' as const, labels: ['server'] },
        ...STORY_RULES.rules,
      ],
    };
    const site = await foundSite({ rules });
    const enrol = (labels: string[], endpoint = site.endpoint): MemoryEntry =>
      site.log.append({
        sealed: sealEntry('endpoint.enrolled', {
          ...{ name: 'frontdesk-1', key: site.people.laptop.key, labels },
          ...{ os: 'linux', version: '6.8', token: 'token-2', by: 'Bob Birch' },
        }),
        endpoint,
      });
    const server = enrol(['server']);
    const elsewhere = enrol([], 'ZW5kcG9pbnQtMDAwMDAwMg');
    const brokenUnder = async (
      cited: MemoryEntry,
      shown: readonly MemoryEntry[],
    ): Promise<string> => {
      const session = await openSession(site, { id: createId(), ref: { enrolment: cited.name } });
      await readByPolicy(session, { command: 'cat /etc/hosts' });
      closeSession(session);
      const source = await evidenceSource(session);
      const others = source.earlier.filter(({ leaf }) => parseLeaf(leaf).k !== 'endpoint.enrolled');
      const earlier = [...others, ...shown.map((entry) => provedSource(site.log, entry))];
      return brokenBy(buildEvidence({ ...source, earlier }), trustOf(site));
    };
    assert.is(await brokenUnder(site.enrolled, [site.enrolled]), 'verified');
    assert.is(await brokenUnder(server, [server]), 'commands-authorised', 'denied there');
    assert.is(await brokenUnder(server, [site.enrolled]), 'commands-authorised');
    assert.is(await brokenUnder(server, [site.enrolled, server]), 'commands-authorised');
    assert.is(await brokenUnder(server, []), 'commands-authorised');
    assert.is(await brokenUnder(elsewhere, [elsewhere]), 'commands-authorised');
  },
);

commands.run();
