import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ClientError } from '#appliance/protocol/client.ts';
import type { LogEntries } from '#appliance/protocol/log-entries.ts';
import { FormatError, VerifyError } from '#crypto/error.ts';
import type { Kind } from '#crypto/kind.ts';
import { STORY_ENDPOINT, tellEntry, tellOffline, tellOnline } from '#scripts/testing/told-entry.ts';
import { STORY_LOG } from '#scripts/testing/told-session.ts';
import { checkListed, type ListedQuestion } from './listed-entries.ts';

const kinds: readonly Kind[] = ['endpoint.online', 'endpoint.offline'];
const question = { origin: STORY_LOG, kinds, endpoint: STORY_ENDPOINT, before: null };

/** The code with which a page is refused. */
function codeOf(answer: LogEntries, asked: Partial<ListedQuestion> = {}): string {
  try {
    checkListed(answer, { ...question, ...asked });
    return 'accepted';
  } catch (cause) {
    if (cause instanceof ClientError || cause instanceof VerifyError) return cause.code;
    if (cause instanceof FormatError) return cause.code;
    throw cause;
  }
}

const check = suite('checkListed()');

check('answers what was asked for, each entry checked', () => {
  const entries = [tellOnline(9), tellOffline(4)];
  const checked = checkListed({ entries, next: 4 }, { ...question, before: 10 });
  assert.equal(
    checked.map(({ leaf }) => leaf.i),
    [9, 4],
  );
  assert.equal(checkListed({ entries: [], next: null }, question), []);
});

const other = `${'F'.repeat(21)}A`;
const CASES: readonly (readonly [string, LogEntries])[] = [
  ['of another machine', { entries: [tellOnline(9, other)], next: null }],
  ['twice', { entries: [tellOnline(9), tellOnline(9)], next: null }],
  ['out of order', { entries: [tellOnline(4), tellOnline(9)], next: null }],
  ['that was seen before', { entries: [tellOnline(12)], next: null }],
  [
    'of another kind',
    {
      entries: [
        tellEntry(
          'endpoint.verified',
          { name: 'till-1', by: 'Ann' },
          { index: 9, endpoint: STORY_ENDPOINT },
        ),
      ],
      next: null,
    },
  ],
  ['with a page that does not go on', { entries: [], next: 12 }],
];
for (const [name, answer] of CASES) {
  check(`takes no entry ${name}`, () => {
    assert.is(codeOf(answer, { before: 12 }), 'message-invalid');
  });
}

check('takes no entry of another log, nor one whose values are not its leaf’s', () => {
  const entries = [tellOnline(9)];
  assert.is(codeOf({ entries, next: null }, { origin: 'other/site/x/1' }), 'message-invalid');
  const forged = { ...tellOnline(9), disclosures: tellOffline(9).disclosures };
  assert.is(codeOf({ entries: [forged], next: null }), 'binding');
});

check.run();
