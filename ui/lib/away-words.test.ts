import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { awayWords } from './away-words.ts';

const away = suite('awayWords()');

away('knows what the relay says, and keeps what it does not know', () => {
  const relay = 'Cannot dial: failed to connect via relay with status NO_RESERVATION';
  assert.is(awayWords(relay), 'its appliance is not connected');
  assert.is(awayWords('Connection refused'), 'Connection refused');
  assert.is(awayWords(null), 'it did not answer');
});

away.run();
