// What became of a request, out of the log: who decided, when, whether and how its command ran, and the numbers of
// the entries that say so. A receipt is read from there and from nowhere else.

import { encodeBase64url } from '#crypto/base64.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import type { Ledger, StoredEntry } from '../ledger/ledger.ts';
import type { RequestSummary } from '../protocol/client-message.ts';
import { openStored } from '../work/record.ts';

/** One entry that decided, or ended, a request. */
export interface DecidedEntry {
  /** Tree index: the number that anybody can look up in the record. */
  readonly index: number;
  readonly kind: (typeof DECIDING)[number];
  readonly atMs: number;
  readonly approver: string | null;
  readonly method: FieldsOf<'approval.granted'>['method'] | null;
  readonly comment: string | null;
}

type Exit = FieldsOf<'command.exited'>;
type Refusal = FieldsOf<'command.refused'>;

/** What the log says of the run of an approved command. `fields` are null where they were erased. */
export type Run =
  /** It has not begun. */
  | { readonly state: 'ahead' }
  /** It began; so many bytes of its output are on record. */
  | { readonly state: 'running'; readonly index: number; readonly atMs: number; bytes: number }
  | {
      readonly state: 'ended';
      readonly index: number;
      readonly atMs: number;
      readonly beganMs: number;
      readonly fields: Exit | null;
    }
  | {
      readonly state: 'refused';
      readonly index: number;
      readonly atMs: number;
      readonly fields: Refusal | null;
    }
  /** Its session ended before it began. */
  | { readonly state: 'never'; readonly index: number; readonly atMs: number };

/** What became of a request so far. */
export interface Course {
  readonly decisions: readonly DecidedEntry[];
  /** Null as long as it is not approved. */
  readonly run: Run | null;
}

const DECIDING = [
  'approval.granted',
  'approval.denied',
  'approval.expired',
  'approval.withdrawn',
] as const;

/** Requests whose course is over do not change: their entries are read once. */
const MAX_REMEMBERED = 256;

/** Reads the courses of requests. */
export function createCourseReader(ledger: Ledger): (request: RequestSummary) => Promise<Course> {
  const remembered = new Map<string, Course>();

  return async (request) => {
    const known = remembered.get(request.request);
    if (known !== undefined) return known;
    const course = await readCourse(ledger, request);
    if (isOver(request, course)) {
      const [oldest] = remembered.keys();
      if (oldest !== undefined && remembered.size >= MAX_REMEMBERED) remembered.delete(oldest);
      remembered.set(request.request, course);
    }
    return course;
  };
}

/** Whether a run may still change. */
export function isPending(run: Run | null): boolean {
  return run?.state === 'ahead' || run?.state === 'running';
}

function isOver({ state }: RequestSummary, { run }: Course): boolean {
  return state === 'granted' ? run !== null && !isPending(run) : state !== 'waiting';
}

async function readCourse(ledger: Ledger, request: RequestSummary): Promise<Course> {
  const decisions: DecidedEntry[] = [];
  let run: Run | null = null;
  let started: string | null = null;
  const asked = await ledger.entry(request.index);
  for await (const stored of ledger.sessionEntries(request.session, (asked.leaf.n ?? 0) + 1)) {
    const { ref = {} } = stored.leaf;
    if (ref.request === request.request) {
      const decided = decidedBy(stored);
      if (decided !== null) decisions.push(decided);
      if (decided !== null && decided.kind !== 'approval.granted') break;
      if (run === null && decisions.length >= request.approvals) run = { state: 'ahead' };
      if (stored.leaf.k === 'command.started') started = encodeBase64url(stored.hash);
    }
    if (run === null) continue;
    const isOfRun =
      ref.request === request.request || (started !== null && ref.command === started);
    run = runAfter(run, stored, isOfRun);
    if (!isPending(run)) break;
  }
  return { decisions, run };
}

/** A run as one more entry of its session leaves it. */
function runAfter(run: Run, stored: StoredEntry, isOfRun: boolean): Run {
  const { leaf, index, content } = stored;
  const at = { index, atMs: Date.parse(leaf.t) };
  const isEnd = leaf.k === 'session.closed' || leaf.k === 'session.abandoned';
  if (isEnd && run.state === 'ahead') return { state: 'never', ...at };
  if (!isOfRun) return run;
  switch (leaf.k) {
    case 'command.started':
      return { state: 'running', ...at, bytes: 0 };
    case 'command.output': {
      if (run.state !== 'running' || content === null) return run;
      return { ...run, bytes: run.bytes + openStored(leaf.k, stored).text.bytes };
    }
    case 'command.exited': {
      const fields = content === null ? null : openStored(leaf.k, stored);
      return {
        state: 'ended',
        ...at,
        beganMs: run.state === 'running' ? run.atMs : at.atMs,
        fields,
      };
    }
    case 'command.refused':
      return {
        state: 'refused',
        ...at,
        fields: content === null ? null : openStored(leaf.k, stored),
      };
    default:
      return run;
  }
}

function decidedBy(stored: StoredEntry): DecidedEntry | null {
  const { leaf, index } = stored;
  const kind = DECIDING.find((candidate) => candidate === leaf.k);
  if (kind === undefined) return null;
  const at = { index, kind, atMs: Date.parse(leaf.t) };
  if (kind === 'approval.expired' || stored.content === null) {
    return { ...at, approver: null, method: null, comment: null };
  }
  if (kind === 'approval.withdrawn') {
    const { by, reason } = openStored(kind, stored);
    return { ...at, approver: by, method: null, comment: reason };
  }
  const { approver, method, comment } = openStored(kind, stored);
  return { ...at, approver, method, comment };
}
