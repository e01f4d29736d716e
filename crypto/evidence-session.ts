// session-complete: the range is one whole session. It begins with the opening and ends with the closing; the
// session's entries count up without a gap, each names the one before, and none in the range is left out of the
// file. Every command that started has its end on record, and its output is joined without a hole.

import { Fault, type Held } from './evidence-check.ts';
import type { EvidenceFile } from './evidence-file.ts';
import type { ReadLeaf } from './evidence-range.ts';
import { type BoundEntry, fieldsAs } from './evidence-values.ts';
import type { FieldsOf, Kind } from './kind.ts';
import type { RefName } from './kind.ts';

/**
 * Checks the session's shape by its leaves, and, where its values were bound, the course of each command.
 * @throws {Fault} at the first entry that does not fit
 */
export function checkSession(
  file: EvidenceFile,
  { range, bound }: { range: readonly ReadLeaf[]; bound: readonly BoundEntry[] | null },
): Held<readonly ReadLeaf[]> {
  const own = checkChains(range, file.session);
  checkEnds(own, { range, start: file.range.start });
  checkShown(file, own);
  checkReferences(own);
  if (bound !== null) checkCourse(bound);
  const shape = `${own.length} entries from opening to closing, in a row`;
  return { detail: `${shape}; ${range.length - own.length} others in between`, value: own };
}

interface Place {
  readonly read: ReadLeaf;
  readonly n: number;
  readonly previous: string | undefined;
}

/** Checks that the entries of each session in the range follow one another; answers this session's. */
function checkChains(range: readonly ReadLeaf[], session: string): readonly ReadLeaf[] {
  const chains = new Map<string, Place[]>();
  for (const read of range) {
    const { s, n, p } = read.leaf;
    if (s === undefined || n === undefined) continue;
    const chain = chains.get(s) ?? [];
    chain.push({ read, n, previous: p });
    chains.set(s, chain);
  }
  for (const chain of chains.values()) checkChain(chain);
  return (chains.get(session) ?? []).map(({ read }) => read);
}

function checkChain(chain: readonly Place[]): void {
  for (const [i, place] of chain.entries()) {
    const before = chain[i - 1];
    if (before === undefined) continue;
    const { i: index, e } = place.read.leaf;
    if (place.n !== before.n + 1) {
      throw new Fault(
        index,
        `Entry ${index} is number ${place.n} of its session, not ${before.n + 1}`,
      );
    }
    if (e !== before.read.leaf.e) throw new Fault(index, `Entry ${index} is of another endpoint`);
    if (place.previous === before.read.name) continue;
    // One entry was changed: the one before, or this one. If the next does not name this one either, it is this.
    const next = chain[i + 1];
    const isThis = next !== undefined && next.previous !== place.read.name;
    const broken = isThis ? index : before.read.leaf.i;
    throw new Fault(
      broken,
      `Entry ${index} does not follow entry ${before.read.leaf.i} as it stands`,
    );
  }
}

function checkEnds(
  own: readonly ReadLeaf[],
  { range, start }: { range: readonly ReadLeaf[]; start: number },
): void {
  const first = range[0];
  const last = range.at(-1);
  if (first === undefined || last === undefined || own.length === 0) {
    throw new Fault(null, 'The range holds no entry of the session');
  }
  if (own[0] !== first || first.leaf.k !== 'session.opened' || first.leaf.n !== 0) {
    throw new Fault(start, "The range does not begin with the session's opening");
  }
  const end = start + range.length - 1;
  if (own.at(-1) !== last || !isClosing(last.leaf.k)) {
    throw new Fault(end, "The range does not end with the session's closing");
  }
  for (const { leaf } of own.slice(1, -1)) {
    if (leaf.k === 'session.opened' || isClosing(leaf.k)) {
      throw new Fault(leaf.i, `Entry ${leaf.i} opens or closes the session a second time`);
    }
  }
}

function isClosing(kind: Kind): boolean {
  return kind === 'session.closed' || kind === 'session.abandoned';
}

function checkShown({ entries }: EvidenceFile, own: readonly ReadLeaf[]): void {
  for (const [i, { leaf }] of own.entries()) {
    if (entries[i]?.index !== leaf.i) {
      throw new Fault(
        leaf.i,
        `Entry ${leaf.i} belongs to the session, and the file does not list it`,
      );
    }
  }
  const extra = entries[own.length];
  if (extra !== undefined) {
    throw new Fault(extra.index, `Entry ${extra.index} does not belong to the session`);
  }
}

/** What the references of a session's entries must name: an earlier entry of this session, of this kind. */
const REFERRED: Readonly<Partial<Record<RefName, Kind>>> = {
  approval: 'approval.granted',
  command: 'command.started',
  request: 'approval.requested',
  state: 'state.captured',
};

