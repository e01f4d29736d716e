// Entries that belong to no command, in words: the opening and the end of a session, how a machine came to the site
// and went, alerts, and kinds that this page does not know yet, which are shown by their fields rather than left out.

import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { FormatError } from '#crypto/error.ts';
import type { FieldsOf, Kind } from '#crypto/kind.ts';
import { type Envelope, parseStatement, type Statement } from '#crypto/statement.ts';
import { visibleText } from '#crypto/visible.ts';
import { lossWords } from './loss-words.ts';
import type { FactTone } from './session-card.ts';
import { formatUtc } from './time.ts';

export interface FactWords {
  readonly tone: FactTone;
  readonly title: string;
  readonly details: readonly string[];
}

type Words<K extends Kind> = (fields: Readonly<Partial<FieldsOf<K>>>) => FactWords;

const CLOSED_BECAUSE: Readonly<Record<FieldsOf<'session.closed'>['reason'], string>> = {
  technician: 'A technician closed the session',
  approver: 'The client ended the session',
  idle: 'The session was closed: nothing happened in it for too long',
  'too-long': 'The session was closed: its time was over',
  revoked: 'The session was closed: the technician is not on the roster any more',
  'endpoint-removed': 'The session was closed: the endpoint was removed',
  'client-gone': 'The session was closed: the program that opened it for one command has gone',
};

const WORDS: { readonly [K in Kind]?: Words<K> } = {
  'session.opened': ({ technician, endpoint_name: endpoint, reason, ticket }) => ({
    tone: 'plain',
    title: `${sayText(technician)} opened a session on ${sayText(endpoint)}`,
    details: [...about('Reason', reason), ...about('Ticket', ticket)],
  }),
  'session.closed': ({ by, reason, note, ticket }) => ({
    tone: reason === 'technician' || reason === undefined ? 'plain' : 'warn',
    title: reason === undefined ? 'The session was closed' : CLOSED_BECAUSE[reason],
    details: [`By ${sayText(by)}`, ...about('Note', note), ...about('Ticket', ticket)],
  }),
  'session.abandoned': ({ reason }) => ({
    tone: 'warn',
    title: 'The session was given up',
    details: [sayText(reason)],
  }),
  'log.opened': ({ software }) => ({
    tone: 'plain',
    title: 'The log was begun',
    details: [`By ${sayText(software)}`],
  }),
  'site.claimed': ({ msp, client, site }) => ({
    tone: 'plain',
    title: `Claimed by ${sayText(msp)}`,
    details: [`For ${sayText(client)}, ${sayText(site)}`],
  }),
  'roster.changed': ({ statement }) => {
    const said = saidBy(statement, 'roster');
    return {
      tone: 'plain',
      title: `Roster${versionOf(said)} came into force`,
      details: about(
        'In it',
        said?.members.map(({ name, role }) => `${name} (${role})`).join(', '),
      ),
    };
  },
  'authority.changed': ({ statement }) => {
    const said = saidBy(statement, 'authority');
    return {
      tone: 'plain',
      title: 'The client named its approvers',
      details: about('Approvers', said?.approvers.map(({ name }) => name).join(', ')),
    };
  },
  'policy.changed': ({ statement }) => ({
    tone: 'plain',
    title: `Policy${versionOf(saidBy(statement, 'policy'))} came into force`,
    details: [],
  }),
  'digest.changed': ({ level, approver }) => ({
    tone: 'plain',
    title: `${sayText(approver)} chose what the console may know: ${sayText(level)}`,
    details: [],
  }),
  'token.created': ({ name, by, labels, expires }) => ({
    tone: 'plain',
    title: `${sayText(by)} made a token to enrol ${sayText(name)}`,
    details: [
      ...about('Labels', labels?.join(', ') === '' ? null : labels?.join(', ')),
      ...about('Good until', expires && whenText(expires)),
    ],
  }),
  'token.revoked': ({ name, by }) => ({
    tone: 'plain',
    title: `${sayText(by)} took back the token to enrol ${sayText(name)}`,
    details: [],
  }),
  'endpoint.enrolled': ({ name, by, token, labels, os, version }) => ({
    tone: 'plain',
    title: `Enrolled as ${sayText(name)}`,
    details: [
      `With token ${sayText(token)}, made by ${sayText(by)}`,
      ...about('Labels', labels?.join(', ') === '' ? null : labels?.join(', ')),
      `System: ${sayText(os)}, agent ${sayText(version)}`,
    ],
  }),
  'endpoint.verified': ({ by }) => ({
    tone: 'good',
    title: `Verified by ${sayText(by)}`,
    details: ['They say that its key has the fingerprint that the machine shows'],
  }),
  'endpoint.removed': ({ name, by, reason }) => ({
    tone: 'warn',
    title: `${sayText(name)} was removed by ${sayText(by)}`,
    details: about('Why', reason),
  }),
  'endpoint.online': ({ version, runtime, os }) => ({
    tone: 'good',
    title: 'Connected',
    details: [[version, runtime, os].map(sayText).join(', ')],
  }),
  'endpoint.offline': ({ reason }) => ({
    tone: 'warn',
    title: 'Lost',
    details: [reason === undefined ? sayText(reason) : lossWords(reason).text],
  }),
  'alert.raised': ({ code, severity, subject, detail }) => ({
    tone: severity === 'info' ? 'plain' : severity === 'critical' ? 'bad' : 'warn',
    title: `Alert: ${sayText(detail)}`,
    details: [...about('Code', code), ...about('About', subject)],
  }),
  'alert.cleared': ({ code, by }) => ({
    tone: 'good',
    title: `Alert cleared: ${sayText(code)}`,
    details: about('By', by),
  }),
};

/** Says what an entry says. */
export function factWords({ opened, texts, isErased }: CheckedEntry): FactWords {
  const { kind, fields } = opened;
  if (isErased) {
    const details = ['Its content was erased; that it was here is proved still.'];
    return { tone: 'plain', title: kind, details };
  }
  const words = WORDS[kind] as Words<Kind> | undefined; // the table pairs each kind with its words
  if (words !== undefined) return words(fields);
  const shown = Object.entries(fields).filter(
    ([name, value]) => name !== 'statement' && value !== null && !texts.has(name),
  );
  const details = shown.map(([name, value]) => {
    return `${name}: ${visibleText(typeof value === 'string' ? value : JSON.stringify(value))}`;
  });
  return { tone: 'plain', title: kind, details };
}

/** A field's text, visible; a withheld one is said to be. */
export function sayText(value: string | undefined): string {
  return value === undefined ? '(withheld)' : visibleText(value);
}

/** As `sayText`; nothing stays nothing. */
export function sayTextOrNull(value: string | null | undefined): string | null {
  return value == null ? null : visibleText(value);
}

/** What a statement in an entry says; null when it is withheld, or is none of that type. */
function saidBy<T extends Statement['type']>(
  envelope: Envelope | undefined,
  type: T,
): Extract<Statement, { type: T }> | null {
  if (envelope === undefined) return null;
  try {
    const { statement } = parseStatement(envelope);
    return statement.type === type ? (statement as Extract<Statement, { type: T }>) : null;
  } catch (cause) {
    if (cause instanceof FormatError) return null;
    throw cause;
  }
}

function versionOf(said: { readonly version: number } | null): string {
  return said === null ? '' : `, version ${said.version},`;
}

/** A moment as people read it; what is none stays as it is. */
function whenText(text: string): string {
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? text : formatUtc(atMs);
}

function about(name: string, value: string | null | undefined): readonly string[] {
  return value == null ? [] : [`${name}: ${visibleText(value)}`];
}
