import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { awayWords } from './away-words.ts';

const away = suite('awayWords()');

away('knows what relay and link say, and keeps what it does not know', () => {
  const relay = 'Cannot dial: failed to connect via relay with status NO_RESERVATION';
  assert.is(awayWords(relay), 'its appliance is not connected');
  const lost = 'Lost the appliance: Cannot receive: the connection was lost';
  assert.is(awayWords(lost), 'the connection was lost');
  const hungUp = 'Cannot dial: Unexpected EOF - read 0/1 bytes';
  assert.match(
    awayWords(hungUp),
    /relay did not let this tab in: it takes 16 linked tabs .* close some/,
  );
  assert.is(awayWords('Connection refused'), 'Connection refused');
  assert.is(awayWords(null), 'it did not answer');
});

away.run();
