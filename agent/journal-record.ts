// What an endpoint must never forget, as records, and the state that they add up to. Pure: `journal.ts` keeps
// them on disk.
//
//   seen       the last checkpoint that held: every later one must extend it
//   versions   of roster, authority and policy: nothing older is accepted
//   ran        statement hashes of the orders that were started: none is started twice
//   log time   the time of the latest order: orders from before it are refused, so that a clock that was set
//              back cannot bring an expired order back into force
//   fork       two histories under one key were shown: nothing is run any more
//   removed    the site let this endpoint go

import * as z from 'zod';

import { parseTime } from '#crypto/leaf.ts';
import { MAX_CLOCK_SKEW_MS } from '#crypto/work-order.ts';
import type { SeenVersions } from '#crypto/authorisation.ts';

export const JOURNAL_FORMAT = 'caisey/journal/v1';

const hash = z.string().length(43);
const note = z.string().max(16_384);
const time = z.string().refine(isTime, 'not a time');
const version = z.strictObject({ version: z.int().min(1), hash }).nullable();
const versions = z.strictObject({ roster: version, authority: version, policy: version });

export const journalRecordSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('opened'),
    format: z.literal(JOURNAL_FORMAT),
    endpoint: z.string().length(22),
  }),
  z.strictObject({ kind: z.literal('seen'), note }),
  /** An order that is about to be started. Null: as before. */
  z.strictObject({
    kind: z.literal('ran'),
    note: note.nullable(),
    versions: versions.nullable(),
    command: hash,
    run: hash,
    expires: time,
    at: time,
  }),
  /** What a compacted journal keeps of the orders that it forgot. */
  z.strictObject({ kind: z.literal('kept'), versions, at: time.nullable() }),
  z.strictObject({
    kind: z.literal('forked'),
    message: z.string().max(2048),
    seen: note,
    offered: note,
  }),
  z.strictObject({ kind: z.literal('removed') }),
]);

export type JournalRecord = z.infer<typeof journalRecordSchema>;
export type JournalRecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;
export type Fork = Omit<JournalRecordOf<'forked'>, 'kind'>;

export interface RanOrder {
  readonly run: string;
  readonly expires: string;
}

/** What the records add up to, one after another. */
export class JournalState {
  endpoint: string | null = null;
  note: string | null = null;
  versions: SeenVersions = { roster: null, authority: null, policy: null };
  /** The latest order's time as its log wrote it; null before the first. */
  at: string | null = null;
  /** By statement hash. */
  readonly ran = new Map<string, RanOrder>();
  fork: Fork | null = null;
  isRemoved = false;

  apply(record: JournalRecord): void {
    switch (record.kind) {
      case 'opened':
        this.endpoint = record.endpoint;
        return;
      case 'seen':
        this.note = record.note;
        return;
      case 'ran':
        this.ran.set(record.command, { run: record.run, expires: record.expires });
        this.note = record.note ?? this.note;
        this.versions = record.versions ?? this.versions;
        // times of one form sort as text
        if (this.at === null || record.at > this.at) this.at = record.at;
        return;
      case 'kept':
        this.versions = record.versions;
        this.at = record.at;
        return;
      case 'forked':
        this.fork = { message: record.message, seen: record.seen, offered: record.offered };
        return;
      case 'removed':
        this.isRemoved = true;
        return;
      default:
        throw new Error(`unreachable: record ${String(record satisfies never)}`);
    }
  }

  /**
   * The fewest records that add up to this state, less the orders that no clock can bring back. An order's time
   * is at most one skew before the latest order's and the endpoint's clock at most one skew before that; what
   * expired earlier is refused for it.
   */
  compact(): JournalRecord[] {
    const { endpoint, note, versions: kept, at, fork } = this;
    if (endpoint === null) throw new Error('unreachable: a journal names its endpoint');
    const floorMs = at === null ? 0 : parseTime(at) - 2 * MAX_CLOCK_SKEW_MS;
    const ran = [...this.ran].filter(([, { expires }]) => parseTime(expires) >= floorMs);
    return [
      { kind: 'opened', format: JOURNAL_FORMAT, endpoint },
      ...(note === null ? [] : [{ kind: 'seen' as const, note }]),
      ...ran.map(([command, { run, expires }]) => ({
        kind: 'ran' as const,
        note: null,
        versions: null,
        command,
        run,
        expires,
        at: at ?? expires,
      })),
      { kind: 'kept', versions: kept, at }, // last, for it says the time that those before only stand in for
      ...(fork === null ? [] : [{ kind: 'forked' as const, ...fork }]),
      ...(this.isRemoved ? [{ kind: 'removed' as const }] : []),
    ];
  }
}

function isTime(text: string): boolean {
  try {
    parseTime(text);
    return true;
  } catch {
    return false;
  }
}
