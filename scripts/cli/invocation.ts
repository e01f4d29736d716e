// One call of the command line: what every verb is given, and how a verb's work is run.

import type { Connection } from './connect.ts';
import type { Output } from './output.ts';
import type { Home } from './place.ts';
import type { Terminal } from './terminal.ts';

export interface Invocation {
  readonly terminal: Terminal;
  readonly output: Output;
  readonly home: Home;
  /** `--key`; null: the person's own. */
  readonly keyFile: string | null;
  /** Aborts when the person interrupts. */
  readonly signal: AbortSignal;
}

/** What a verb does. Answers an exit code; nothing is 0. */
export type Work = (invocation: Invocation) => Promise<number | void>;

/**
 * What Ctrl+C is to a verb: a failure, its ordinary end, or something that its work listens to itself.
 */
export type Interrupting = 'fail' | 'end' | 'own';

/** Runs a verb's work. @default interrupts 'fail' */
export type Act = (work: Work, options?: { readonly interrupts?: Interrupting }) => Promise<void>;

/** Connects to the appliance; libp2p is loaded by whoever comes here, and by nobody else. */
export async function connected(invocation: Invocation): Promise<Connection> {
  const { connect } = await import('./connect.ts');
  return connect(invocation);
}
