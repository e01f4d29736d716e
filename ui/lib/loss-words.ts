// Why a machine's connection was lost, in words: the appliance writes a code, the time at which the machine was last
// heard, and how many losses before were too short for an entry of their own. Pure.

import { visibleText } from '#crypto/visible.ts';

export interface LossWords {
  readonly text: string;
  /** When it was last heard, in ISO 8601; null when the reason does not say. */
  readonly lastSeen: string | null;
}

const WORDS: Readonly<Record<string, string>> = {
  ended: 'Its agent hung up',
  'stream-lost': 'The connection broke',
  'peer-closed': 'The connection was closed',
  closed: 'The connection was closed',
  timeout: 'It was not heard any more',
  failed: 'The appliance failed on what it sent',
  'message-invalid': 'It broke the protocol',
  'message-unknown': 'It broke the protocol',
  'frame-too-large': 'It broke the protocol',
  'frame-malformed': 'It broke the protocol',
};

const REASON =
  /^([a-z-]+), last seen (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)(?:; shorter losses before: (\d+))?$/;

/** Says the reason of an entry `endpoint.offline`. One of another shape is shown as it came. */
export function lossWords(reason: string): LossWords {
  const [, code = '', lastSeen = null, count] = REASON.exec(reason) ?? [];
  if (lastSeen === null) return { text: visibleText(reason), lastSeen };
  const before = count === undefined ? '' : `, after ${count} shorter losses`;
  return { text: `${WORDS[code] ?? visibleText(code)}${before}`, lastSeen };
}
