import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { refusalWords } from './refusal-words.ts';

const refusal = suite('refusalWords()');

refusal('refusalWords() tells what the site refuses from what this browser does', () => {
  const site = refusalWords({ kind: 'refused', code: 'not-allowed', why: 'Not on the roster' });
  assert.is(site.title, 'The site does not let this browser in');
  assert.is(site.why, 'Not on the roster');
  const own = refusalWords({ kind: 'refused', code: 'keys-changed', why: 'Cannot trust site' });
  assert.is(own.title, 'This browser does not link with the site');
  assert.match(own.why, 'other keys');
  assert.not.match(own.next, 'Sign');
});

refusal('refusalWords() tells whom the roster does not have from whose word has run out', () => {
  const said = (code: string) =>
    refusalWords({ kind: 'refused', code, why: 'Cannot accept key: it is not in the roster' });
  assert.is(said('not-authorised').why, 'your signing key is not in its roster');
  assert.match(said('not-authorised').next, 'An owner adds it');
  assert.match(said('expired').next, 'clock');
});

refusal.run();
