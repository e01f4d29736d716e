// Why something is asked, as the pages on site say it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openOnsiteStage } from '#scripts/testing/onsite-stage.ts';
import { createPageVisitor } from '#scripts/testing/page-visitor.ts';
import { readSessionWords } from './session-words.ts';
import { taste, whyTaste, whyWords } from './why-card.ts';

const said = { reason: '<b>No</b> card payments', ticket: 'T-1042' };
const unsaid = { reason: null, ticket: null };
const none = 'Alice gave no reason.';

const words = suite('whyWords()');

words(
  'whyWords() says the session’s reason and ticket, and the command’s own beside it',
  async () => {
    const both = String(await whyWords(said, { why: 'The terminal hangs.', none }));
    assert.match(both, '&lt;b&gt;No&lt;/b&gt; card payments');
    assert.match(both, 'T-1042');
    assert.match(both, 'And for this command:');
    assert.match(both, 'The terminal hangs.');
    assert.not.match(both, none);
  },
);

words(
  'whyWords() says that no reason was given only when none was, session or command',
  async () => {
    assert.not.match(String(await whyWords(said, { why: null, none })), none);
    assert.not.match(String(await whyWords(unsaid, { why: 'It hangs.', none })), none);
    assert.match(String(await whyWords(unsaid, { why: null, none })), none);
  },
);

words('whyWords() stands on every page of a request, and on its session’s', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash } = await stage.ask({ why: null });
  const { id } = await stage.session();
  for (const path of ['/', `/requests/${hash}`, `/requests/${hash}/receipt`, `/sessions/${id}`]) {
    const { text } = await visitor.get(path);
    assert.match(text, 'Carol called: no card payments since this morning.', path);
    assert.match(text, 'T-1042', path);
    assert.not.match(text, 'gave no reason', path);
  }
});

words.run();

const tastes = suite('whyTaste()');

tastes(
  'whyTaste() is empty without a word, else has reason, the command’s own, and ticket',
  async () => {
    assert.is(String(await whyTaste(unsaid, null)), '');
    const text = String(await whyTaste(said, 'It hangs.'));
    for (const part of ['“&lt;b&gt;No', '“It hangs.”', 'T-1042']) assert.match(text, part);
  },
);

tastes.run();

const cut = suite('taste()');

cut('taste() is one visible line, cut with an ellipsis', () => {
  assert.is(taste('a\n  b\u202e', { lineEnd: ' ⏎ ' }), 'a ⏎ b\\u{202e}');
  assert.is(taste('x'.repeat(160)), 'x'.repeat(160));
  assert.is(taste('x'.repeat(161)), `${'x'.repeat(159)}…`);
  assert.is(taste(`x${'\n'.repeat(10_000)}rm`), 'x…', 'what is not read is said to be cut');
});

cut.run();

const read = suite('readSessionWords()');

read('readSessionWords() has nothing of a session that the log does not know', async () => {
  await using stage = await openOnsiteStage();
  assert.equal(await readSessionWords(stage.ledger, 'A'.repeat(22)), unsaid);
});

read.run();
