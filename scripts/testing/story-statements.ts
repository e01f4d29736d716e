// What the two authorities of the story sign: who may ask, who may allow, and by which rules.

import { formatTime } from '#crypto/leaf.ts';
import type { PolicyRules, Role } from '#crypto/policy.ts';
import {
  type Envelope,
  signStatement,
  type StatementOf,
  statementSigner,
} from '#crypto/statement.ts';
import type { Signer } from '#crypto/webcrypto.ts';

import type { People, Person } from './story-people.ts';
import { STORY_RULES } from './story-policy.ts';

export const STORY_START_MS = Date.parse('2026-11-21T02:00:00.000Z');
const DAY_MS = 86_400_000;

/** From the day before, for a year. */
export function inForceFrom(fromMs: number): { not_before: string; expires: string } {
  return { not_before: formatTime(fromMs - DAY_MS), expires: formatTime(fromMs + 365 * DAY_MS) };
}

/** What most statements say: who, and for how long. */
export function basics(by: Person, { fromMs = STORY_START_MS }: { fromMs?: number } = {}) {
  return {
    v: 1 as const,
    by: by.key,
    ...inForceFrom(fromMs),
    nonce: 'bm9uY2UtMDAwMDAwMDAwMA',
  };
}

/** Signs a roster of Alice (technician), Bob (owner) and Rita (reviewer), version 1, by the MSP's root. */
export function rosterOf(
  people: People,
  {
    over = {},
    signer = people.root.signer,
  }: { over?: Partial<StatementOf<'roster'>>; signer?: Signer } = {},
): Promise<Envelope> {
  const member = ({ id, name, key }: Person, role: Role) => ({ id, name, key, role });
  return signStatement(
    {
      ...basics(people.root),
      type: 'roster',
      msp: people.root.name,
      version: 1,
      members: [
        member(people.alice, 'technician'),
        member(people.bob, 'owner'),
        member(people.rita, 'reviewer'),
      ],
      ...over,
    },
    statementSigner(signer),
  );
}

/** Signs that Carol and Dave may approve, version 1, by the client's authority key. */
export function authorityOf(
  people: People,
  origin: string,
  {
    over = {},
    signer = people.authority.signer,
  }: { over?: Partial<StatementOf<'authority'>>; signer?: Signer } = {},
): Promise<Envelope> {
  const approver = ({ id, name, key }: Person) => ({ id, name, key });
  return signStatement(
    {
      ...basics(people.authority),
      type: 'authority',
      log: origin,
      version: 1,
      approvers: [approver(people.carol), approver(people.dave)],
      contacts: [{ name: people.carol.name, reach: '+1 555 0100' }],
      ...over,
    },
    statementSigner(signer),
  );
}

/** Signs a policy, version 1, by the client's authority key. */
export function policyOf(
  people: People,
  {
    origin,
    rules = STORY_RULES,
    over = {},
    signer = people.authority.signer,
  }: {
    origin: string;
    rules?: PolicyRules;
    over?: Partial<StatementOf<'policy'>>;
    signer?: Signer;
  },
): Promise<Envelope> {
  return signStatement(
    { ...basics(people.authority), type: 'policy', log: origin, version: 1, rules, ...over },
    statementSigner(signer),
  );
}
