// The transcript in plain text, for people: the report's words, then every entry. All that came from a machine
// or a person is hostile: it is made visible, and what was printed stands behind a bar at the line's start, so
// that no output can pass for a line of ours.

import { type Bytes, concatBytes } from './bytes.ts';
import type { EvidenceReport } from './evidence.ts';
import { formatJcs, type Json } from './json.ts';
import type { TranscriptEntry, TranscriptPiece } from './transcript-entry.ts';
import { visibleBytes, visibleText } from './visible.ts';

/** Renders a report as text that ends in a newline. The same report gives the same text. */
export function renderTranscript(report: EvidenceReport): string {
  const lines = [
    ...headLines(report),
    '',
    'Checks',
    ...report.checks.map(
      ({ name, outcome, detail, index }) =>
        `  ${outcome.padEnd(14)}  ${name}: ${visibleText(detail)}${index === null ? '' : ` (entry ${index})`}`,
    ),
    '',
    'Not proved',
    ...report.notProved.map((words) => `  - ${visibleText(words)}`),
    '',
    'Withheld',
    ...withheldLines(report),
    '',
    'Entries',
    ...report.transcript.flatMap(entryLines),
  ];
  return `${lines.join('\n')}\n`;
}

function headLines({
  verdict,
  checks,
  log,
  session,
  summary,
  firstBroken,
}: EvidenceReport): string[] {
  const { openedAt, closedAt, technician, endpointName, client, site, reason } = summary;
  const { stateCommands } = summary;
  const shown = stateCommands === 0 ? '' : `, and ${stateCommands} to show the state around them`;
  const rows: readonly (readonly [name: string, value: string | null])[] = [
    ['Verdict', verdict === 'verified' ? 'VERIFIED' : 'FAILED'],
    ...checks
      .filter(({ outcome }) => outcome === 'failed')
      .map(({ name }) => ['Failed', name] as const),
    ...(firstBroken === null ? [] : ([['Broken at', `entry ${firstBroken}`]] as const)),
    ['Log', log],
    ['Session', session],
    ['Client', client],
    ['Site', site],
    ['Endpoint', endpointName],
    ['Technician', technician],
    ['Reason', reason],
    ['Opened', openedAt === null ? null : formatUtc(openedAt)],
    ['Closed', closedAt === null ? null : formatUtc(closedAt)],
    ['Commands', `${summary.commands}${shown}`],
    ['Approvals', String(summary.approvals)],
  ];
  return rows.map(([name, value]) => `${name.padEnd(11)} ${visibleText(value ?? '-')}`);
}

function withheldLines({ withheld }: EvidenceReport): string[] {
  const kinds = Object.entries(withheld.kinds);
  if (kinds.length === 0) return ['  nothing'];
  return kinds.map(([name, count]) => `  ${count} of ${visibleText(name)}`);
}

function entryLines(entry: TranscriptEntry): string[] {
  const lines = ['', `#${entry.index}  ${formatUtc(entry.at)}  ${entry.kind}`];
  const texts = new Set(entry.texts.map(({ field }) => field));
  for (const [name, value] of Object.entries(entry.fields)) {
    if (!texts.has(name) && !isEmpty(value)) lines.push(`  ${name}: ${formatValue(name, value)}`);
  }
  for (const name of entry.withheld) lines.push(`  ${name} (withheld)`);
  for (const { pieces } of entry.texts) lines.push(...textLines(pieces));
  const { dropped_bytes: dropped = 0 } = entry.fields;
  if (dropped !== 0)
    lines.push(`  ~ cut here: ${formatJcs(dropped)} more bytes were printed, and not kept`);
  return lines;
}

/** What says nothing: every kind has all of its fields, used or not. */
function isEmpty(value: Json): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** Signatures are for verifiers; who signed is in the fields beside them. */
function formatValue(name: string, value: Json): string {
  if (name === 'statement') return '(signed)';
  return visibleText(typeof value === 'string' ? value : formatJcs(value));
}

function textLines(pieces: readonly TranscriptPiece[]): string[] {
  const lines: string[] = [];
  let shown: Bytes[] = [];
  let hidden = 0;
  const flush = (): void => {
    if (shown.length > 0) lines.push(...outputLines(concatBytes(...shown)));
    if (hidden > 0) lines.push(`  ~ ${hidden} ${hidden === 1 ? 'segment' : 'segments'} withheld`);
    shown = [];
    hidden = 0;
  };
  for (const piece of pieces) {
    if (piece.kind === 'shown' ? hidden > 0 : shown.length > 0) flush();
    if (piece.kind === 'shown') shown.push(piece.bytes);
    else hidden += 1;
  }
  flush();
  return lines;
}

function outputLines(bytes: Uint8Array): string[] {
  const text = visibleBytes(bytes, { keepNewlines: true });
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop(); // the text ended its last line
  return lines.map((line) => `  | ${line}`);
}

function formatUtc(time: string): string {
  return time.replace('T', ' ').replace('Z', ' UTC');
}
