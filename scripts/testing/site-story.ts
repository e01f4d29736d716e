// A site, told as a story for tests: its people and their keys, the log from its founding on, sessions, commands
// by policy and by consent. Keys and times are fixed, salts are not. Every step takes what an attack may want to
// change: another signer, other members of the statement, other references.

import { encodeBase64url } from '#crypto/base64.ts';
import { sealEntry } from '#crypto/entry.ts';
import type { WorkOrder } from '#crypto/work-order.ts';

import type { MemoryEntry } from './memory-log.ts';
import { askFor, decide } from './story-approval.ts';
import {
  captureState,
  finishCommand,
  readByPolicy,
  signCommand,
  type SignedCommand,
  startCommand,
} from './story-command.ts';
import { closeSession, openSession, record, say, type Session } from './story-session.ts';
import { foundSite, type Site, statementOf } from './story-site.ts';

/** The whole story, and the entries of it that tests take hold of. */
export interface Story {
  readonly site: Site;
  readonly session: Session;
  readonly read: MemoryEntry;
  readonly before: MemoryEntry;
  readonly change: SignedCommand;
  readonly request: MemoryEntry;
  readonly grant: MemoryEntry;
  readonly started: MemoryEntry;
  readonly closed: MemoryEntry;
}

/**
 * One session at a site: a look by policy, a change that is asked with the state before it, granted, run, the
 * state after it, a word in the chat, closed; with an entry of somebody else's in between.
 */
export async function siteStory(given?: Site): Promise<Story> {
  const site = given ?? (await foundSite());
  const session = await openSession(site);
  const read = await readByPolicy(session, {
    command: 'cat /etc/hosts',
    output: { stdout: '127.0.0.1 localhost\n10.0.0.7 till-1 # Anna Smith\n', stderr: 'warn\n' },
  });
  site.log.append({ sealed: sealEntry('clock.checked', CLOCK_CHECKED) });
  const before = await captureState(session, {
    phase: 'before',
    command: 'nft-list ruleset',
    text: 'policy drop;\n',
  });
  const change = await signCommand(session, { command: 'nft add rule inet filter input accept' });
  const request = askFor(session, change, { state: before });
  const ref = { request: request.name };
  record(session, 'approval.notified', {
    fields: { channel: 'web-push', to: 'carol', by: null },
    ref,
  });
  record(session, 'approval.viewed', { fields: { channel: 'phone', by: 'carol' }, ref });
  const grant = await decide(session, request, { command: change });
  const started = startCommand(session, change, { request, grants: [grant] });
  finishCommand(session, started, { stdout: new Uint8Array([0x6f, 0x6b, 0xff, 0x0a]) });
  await captureState(session, {
    phase: 'after',
    command: 'nft-list ruleset',
    text: 'policy drop;\naccept;\n',
  });
  say(session, 'technician', 'The terminal is back.\n');
  const closed = closeSession(session);
  return { site, session, read, before, change, request, grant, started, closed };
}

const CLOCK_CHECKED = { source: 'ntp', offset_ms: 3, detail: null };

/** The work order of a started command, for an agent that saw nothing yet. */
export async function workOrderOf(
  { session, ...story }: Pick<Story, 'session'> & Partial<Story>,
  started: MemoryEntry,
  { seen = 0, size = session.site.log.size }: { seen?: number; size?: number } = {},
): Promise<WorkOrder> {
  const { site } = session;
  const isAsked = started.leaf.ref?.request !== undefined;
  const proved = (entry: MemoryEntry) => ({
    leaf: new TextDecoder().decode(entry.leafBytes),
    proof: site.log.proveInclusion(entry.leaf.i, size).map(encodeBase64url),
    disclosures: [...entry.disclosures],
  });
  return {
    checkpoint: await site.log.checkpoint(size),
    seen,
    consistency: seen === 0 ? [] : site.log.proveConsistency(seen, size).map(encodeBase64url),
    started: proved(started),
    request: isAsked && story.request !== undefined ? proved(story.request) : null,
    grants: isAsked && story.grant !== undefined ? [proved(story.grant)] : [],
    session: session.statement,
    roster: statementOf(site.roster),
    authority: statementOf(site.authority),
    policy: statementOf(site.policy),
  };
}
