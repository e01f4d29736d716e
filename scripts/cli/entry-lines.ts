// A session's entry for people and for programs. What a machine printed or a person typed stands behind a bar,
// made visible, so that none of it can pass for a line of ours.

import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { encodeBase64, parseBase64url } from '#crypto/base64.ts';
import { type Bytes, decodeUtf8 } from '#crypto/bytes.ts';
import type { FieldsOf, Kind } from '#crypto/kind.ts';
import { matchCode } from '#crypto/match-code.ts';
import { visibleBytes, visibleText } from '#crypto/visible.ts';
import { formatCount, formatMoment, formatSpan } from './quantity.ts';
import type { Paint } from './table.ts';

/** Describes an entry in lines. */
export function describeEntry(entry: CheckedEntry, paint: Paint): readonly string[] {
  const { leaf, isErased } = entry;
  const head = `#${leaf.i}  ${formatMoment(leaf.t)}  `;
  const [first = '', ...rest] = isErased
    ? [`${kindWords(leaf.k)} (content erased)`]
    : wordsOf(entry, paint);
  const bars = [...entry.texts.values()].flatMap(barLines);
  return [paint('dim', head) + first, ...rest.map((line) => `    ${line}`), ...bars];
}

interface Telling {
  readonly entry: CheckedEntry;
  readonly paint: Paint;
}

type Words<K extends Kind> = (
  fields: Readonly<Partial<FieldsOf<K>>>,
  telling: Telling,
) => readonly string[];

/** What is said of a kind: the first line stands beside the time. */
const WORDS: { readonly [K in Kind]?: Words<K> } = {
  'session.opened': ({ technician, endpoint_name: endpoint, reason, ticket }) => [
    `${say(technician)} opened a session on ${say(endpoint)}`,
    ...about('reason', reason),
    ...about('ticket', ticket),
  ],
  'session.closed': ({ by, reason, note, ticket }) => [
    `closed by ${say(by)}${reason === undefined ? '' : CLOSED_BECAUSE[reason]}`,
    ...about('note', note),
    ...about('ticket', ticket),
  ],
  'session.abandoned': ({ reason }, { paint }) => [paint('yellow', `given up: ${say(reason)}`)],
  'approval.requested': ({ command, why, expires, decision }, { entry, paint }) => {
    const code = matchCode(parseBase64url(entry.name));
    return [
      paint(
        'yellow',
        `asks the client, match code ${code}, until ${say(expires === undefined ? expires : formatMoment(expires))}`,
      ),
      ...commandLines(command),
      ...about('why', why),
      ...about('policy', decision?.why),
    ];
  },
  'approval.granted': ({ approver, method, comment }, { paint }) => [
    paint('green', `approved by ${say(approver)}${methodWords(method)}`),
    ...about('comment', comment),
  ],
  'approval.denied': ({ approver, method, comment }, { paint }) => [
    paint('red', `denied by ${say(approver)}${methodWords(method)}`),
    ...about('comment', comment),
  ],
  'approval.notified': ({ channel, to, by }) => [
    `${by == null ? 'told' : `${say(by)} reminded`} ${to === null ? 'every approver' : say(to)}, by ${say(channel)}`,
  ],
  'approval.viewed': ({ channel, by }) => [
    `looked at by ${by === null ? 'somebody' : say(by)}, ${say(channel)}`,
  ],
  'approval.expired': ({ after_s: afterS }, { paint }) => [
    paint(
      'yellow',
      `nobody decided${afterS === undefined ? '' : ` in ${formatSpan(afterS * 1000)}`}`,
    ),
  ],
  'approval.withdrawn': ({ by, reason }, { paint }) => [
    paint('yellow', `withdrawn by ${say(by)}${reason == null ? '' : `: ${say(reason)}`}`),
  ],
  'command.started': ({ command, purpose, shell, decision }, { paint }) => [
    `runs in ${say(shell)}${purpose === 'work' || purpose === undefined ? '' : PURPOSES[purpose]}`,
    ...commandLines(command).map((line) => paint('bold', line)),
    ...about('policy', decision?.why),
  ],
  'command.output': ({ stream, offset }, { paint }) => [
    paint('dim', `${say(stream)} from byte ${offset ?? 0}`),
  ],
  'command.exited': (fields, { paint }) => [exitWords(fields, paint)],
  'command.refused': ({ command, by, why }, { paint }) => [
    paint('red', `refused by ${say(by)}: ${say(why)}`),
    ...commandLines(command),
  ],
  'state.captured': ({ phase, exit_code: code, dropped_bytes: dropped }) => [
    `the state ${say(phase)}${code == null || code === 0 ? '' : `, of a command that exited with ${code}`}`,
    ...(dropped == null || dropped === 0
      ? []
      : [`cut: ${formatCount(dropped, 'more byte')} not kept`]),
  ],
  'chat.said': ({ name }) => [`${say(name)} says`],
  'alert.raised': ({ severity, subject, detail }, { paint }) => [
    paint(severity === 'info' ? 'yellow' : 'red', `alert: ${say(detail)}`),
    ...about('about', subject),
  ],
  'alert.cleared': ({ code, by }) => [`alert cleared: ${say(code)}`, ...about('by', by)],
};

