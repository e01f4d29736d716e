import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { chooseDestinations, PAGES } from './destination.ts';

const titles = (query: string): readonly string[] =>
  chooseDestinations(PAGES, query).map(({ title }) => title);

const choose = suite('chooseDestinations()');

choose('wants every word, in title or note, in any case', () => {
  assert.is(titles('').length, PAGES.length);
  assert.equal(titles('  KEYS '), ['People', 'Your account']);
  assert.equal(titles('account sign'), ['Your account']);
  assert.equal(titles('till-1'), []);
});

choose.run();
