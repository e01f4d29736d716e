import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { parseTheme } from './theme.ts';

const theme = suite('parseTheme()');

theme('parseTheme() takes three words and lets nothing else into the page', () => {
  assert.equal(['light', 'dark', 'system'].map(parseTheme), ['light', 'dark', 'system']);
  for (const text of [undefined, '', 'DARK', '"><script>', '__proto__']) {
    assert.is(parseTheme(text), 'system');
  }
});

theme.run();
