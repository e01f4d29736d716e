// What a session was, in a few words, as far as its evidence shows it.

import { type BoundEntry, fieldsAs } from './evidence-values.ts';
import type { Member } from './statement.ts';

/** Null where it is withheld or unknown. Times are RFC 3339 UTC, by the appliance's clock. */
export interface Summary {
  readonly entries: number;
  /** What was run for its own sake; one whose purpose is withheld counts, too. */
  readonly commands: number;
  /** Commands that only showed the state before or after another. */
  readonly stateCommands: number;
  readonly approvals: number;
  readonly openedAt: string | null;
  readonly closedAt: string | null;
  /** The name in the MSP's signed roster; before that is proved, the one on record. */
  readonly technician: string | null;
  readonly endpoint: string | null;
  readonly endpointName: string | null;
  readonly client: string | null;
  readonly site: string | null;
  readonly reason: string | null;
}

/** Sums a session up from its entries, in order; `technician` is whom the signed roster names, null before that. */
export function summarise(
  session: readonly BoundEntry[],
  technician: Pick<Member, 'name'> | null,
): Summary {
  const [opening] = session;
  const closing = session.at(-1);
  const opened = opening && fieldsAs('session.opened', opening);
  const started = session.flatMap((entry) => fieldsAs('command.started', entry) ?? []);
  const isWork = ({ purpose = 'work' }: (typeof started)[number]): boolean => purpose === 'work';
  const commands = started.filter(isWork).length;
  const count = (kind: string): number => session.filter(({ leaf }) => leaf.k === kind).length;
  return {
    entries: session.length,
    commands,
    stateCommands: started.length - commands,
    approvals: count('approval.granted'),
    openedAt: opening?.leaf.t ?? null,
    closedAt: closing?.leaf.t ?? null,
    technician: technician?.name ?? opened?.technician ?? null,
    endpoint: opening?.leaf.e ?? null,
    endpointName: opened?.endpoint_name ?? null,
    client: opened?.client ?? null,
    site: opened?.site ?? null,
    reason: opened?.reason ?? null,
  };
}
