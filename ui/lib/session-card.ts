// What the session page shows: cards. One card tells all that the log says of one command, from the state before it
// to the state after it; chat and facts have cards of their own. A card is a value: when an entry adds to it, a new
// one takes its place. All text in it but the command is visible text (`crypto/visible.ts`) already.

import type { RequestState } from '#appliance/protocol/request-state.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import type { Leaf } from '#crypto/leaf.ts';
import type { Grown } from './grown.ts';
import type { OutputText } from './output-text.ts';

/** An entry that a card tells of: its proof can be looked at. */
export interface EntryMark {
  /** Leaf hash, base64url. */
  readonly name: string;
  readonly leaf: Leaf;
}

interface CardBase {
  /** The leaf hash of its first entry: it does not change. */
  readonly key: string;
  /** Where the first entry stands in the log, and when it was written. */
  readonly index: number;
  readonly at: string;
  readonly entries: Grown<EntryMark>;
}

export type Card = CommandCard | ChatCard | FactCard;

export interface ChatCard extends CardBase {
  readonly kind: 'chat';
  readonly from: 'technician' | 'client' | null;
  readonly name: string;
  readonly text: string;
}

export type FactTone = 'plain' | 'good' | 'warn' | 'bad';

export interface FactCard extends CardBase {
  readonly kind: 'fact';
  readonly tone: FactTone;
  readonly title: string;
  readonly details: readonly string[];
}

/** What is run. Null: the log withholds it, or it is not known yet. */
export interface CommandText {
  /** Exactly as it runs; not made visible. */
  readonly command: string;
  readonly shell: string;
  readonly cwd: string | null;
  readonly envNames: readonly string[];
  readonly timeoutMs: number | null;
}

export interface RequestPart {
  /** Leaf hash of the entry that asked: what withdrawing names. */
  readonly name: string;
  readonly match: string;
  readonly state: RequestState;
  readonly why: string | null;
  readonly requestedAt: string;
  readonly expires: string;
  readonly needed: number;
  readonly grants: readonly {
    readonly approverId: string;
    readonly approver: string;
    readonly method: string;
    readonly comment: string | null;
    readonly at: string;
  }[];
  readonly asked: readonly {
    readonly to: string | null;
    /** Who reminded them; null when they were asked for the first time, or by the policy's terms. */
    readonly by: string | null;
    readonly channel: string;
    readonly at: string;
  }[];
  readonly viewed: readonly {
    readonly by: string | null;
    readonly channel: string;
    readonly at: string;
  }[];
  /** How it ended when it was not granted: who, and what they said. */
  readonly ended: {
    readonly by: string | null;
    readonly comment: string | null;
    readonly at: string;
  } | null;
}

export interface ExitPart {
  readonly outcome: FieldsOf<'command.exited'>['outcome'] | null;
  readonly code: number | null;
  readonly signal: string | null;
  readonly durationMs: number | null;
  readonly problem: string | null;
  readonly droppedBytes: number;
  readonly at: string;
}

/** A state around the command, by a command of its own. `text` is null until it was captured. */
export interface StatePart {
  readonly command: string | null;
  readonly text: string | null;
  readonly exitCode: number | null;
  /** Bytes of it that are not on record: it was too long. */
  readonly droppedBytes: number;
  /** Why there is none, when there is none. */
  readonly problem: string | null;
  readonly isOver: boolean;
}

export interface OutputPart {
  /** Grows with the command; the numbers beside it are those of this card. */
  readonly text: OutputText;
  readonly exact: OutputText;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
}

export interface CommandCard extends CardBase {
  readonly kind: 'command';
  /** Hash of the signed command; null until its own entry is there. */
  readonly statement: string | null;
  readonly work: CommandText | null;
  /** Whether the log withholds or has erased what was run. */
  readonly isWithheld: boolean;
  readonly decision: {
    readonly effect: string;
    readonly access: string;
    readonly rule: string | null;
    readonly why: string;
  } | null;
  readonly request: RequestPart | null;
  readonly started: { readonly index: number; readonly at: string } | null;
  readonly output: OutputPart | null;
  readonly exit: ExitPart | null;
  readonly refused: {
    readonly by: string;
    readonly code: string;
    readonly why: string;
    readonly at: string;
  } | null;
  readonly before: StatePart | null;
  readonly after: StatePart | null;
}

/** How a command is, in one word. */
export type CommandStatus =
  | 'preparing'
  | 'waiting'
  | 'approved'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'refused'
  | 'denied'
  | 'expired'
  | 'withdrawn';

export function commandStatus({ exit, refused, started, request }: CommandCard): CommandStatus {
  if (exit !== null) return exit.outcome === 'exited' && exit.code === 0 ? 'succeeded' : 'failed';
  if (refused !== null) return 'refused';
  if (started !== null) return 'running';
  if (request === null) return 'preparing';
  return request.state === 'granted' ? 'approved' : request.state;
}

/** Whether it has not ended yet: it can be cancelled. */
export function isUnderWay(card: CommandCard): boolean {
  return ['preparing', 'waiting', 'approved', 'running'].includes(commandStatus(card));
}
