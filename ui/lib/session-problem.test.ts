import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ClientError } from '#appliance/protocol/client.ts';
import { cutWords, problemWords } from './session-problem.ts';

const struckOff = new ClientError('not-authorised', 'Cannot accept key: it is not in the roster');

const cut = suite('cutWords()');

cut('cutWords() tells who was taken out of the roster from who never stood in it', () => {
  const own = cutWords(struckOff, { wasIn: true, isOwn: true });
  assert.match(own, /took your key out of the roster; the session was ended/);
  const watched = cutWords(struckOff, { wasIn: true, isOwn: false });
  assert.match(watched, /took your key out/);
  assert.not.match(watched, /was ended/);
  assert.match(cutWords(struckOff, { wasIn: false, isOwn: false }), /An owner adds it/);
});

cut('cutWords() says of anything else what it is', () => {
  const gone = new ClientError('session-unknown', 'Cannot read session');
  assert.is(cutWords(gone, { wasIn: true, isOwn: true }), problemWords(gone));
});

cut.run();
