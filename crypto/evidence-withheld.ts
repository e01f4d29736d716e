// withheld and not-proved: what the file keeps back, and what no evidence can show. Said aloud, so that green is
// never read as more than it is.

import { Fault, type Held } from './evidence-check.ts';
import { isWithholdable } from './evidence-file.ts';
import { type BoundEntry, type BoundValues, fieldsAs } from './evidence-values.ts';
import { shapeOf } from './kind.ts';

/** How much is withheld: fields and segments in all, and each field's count by `kind.field`. */
export interface Withheld {
  readonly fields: number;
  readonly segments: number;
  readonly kinds: Readonly<Record<string, number>>;
}

export const NOTHING_WITHHELD: Withheld = { fields: 0, segments: 0, kinds: {} };

/** Counts what is withheld. @throws {Fault} at the first entry that withholds what carries the proof */
export function checkWithheld({ session, earlier, attestation }: BoundValues): Held<Withheld> {
  const kinds: Record<string, number> = {};
  const add = (name: string, count: number): void => {
    if (count > 0) kinds[name] = (kinds[name] ?? 0) + count;
  };
  let fields = 0;
  let segments = 0;
  for (const entry of [...session, ...earlier, ...(attestation === null ? [] : [attestation])]) {
    const { k, i } = entry.leaf;
    for (const name of entry.opened.withheld) {
      if (!isWithholdable(k, name)) {
        throw new Fault(i, `Entry ${i} withholds "${name}", without which it proves nothing`);
      }
      add(`${k}.${name}`, 1);
      fields += 1;
    }
    for (const { field, segments: shown } of entry.texts) {
      const hidden = shown.filter(({ kind }) => kind === 'withheld').length;
      add(`${k}.${field}`, hidden);
      segments += hidden;
    }
  }
  const detail =
    fields + segments === 0
      ? 'Nothing is withheld'
      : `${fields} values and ${segments} segments of text are withheld`;
  return { detail, value: { fields, segments, kinds: sorted(kinds) } };
}

/** What this file does not prove, in words. Of one that failed nothing is said but that. */
export function notProved({
  isVerified,
  session,
  witnesses,
  isJudged,
  notJudged,
  isAttested,
}: {
  isVerified: boolean;
  session: readonly BoundEntry[];
  witnesses: readonly string[];
  isJudged: boolean;
  notJudged: readonly number[];
  isAttested: boolean;
}): readonly string[] {
  if (!isVerified) {
    return ['Anything: a check failed, and what the file shows may be false. Do not rely on it.'];
  }
  const words = [
    'That the machine did what it says: the endpoint does not sign outputs, states and exit codes; they are as the appliance recorded them.',
    'Who wrote chat and comments: their authors do not sign them; they are as the appliance recorded them.',
    'The hour: times are the clock of the appliance. The order of entries is proved without it.',
    'What happened before the opening or after the closing, or outside this log.',
    'That no newer roster, authority or policy was signed before the session and kept from the log.',
    'That the roster, authority, policy and enrolment which the session cites were the newest when it opened: a newer one, or the removal of the endpoint, that stands in the log before the opening and is not cited is not seen here. The whole log shows it.',
  ];
  if (witnesses.length === 0) {
    words.push('That everybody was shown the same log: no witness that you trust cosigned it.');
  }
  if (!isJudged) {
    words.push(
      'That the policy was applied rightly: its decisions are taken as they were recorded.',
    );
  } else if (notJudged.length > 0) {
    const list = notJudged.join(', ');
    words.push(`That the policy allowed entries ${list}: their commands are withheld.`);
  }
  const cut = session.filter((entry) => droppedBytes(entry) > 0).map(({ leaf }) => leaf.i);
  if (cut.length > 0) {
    const list = cut.join(', ');
    words.push(`What was printed beyond the limits: it is cut, as entries ${list} say.`);
  }
  words.push(
    isAttested
      ? 'That the reviewer took no part unseen, and was still of the MSP: who wrote, withdrew and closed stands on record by name and unsigned, and a newer roster that this file does not hold is not seen.'
      : 'That anybody else looked at it: nobody attested this file.',
  );
  if (session.at(-1)?.leaf.k === 'session.abandoned') {
    words.push('How the session ended: it was abandoned, and commands may have no recorded end.');
  }
  if (session.some((entry) => shapeOf(entry.leaf.k).texts.length > 0 && isHidden(entry))) {
    words.push('What the withheld text says: only that it is as long as recorded, and unchanged.');
  }
  return words;
}

/** What an entry says was printed and not kept. */
function droppedBytes(entry: BoundEntry): number {
  const fields = fieldsAs('state.captured', entry) ?? fieldsAs('command.exited', entry);
  return fields?.dropped_bytes ?? 0;
}

function isHidden({ texts }: BoundEntry): boolean {
  return texts.some(({ segments }) => segments.some(({ kind }) => kind === 'withheld'));
}

function sorted(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
