// What somebody may be told of while a page of the console is open.

/** The kinds of notices, in the order in which they are chosen. */
export const NOTICE_KINDS = [
  'request-waits',
  'request-decided',
  'session-opened',
  'went-offline',
  'roster-ends',
] as const;

export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** What each is called where it is chosen. */
export const NOTICE_WORDS: Readonly<Record<NoticeKind, string>> = {
  'request-waits': 'A request waits for the client',
  'request-decided': 'A request of mine was decided, or ran out',
  'session-opened': 'Somebody else opened a session',
  'went-offline': 'A machine or a site went offline',
  'roster-ends': 'The roster is about to end',
};