const CLOSED_BECAUSE: Readonly<Record<FieldsOf<'session.closed'>['reason'], string>> = {
  technician: '',
  approver: ', for the client',
  idle: ': nothing happened in it for too long',
  'too-long': ': its time was over',
  revoked: ': its technician is not on the roster any more',
  'endpoint-removed': ': the endpoint was removed',
  'client-gone': ': the program that opened it for one command has gone',
};

const PURPOSES: Readonly<Record<Exclude<FieldsOf<'command.started'>['purpose'], 'work'>, string>> =
  {
    'state-before': ', to see the state before',
    'state-after': ', to see the state after',
  };

const OUTCOMES: Readonly<Record<FieldsOf<'command.exited'>['outcome'], string>> = {
  exited: 'exited',
  signalled: 'ended',
  'timed-out': 'timed out',
  cancelled: 'cancelled',
  'not-started': 'could not be started',
  interrupted: 'lost by the endpoint',
};

const METHODS: Readonly<Record<FieldsOf<'approval.granted'>['method'], string>> = {
  pin: ', with a PIN',
  'key-file': ', with a key file',
  passkey: ', with a passkey',
};

function methodWords(method: keyof typeof METHODS | undefined): string {
  return method === undefined ? '' : METHODS[method];
}

/** A kind without words of its own: `session.opened` as `session opened`. */
function kindWords(kind: Kind): string {
  return kind.replaceAll('.', ' ');
}

function wordsOf(entry: CheckedEntry, paint: Paint): readonly string[] {
  const { kind, fields } = entry.opened;
  const words = WORDS[kind] as Words<Kind> | undefined; // the table pairs each kind with its words
  return words?.(fields, { entry, paint }) ?? otherWords(entry);
}

function exitWords(fields: Readonly<Partial<FieldsOf<'command.exited'>>>, paint: Paint): string {
  const { outcome, exit_code: code, signal, duration_ms: ms, problem } = fields;
  const end = code == null ? (signal == null ? '' : ` by ${say(signal)}`) : ` with ${code}`;
  const time = ms == null ? '' : ms < 10_000 ? ` after ${ms} ms` : ` after ${formatSpan(ms)}`;
  const why = problem == null ? '' : `: ${say(problem)}`;
  const what = outcome === undefined ? say(outcome) : OUTCOMES[outcome];
  return paint(code === 0 ? 'green' : 'red', `${what}${end}${time}${why}`);
}

/** Kinds without words of their own: their fields as they are. */
function otherWords({ leaf, opened, texts }: CheckedEntry): readonly string[] {
  const fields = Object.entries(opened.fields).filter(
    ([name, value]) => name !== 'statement' && value !== null && !texts.has(name),
  );
  const lines = fields.map(([name, value]) => {
    const text = typeof value === 'string' ? formatMoment(value) : JSON.stringify(value);
    return `${name}: ${visibleText(text)}`;
  });
  return [kindWords(leaf.k), ...lines];
}

function commandLines(command: string | undefined): readonly string[] {
  if (command === undefined) return ['$ (withheld)'];
  const [first = '', ...rest] = visibleText(command, { keepNewlines: true }).split('\n');
  return [`$ ${first}`, ...rest.map((line) => `> ${line}`)];
}

function about(name: string, value: string | null | undefined): readonly string[] {
  return value == null ? [] : [`${name}: ${visibleText(value)}`];
}

function say(value: string | undefined): string {
  return value === undefined ? '(withheld)' : visibleText(value);
}

function barLines(bytes: Bytes): readonly string[] {
  const lines = visibleBytes(bytes, { keepNewlines: true }).split('\n');
  if (lines.at(-1) === '') lines.pop(); // the text ended its last line
  return lines.map((line) => `    | ${line}`);
}

/** An entry as programs get it. Long texts are `text` when they are UTF-8, else `base64`. */
export function entryJson(entry: CheckedEntry): unknown {
  const { leaf, name, opened, texts, isErased } = entry;
  return {
    index: leaf.i,
    n: leaf.n,
    at: leaf.t,
    kind: leaf.k,
    session: leaf.s,
    endpoint: leaf.e,
    hash: name,
    ref: leaf.ref ?? {},
    fields: opened.fields,
    texts: Object.fromEntries([...texts].map(([field, bytes]) => [field, bytesJson(bytes)])),
    isErased,
  };
}

/** Bytes for programs. */
export function bytesJson(bytes: Bytes): { text: string } | { base64: string } {
  try {
    return { text: decodeUtf8(bytes) };
  } catch {
    return { base64: encodeBase64(bytes) }; // a TypeError is how the decoder says that it is not UTF-8
  }
}
