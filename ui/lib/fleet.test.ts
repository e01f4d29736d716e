import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  asHeard,
  countStates,
  type FleetRow,
  searchRows,
  searchText,
  stateWords,
} from './fleet.ts';

const row = (changes: Partial<FleetRow>): FleetRow => ({
  ...{ siteId: 's1', siteName: 'Head office', clientId: 'c1', clientName: 'Müller GmbH' },
  ...{ id: 'e1', name: 'SRV-FILES-01', labels: ['server'], state: 'online', seenAt: null },
  ...{ software: null, host: { os: 'Debian 12' }, openSession: null, isVerified: true, note: '' },
  ...changes,
});

const indexed = (rows: readonly FleetRow[]) =>
  rows.map((each) => ({ row: each, text: searchText(each) }));

const heard = suite('asHeard()');

heard('asHeard() calls no machine present whose site is away', () => {
  const states = ['online', 'reconnecting', 'offline', 'never-seen'];
  const words = (isSiteOnline: boolean) =>
    states.map((each) => stateWords(asHeard(row({ state: each }), isSiteOnline)).text);
  assert.equal(words(true), ['online', 'reconnecting', 'offline', 'never seen']);
  assert.equal(words(false), ['site away', 'site away', 'offline', 'never seen']);
});

heard.run();

const search = suite('searchRows()');

search('searchRows() wants every word, anywhere, in any case', () => {
  const rows = indexed([
    row({}),
    row({ id: 'e2', name: 'PC-07', labels: [], host: null }),
    row({ id: 'e3', note: 'under the stairs', clientName: 'Ånd AS' }),
  ]);
  const ids = (query: string) => searchRows(rows, query).map(({ id }) => id);
  assert.equal(ids(''), ['e1', 'e2', 'e3']);
  assert.equal(ids('files müller'), ['e1']);
  assert.equal(ids('debian SERVER'), ['e1', 'e3']);
  assert.equal(ids('stairs'), ['e3']);
  assert.equal(ids('ånd'), ['e3']);
  assert.equal(ids('files nothing'), []);
});

search(
  'searchRows() finds the words of a state as they are shown, and whoever has a session',
  () => {
    const rows = indexed([
      row({}),
      row({ id: 'e2', state: 'offline', openSession: 's' }),
      row({ id: 'e3', isVerified: false }),
      row({ id: 'e4', state: 'never-seen' }),
    ]);
    const ids = (query: string) => searchRows(rows, query).map(({ id }) => id);
    assert.equal(ids('online'), ['e1']);
    assert.equal(ids('Offline files'), ['e2']);
    assert.equal(ids('pending'), ['e3']);
    assert.equal(ids('never seen'), ['e4']);
    assert.equal(ids('session open'), ['e2']);
  },
);

search.run();

const state = suite('stateWords()');

state('stateWords() has a word for every state, and shows an unknown one as it is', () => {
  const words = ['online', 'reconnecting', 'offline', 'never-seen', 'melted'].map(
    (each) => stateWords(row({ state: each })).text,
  );
  assert.equal(words, ['online', 'reconnecting', 'offline', 'never seen', 'melted']);
  assert.is(stateWords(row({ isVerified: false })).text, 'pending');
});

state.run();

const count = suite('countStates()');

count('countStates() counts by word', () => {
  const rows = [row({}), row({ state: 'offline' }), row({ isVerified: false }), row({})];
  assert.equal(
    [...countStates(rows)],
    [
      ['online', 2],
      ['offline', 1],
      ['pending', 1],
    ],
  );
});

count.run();
