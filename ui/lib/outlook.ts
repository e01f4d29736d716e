// What would become of a command line while it is still being typed: asked of the site once the typing rests, in the
// words of the cards. A preview: after Enter the site judges again, and only that counts.

import type { AnswerOf } from '#appliance/protocol/client-message.ts';
import { ClientError } from '#appliance/protocol/client.ts';

export type Judged = AnswerOf<'command.judge'>;

/** What is said beside the line. */
export interface Outlook {
  readonly tone: 'good' | 'warn' | 'bad';
  readonly title: string;
  readonly text: string;
  /** Id of the rule that decides; null: none of them does. */
  readonly rule: string | null;
}

/** So long the line must have rested. */
export const PAUSE_MS = 300;

/** Runs its work after a while; answers how to keep it from that. */
export type After = (delayMs: number, work: () => void) => () => void;

/**
 * Looks ahead once PAUSE_MS have passed. Answers how to stop: what was asked is then stale, and tells nothing any more.
 */
export function lookAhead(
  judge: (signal: AbortSignal) => Promise<Judged>,
  {
    onOutlook,
    after = afterTimeout,
  }: { onOutlook: (outlook: Outlook | null) => void; after?: After },
): () => void {
  const stale = new AbortController();
  const { signal } = stale;
  const look = async (): Promise<void> => {
    const outlook = await judge(signal).then(judgedWords, unjudgedWords);
    if (!signal.aborted) onOutlook(outlook);
  };
  const cancel = after(PAUSE_MS, () => void look());
  return () => {
    cancel();
    stale.abort(new ClientError('closed', 'The line has changed'));
  };
}

/** What the site's policy says, in words. */
export function judgedWords({ effect, rule, why }: Judged): Outlook {
  switch (effect) {
    case 'allow':
      return { tone: 'good', title: 'Runs at once', text: why, rule };
    case 'ask':
      return { tone: 'warn', title: 'Waits for the client', text: why, rule };
    case 'deny':
      return { tone: 'bad', title: 'Refused by the policy', text: why, rule };
    default:
      throw new Error(`unreachable: effect ${String(effect satisfies never)}`);
  }
}

/** Why nothing could run now, by what the site says. */
const HINDRANCES: Readonly<Partial<Record<string, string>>> = {
  'endpoint-offline': 'The machine is offline.',
  'shell-missing': 'The machine does not have this shell. Choose another one below the line.',
  'session-busy': 'Sixteen commands of this session run or wait already.',
  'session-unknown': 'The session has ended.',
  'session-closed': 'The session is being closed.',
  'not-allowed': 'Your role does not allow it here.',
  'state-not-read-only':
    'The policy does not let “State by” run without asking. Choose a command that only reads.',
  'request-invalid': 'It is too long for one command, or holds half of a character.',
};

/** What runs out or is not valid yet; the record would say the same of who refuses. */
const NOT_IN_FORCE: ReadonlySet<string> = new Set(['expired', 'not-yet-valid', 'not-authorised']);

/** The link and the appliance have other places to tell of themselves, and an older appliance looks ahead for nobody. */
const UNTOLD: ReadonlySet<string> = new Set([
  'away',
  'stream-lost',
  'closed',
  'stopping',
  'overloaded',
  'verb-unknown',
]);

/** Why the site does not say, in words; null: there is nothing to say. */
export function unjudgedWords(cause: unknown): Outlook | null {
  const unknown = { tone: 'warn', title: 'Not known before Enter', rule: null } as const;
  if (!(cause instanceof ClientError)) {
    return { ...unknown, text: 'The site answered what this page cannot read.' };
  }
  if (UNTOLD.has(cause.code)) return null;
  const hindrance = HINDRANCES[cause.code];
  if (hindrance !== undefined) {
    return { tone: 'bad', title: 'Cannot run now', text: hindrance, rule: null };
  }
  if (NOT_IN_FORCE.has(cause.code)) {
    return { tone: 'bad', title: 'Refused by the appliance', text: cause.message, rule: null };
  }
  return { ...unknown, text: cause.message };
}

function afterTimeout(delayMs: number, work: () => void): () => void {
  const timer = setTimeout(work, delayMs);
  return () => clearTimeout(timer);
}
