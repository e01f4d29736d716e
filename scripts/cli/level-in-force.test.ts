// The level in force, as a site's log shows it: each way in which a log, or whoever shows it, may lie.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { signDigest } from '#appliance/protocol/digest-choice.ts';
import type { ShownEntry } from '#appliance/protocol/shown-entry.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import { sealEntry } from '#crypto/entry.ts';
import { formatVerifierKey, type VerifierKey, verifierKey } from '#crypto/key.ts';
import type { Kind } from '#crypto/kind.ts';
import { statementSigner } from '#crypto/statement.ts';
import type { MemoryEntry, MemoryLog } from '../testing/memory-log.ts';
import type { Person } from '../testing/story-people.ts';
import { appendStatement, foundSite, type Site } from '../testing/story-site.ts';
import { authorityOf } from '../testing/story-statements.ts';
import type { Caller } from './connect.ts';
import { CliError } from './error.ts';
import { levelInForce } from './level-in-force.ts';

const level = suite('levelInForce()');

level(
  'is nothing as long as nobody has said, and then the newest that an approver said',
  async () => {
    const site = await foundSite();
    assert.is(await levelInForce(homeOf(site)), null);
    await choose(site, { by: site.people.dave, level: 'open' });
    await choose(site, { by: site.people.carol, level: 'sealed', version: 2 });
    const said = await levelInForce(homeOf(site));
    assert.equal([said?.level, said?.version], ['sealed', 2]);
  },
);

level('counts on when the approver who said it is struck off later', async () => {
  const site = await foundSite();
  await choose(site, { by: site.people.dave, level: 'open' });
  await strikeOff(site, site.people.dave);
  assert.is((await levelInForce(homeOf(site)))?.level, 'open');
});

level('is not by who was struck off before, whichever list it cites', async () => {
  for (const isOldList of [false, true]) {
    const site = await foundSite();
    const old = site.authority;
    await strikeOff(site, site.people.dave);
    const authority = isOldList ? old : site.authority;
    await choose(site, { by: site.people.dave, level: 'open', authority });
    await refuses(site, isOldList ? 'was not in force' : 'it is no approver');
  }
});

level('is not by who never was an approver, nor by the list of somebody else', async () => {
  const strangers = await foundSite();
  await choose(strangers, { by: strangers.people.mallory, level: 'open' });
  await refuses(strangers, 'it is no approver');
  const site = await foundSite();
  const { people, log } = site;
  const { mallory } = people;
  const { id, name, key } = mallory;
  const over = { by: key, version: 2, approvers: [{ id, name, key }] };
  const list = await authorityOf(people, log.origin, { over, signer: mallory.signer });
  site.authority = appendStatement(log, 'authority.changed', list);
  await choose(site, { by: mallory, level: 'open' });
  await refuses(site, 'not signed by the pinned root');
});

level('is in the log that is pinned, and bound to its entry', async () => {
  const site = await foundSite();
  await choose(site, { by: site.people.carol, level: 'open' });
  const other = await foundSite();
  await choose(other, { by: other.people.carol, level: 'open' });
  await refuses(site, 'cannot accept inclusion proof', { proofs: other.log });
  const { signer } = site.people.mallory;
  const pinned = verifierKey(site.log.origin, 0x01, signer.publicKey);
  await refuses(site, 'signed by no known key', { pinned });
  const withheld = (shown: ShownEntry): ShownEntry => ({ ...shown, disclosures: [] });
  await refuses(site, 'withholds its statement', { show: withheld });
});

level.run();

interface Lies {
  /** Whose proofs are given. */
  readonly proofs?: MemoryLog;
  readonly show?: (shown: ShownEntry) => ShownEntry;
  /** The log's key that the home pins. */
  readonly pinned?: VerifierKey;
}

/** A home that pins the site, and asks its log. */
function homeOf(
  { log, people }: Site,
  { proofs = log, show = (shown) => shown, pinned = log.key }: Lies = {},
) {
  const call = async (
    verb: string,
    asked: { kinds: Kind[]; before?: number; indices: number[] },
  ) => {
    if (verb === 'log.entries') {
      const { kinds, before = Infinity } = asked;
      const found = log.entries.findLast(({ leaf }) => kinds.includes(leaf.k) && leaf.i < before);
      return { entries: found === undefined ? [] : [show(shownOf(found))], next: null };
    }
    const inclusions = asked.indices.map((i) => proofs.proveInclusion(i).map(encodeBase64url));
    return { checkpoint: await proofs.checkpoint(), consistency: [], inclusions };
  };
  return {
    client: { call: call as unknown as Caller['call'] }, // the two verbs that are asked
    origin: log.origin,
    site: { authority: people.authority.key, log: formatVerifierKey(pinned) },
  };
}

function shownOf({ leafBytes, disclosures }: MemoryEntry): ShownEntry {
  return { leaf: new TextDecoder().decode(leafBytes), disclosures: [...disclosures], texts: [] };
}

/** Puts a choice on record, whoever says it. */
async function choose(
  site: Site,
  {
    by,
    level,
    version = 1,
    authority = site.authority,
  }: { by: Person; level: 'open' | 'sealed'; version?: number; authority?: MemoryEntry },
): Promise<void> {
  const { log, nowMs } = site;
  const approver = statementSigner(by.signer);
  const statement = await signDigest({ log: log.origin, version, level }, { approver, nowMs });
  const said = { level, approver: by.name, approver_id: by.id, method: 'pin' } as const;
  const sealed = sealEntry('digest.changed', { ...said, statement });
  log.append({ sealed, ref: { authority: authority.name } });
}

async function strikeOff(site: Site, struck: Person): Promise<void> {
  const { people, log } = site;
  const left = [people.carol, people.dave].filter((person) => person !== struck);
  const approvers = left.map(({ id, name, key }) => ({ id, name, key }));
  const list = await authorityOf(people, log.origin, { over: { version: 2, approvers } });
  site.authority = appendStatement(log, 'authority.changed', list);
}

async function refuses(site: Site, why: string, lies: Lies = {}): Promise<void> {
  const refused: unknown = await levelInForce(homeOf(site, lies)).catch((cause: unknown) => cause);
  assert.instance(refused, CliError);
  const { code, message, hint } = refused as CliError;
  assert.is(code, 'not-verified');
  assert.match(message, why);
  assert.match(hint ?? '', 'caisey site level set');
}
