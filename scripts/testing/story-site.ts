// The story's site: its log from its founding on, and what is in force there. Every entry moves its clock by a
// second.

import { cosignCheckpoint } from '#crypto/cosignature.ts';
import { parseDisclosure } from '#crypto/disclosure.ts';
import { sealEntry } from '#crypto/entry.ts';
import { type VerifierKey, verifierKey } from '#crypto/key.ts';
import { parseTime, type Refs } from '#crypto/leaf.ts';
import type { PolicyRules } from '#crypto/policy.ts';
import type { Envelope } from '#crypto/statement.ts';

import { createMemoryLog, type MemoryEntry, type MemoryLog } from './memory-log.ts';
import { createPeople, type People } from './story-people.ts';
import { STORY_RULES } from './story-policy.ts';
import {
  authorityOf,
  inForceFrom,
  policyOf,
  rosterOf,
  STORY_START_MS,
} from './story-statements.ts';

export const STORY_ORIGIN = 'console.example/site/4f1c/1';
export const STORY_ENDPOINT = 'ZW5kcG9pbnQtMDAwMDAwMQ';

/** A site with its log; what is in force is the last that was put on record. */
export interface Site {
  readonly people: People;
  readonly log: MemoryLog;
  readonly endpoint: string;
  readonly witnessKey: VerifierKey;
  /** The time of the next entry in milliseconds; each entry moves it by a second. */
  nowMs: number;
  roster: MemoryEntry;
  authority: MemoryEntry;
  policy: MemoryEntry;
  readonly enrolled: MemoryEntry;
  readonly claimed: MemoryEntry;
}

export async function foundSite({
  origin = STORY_ORIGIN,
  endpoint = STORY_ENDPOINT,
  rules = STORY_RULES,
  people,
  startMs = STORY_START_MS,
}: {
  origin?: string;
  endpoint?: string;
  rules?: PolicyRules;
  people?: People;
  /** Other than the story's when a program with a clock of its own takes part. */
  startMs?: number;
} = {}): Promise<Site> {
  const them = people ?? (await createPeople());
  const clock = { nowMs: startMs };
  const over = inForceFrom(startMs);
  const log = createMemoryLog({
    origin,
    signer: them.appliance.signer,
    now: () => (clock.nowMs += 1000),
  });
  log.append({
    sealed: sealEntry('log.opened', {
      log_key: them.appliance.key,
      appliance_key: them.appliance.key,
      software: 'caisey 0.1.0',
    }),
  });
  const claimed = log.append({
    sealed: sealEntry('site.claimed', {
      client: 'Miller Dental',
      site: 'Main Street',
      msp: 'Brightwater IT',
      msp_root: them.root.key,
      authority_key: them.authority.key,
    }),
  });
  const roster = appendStatement(log, 'roster.changed', await rosterOf(them, { over }));
  const authority = appendStatement(
    log,
    'authority.changed',
    await authorityOf(them, origin, { over }),
  );
  const policy = appendStatement(
    log,
    'policy.changed',
    await policyOf(them, { origin, rules, over }),
    {
      authority: authority.name,
    },
  );
  const enrolled = log.append({
    sealed: sealEntry('endpoint.enrolled', {
      name: 'frontdesk-1',
      key: them.laptop.key,
      labels: ['frontdesk'],
      os: 'linux',
      version: '6.8',
      token: 'token-1',
      by: 'Bob Birch',
    }),
    endpoint,
  });
  const witnessKey = verifierKey('witness.example', 0x04, them.witness.signer.publicKey);
  const inForce = { roster, authority, policy, enrolled, claimed };
  return Object.assign(clock, { people: them, log, endpoint, witnessKey, ...inForce });
}

export function appendStatement(
  log: MemoryLog,
  kind: 'roster.changed' | 'authority.changed' | 'policy.changed',
  statement: Envelope,
  ref?: Refs,
): MemoryEntry {
  return log.append({ sealed: sealEntry(kind, { statement }), ...(ref !== undefined && { ref }) });
}

/** The references by which a command names what is in force at the site. */
export function refsInForce(site: Site): Refs {
  return { policy: site.policy.name, roster: site.roster.name, authority: site.authority.name };
}

/** The envelope in an entry's `statement` field. */
export function statementOf({ leaf, disclosures }: MemoryEntry): Envelope {
  const found = disclosures.map(parseDisclosure).find(({ name }) => name === 'statement');
  if (found === undefined) throw new RangeError(`Cannot read entry ${leaf.i}: no statement`);
  return found.value as Envelope; // the schema of its kind held when it was sealed
}

/** The checkpoint of the whole log, cosigned by the story's witness a second after the last entry. */
export async function witnessedCheckpoint(
  { log, people, witnessKey, nowMs }: Site,
  { size = log.size }: { size?: number } = {},
): Promise<string> {
  return cosignCheckpoint(await log.checkpoint(size), {
    key: witnessKey,
    signer: people.witness.signer,
    timestampS: Math.floor(nowMs / 1000) + 1,
  });
}

/** The time of an entry in milliseconds since 1970. */
export function timeOf(entry: MemoryEntry): number {
  return parseTime(entry.leaf.t);
}
