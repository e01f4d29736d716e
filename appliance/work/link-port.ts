// What the work of a session needs from the link to an endpoint. The broker implements it.

import type { SeenCheckpoint, WorkOrder } from '#crypto/work-order.ts';
import type { ShellName } from '#crypto/policy.ts';
import type { AgentMessageOf } from '#agent/protocol/link-message.ts';

/** A piece of a run's output, exact bytes, once and in order. */
export interface RunOutput {
  readonly stream: 'stdout' | 'stderr';
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** How a run ended; of one that was begun also who says so: its `problem` is in their words. */
export type RunEnd =
  | ({ readonly kind: 'exited'; readonly by: 'appliance' | 'agent' } & Omit<
      AgentMessageOf<'exited'>,
      'kind' | 'run' | 'seq'
    >)
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** An order, and the checkpoint that it brings: what the endpoint will have seen then. */
export interface MadeOrder {
  readonly order: WorkOrder;
  readonly checkpoint: SeenCheckpoint;
}

export interface Run {
  readonly endpoint: string;
  /** Leaf hash of `command.started`, base64url. */
  readonly run: string;
  /** What the order allows, of both streams together. An endpoint that sends more breaks the protocol. */
  readonly maxOutputBytes: number;
  /** Makes the order for an endpoint whose last checkpoint was `seen`; asked again when that has moved. */
  readonly order: (seen: SeenCheckpoint) => Promise<MadeOrder>;
  /** Told each piece of output; the endpoint is told that it is safe only after this resolves. */
  readonly onOutput: (output: RunOutput) => Promise<void>;
  /**
   * Told how it ended; the endpoint is told that this is safe only after it resolves. When it rejects, the
   * endpoint says its end again over another link.
   */
  readonly onEnd: (end: RunEnd) => Promise<void>;
}

export interface EndpointLinks {
  isOnline(endpoint: string): boolean;
  /** The shells that an endpoint said it has when it came; null: it was not here yet. */
  shells(endpoint: string): readonly ShellName[] | null;
  /**
   * Has an endpoint run an order; resolves after `onEnd` did. A link that breaks is waited for; an endpoint that
   * comes back without the run, or not in time, or breaks the protocol, ends it as `interrupted`.
   * @throws what `order` and `onEnd` throw
   */
  run(run: Run): Promise<void>;
  /** Asks the endpoint to stop a run. One that does not in STOP_MS is taken as `interrupted`. */
  cancel(endpoint: string, run: string): void;
}