function checkReferences(own: readonly ReadLeaf[]): void {
  const before = new Map<string, Kind>();
  for (const { leaf, name } of own) {
    for (const [ref, kind] of Object.entries(REFERRED) as [RefName, Kind][]) {
      const cited = leaf.ref?.[ref];
      if (cited === undefined || before.get(cited) === kind) continue;
      throw new Fault(leaf.i, `Entry ${leaf.i} cites no earlier ${kind} of its session`);
    }
    before.set(name, leaf.k);
  }
}

interface Course {
  readonly index: number;
  readonly purpose: string | undefined;
  readonly printed: { stdout: number; stderr: number };
  isEnded: boolean;
  /** All that it printed, as its end counts it, and as the state that it captured does. */
  counted: number | null;
  captured: number | null;
}

/** Checks each command's course: output joined from its first byte, one end, and the end's own count of bytes. */
function checkCourse(bound: readonly BoundEntry[]): void {
  const courses = new Map<string, Course>();
  const courseOf = ({ leaf }: BoundEntry): Course => {
    const course = courses.get(leaf.ref?.command ?? '');
    if (course === undefined) throw new Fault(leaf.i, `Entry ${leaf.i} is of no started command`);
    if (course.isEnded) throw new Fault(leaf.i, `Entry ${leaf.i} comes after its command's end`);
    return course;
  };
  for (const entry of bound) {
    const { k, i } = entry.leaf;
    if (k === 'command.started') {
      const purpose = fieldsAs('command.started', entry)?.purpose;
      courses.set(entry.name, {
        index: i,
        purpose,
        printed: { stdout: 0, stderr: 0 },
        isEnded: false,
        counted: null,
        captured: null,
      });
    } else if (k === 'command.output') {
      joinOutput(courseOf(entry), entry);
    } else if (k === 'command.exited') {
      endCourse(courseOf(entry), entry);
    } else if (k === 'command.refused' && entry.leaf.ref?.command !== undefined) {
      courseOf(entry).isEnded = true;
    } else if (k === 'state.captured') {
      checkState(courses.get(entry.leaf.ref?.command ?? ''), entry);
    }
  }
  const isAbandoned = bound.at(-1)?.leaf.k === 'session.abandoned';
  for (const { index, isEnded } of courses.values()) {
    if (!isEnded && !isAbandoned) {
      throw new Fault(index, `The command that entry ${index} started has no end on record`);
    }
  }
}

function joinOutput({ printed }: Course, entry: BoundEntry): void {
  const { stream, offset, text } = fieldsAs('command.output', entry) ?? {};
  if (stream === undefined || text === undefined || offset !== printed[stream]) {
    const { i } = entry.leaf;
    throw new Fault(i, `Entry ${i} does not continue the output of its command`);
  }
  printed[stream] += text.bytes;
}

function endCourse(course: Course, entry: BoundEntry): void {
  course.isEnded = true;
  const fields: Partial<FieldsOf<'command.exited'>> = fieldsAs('command.exited', entry) ?? {};
  if (fields.outcome === 'interrupted') return; // nobody was left to count
  const { stdout_bytes: out = 0, stderr_bytes: err = 0, dropped_bytes: dropped = 0 } = fields;
  course.counted = out + err + dropped;
  checkCounted(course, entry);
  const { stdout, stderr } = course.printed;
  if (fields.outcome === 'not-started') {
    checkUnstarted(entry, { printed: stdout + stderr + course.counted, fields });
  }
  // What a state command printed may stand in state.captured alone.
  if (course.purpose !== 'work' && stdout + stderr === 0) return;
  if (fields.stdout_bytes !== stdout || fields.stderr_bytes !== stderr) {
    const { i } = entry.leaf;
    throw new Fault(i, `Entry ${i} counts other bytes of output than are on record`);
  }
}

/** What never started printed nothing, and came to no end of its own. */
function checkUnstarted(
  { leaf: { i } }: BoundEntry,
  { printed, fields }: { printed: number; fields: Partial<FieldsOf<'command.exited'>> },
): void {
  const { exit_code: exitCode = null, signal = null } = fields;
  if (printed === 0 && exitCode === null && signal === null) return;
  throw new Fault(i, `Entry ${i} says that its command did not start, and how it ended or printed`);
}

function checkState(course: Course | undefined, entry: BoundEntry): void {
  const { phase, text, dropped_bytes: dropped } = fieldsAs('state.captured', entry) ?? {};
  if (course === undefined || phase === undefined || course.purpose !== `state-${phase}`) {
    const { i } = entry.leaf;
    throw new Fault(i, `Entry ${i} holds a state that no command for it captured`);
  }
  course.captured = (text?.bytes ?? 0) + (dropped ?? 0);
  checkCounted(course, entry);
}

/** A state that was cut must say so: what it holds and what it dropped is what its command printed. */
function checkCounted({ counted, captured }: Course, { leaf: { i } }: BoundEntry): void {
  if (counted === null || captured === null || counted === captured) return;
  throw new Fault(i, `Entry ${i} does not agree with how much its state command printed`);
}
