// The fleet as its page follows it.

import '#scripts/testing/svelte-module.ts';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type FleetRow, stateWords } from '#ui/lib/fleet.ts';

const { FleetState } = await import('./fleet.svelte.ts');

const row = (siteId: string, id: string, over: Partial<FleetRow> = {}): FleetRow => ({
  ...{ siteId, siteName: siteId, clientId: 'c', clientName: 'Acme', id, name: id, labels: [] },
  ...{ state: 'online', seenAt: null, software: null, host: null, openSession: null },
  ...{ isVerified: true, note: '' },
  ...over,
});

const words = (rows: readonly FleetRow[]): readonly string[] =>
  rows.map((each) => `${each.id} ${stateWords(each).text}`);

const state = suite('FleetState');

state('takes what is told: machines that changed, came and went', () => {
  const fleet = new FleetState({ rows: [row('a', '1'), row('a', '2')], away: new Set() });
  fleet.take([
    { kind: 'endpoints', items: [row('a', '2', { state: 'offline' }), row('b', '3')] },
    { kind: 'gone', siteId: 'a', ids: ['1'] },
  ]);
  assert.equal(words(fleet.all), ['2 offline', '3 online']);
  fleet.query = 'b 3';
  assert.equal(words(fleet.shown), ['3 online']);
  fleet.replace({ rows: [row('c', '9')], away: new Set() });
  assert.equal([words(fleet.all), fleet.shown], [['9 online'], []]);
});

state('says of machines whose site is away that it is, until the site is heard again', () => {
  const rows = [row('a', '1'), row('b', '2')];
  const fleet = new FleetState({ rows, away: new Set(['a']) });
  assert.equal(words(fleet.all), ['1 site away', '2 online']);
  fleet.query = 'online';
  assert.equal(words(fleet.shown), ['2 online'], 'it is not found by what it was');
  fleet.query = 'away';
  assert.equal(words(fleet.shown), ['1 site away']);
  fleet.query = '';
  fleet.take([
    { kind: 'site', siteId: 'a', link: 'came' },
    { kind: 'site', siteId: 'b', link: 'went' },
  ]);
  assert.equal(words(fleet.all), ['1 online', '2 site away']);
  fleet.take([{ kind: 'site', siteId: 'b' }]);
  assert.equal(words(fleet.shown), ['1 online', '2 online']);
});

state.run();
