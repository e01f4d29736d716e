import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { chooseDestinations, pagesFor } from './destination.ts';

const titles = (query: string): readonly string[] =>
  chooseDestinations(pagesFor('owner'), query).map(({ title }) => title);

const choose = suite('chooseDestinations()');

choose('wants every word, in title or note, in any case', () => {
  assert.is(titles('').length, pagesFor('owner').length);
  assert.equal(titles('  KEYS '), ['People', 'Your account']);
  assert.equal(titles('account sign'), ['Your account']);
  assert.equal(titles('till-1'), []);
});

choose.run();

const pages = suite('pagesFor()');

pages('pagesFor() leads nobody to what only an owner can do', () => {
  const added = (role: string) =>
    chooseDestinations(pagesFor(role), 'add a site').length +
    chooseDestinations(pagesFor(role), 'invite').length;
  assert.is(added('owner'), 2);
  for (const role of ['technician', 'reviewer', 'read-only']) assert.is(added(role), 0, role);
});

pages.run();
