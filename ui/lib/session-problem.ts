// What went wrong, for the person at the screen: what happened, why, what to do next.

import { ClientError } from '#appliance/protocol/client.ts';
import { FormatError, VerifyError } from '#crypto/error.ts';

const WORDS: Readonly<Partial<Record<string, string>>> = {
  away: 'The site cannot be reached now, so nothing was sent. Send it again when the link is back.',
  'stream-lost':
    'The link broke before the site answered. If it arrived, the log says so as soon as the link is back. It is not sent again by itself.',
  'endpoint-offline': 'The machine is offline, so nothing ran. Try it again when it is back.',
  'shell-missing':
    'The machine does not have this shell, so nothing ran. Choose another one below the line.',
  'endpoint-pending':
    'The machine is pending, so no session was opened. Verify it on its page first.',
  'session-busy':
    'Sixteen commands of this session run or wait already. Wait for one to end, or cancel one.',
  'session-unknown': 'The session has ended, or this site does not know it. Open a new one.',
  'session-closed': 'The session is being closed. Open a new one to go on.',
  'state-not-read-only':
    'The state cannot be captured by that command: the policy does not allow it without asking. Choose one that only reads.',
  'command-replayed': 'This very command was sent before. Look for its card above.',
  'not-allowed': 'Your role does not allow this here.',
  'reminded-lately':
    'They were reminded less than a minute ago. The client’s page shows it; wait a little.',
  'request-unknown': 'The request is not waiting any more. Its card says what became of it.',
  'request-decided': 'The request is not waiting any more. Its card says what became of it.',
};

/** Why no more of a session is shown. Whom the site let in before and does no more, an owner took out of the roster. */
export function cutWords(
  cause: unknown,
  { wasIn, isOwn }: { wasIn: boolean; isOwn: boolean },
): string {
  if (!(cause instanceof ClientError) || cause.code !== 'not-authorised')
    return problemWords(cause);
  if (!wasIn) {
    return 'Your signing key is not in the roster of this site. An owner adds it under Settings, People.';
  }
  return isOwn
    ? 'An owner took your key out of the roster; the session was ended. What it did stays in the site’s log.'
    : 'An owner took your key out of the roster, so the site shows you no more of it.';
}

/** Says a failure in words. */
export function problemWords(cause: unknown): string {
  if (cause instanceof VerifyError || cause instanceof FormatError) {
    return `The site showed something that does not hold (${cause.message}). It is not shown. Tell your site's owner, and do not rely on what this site says until it is explained.`;
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  if (!(cause instanceof ClientError)) return message;
  if (cause.code === 'message-invalid') {
    return `${message}. It is not shown. Reload the page; if it happens again, tell your site's owner.`;
  }
  return WORDS[cause.code] ?? message;
}
