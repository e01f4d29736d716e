import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type FleetItem, fleetList, type FleetSite, siteWords } from './fleet-list.ts';
import type { FleetRow } from './fleet.ts';

const site = (id: string, over: Partial<FleetSite> = {}): FleetSite => ({
  ...{ id, name: `Site ${id}`, clientId: 'c', clientName: 'Acme', state: 'claimed' },
  ...over,
});
const row = (siteId: string, id: string, over: Partial<FleetRow> = {}): FleetRow => ({
  ...{ siteId, siteName: `Site ${siteId}`, clientId: 'c', clientName: 'Acme', id, name: id },
  ...{ labels: [], state: 'online', seenAt: null, software: null, host: null },
  ...{ openSession: null, isVerified: true, note: '' },
  ...over,
});
const lines = (items: readonly FleetItem[]): readonly string[] =>
  items.map((item) => (item.kind === 'site' ? `${item.site.name}: ${siteWords(item)}` : item.key));

const list = suite('fleetList()');

list('puts every machine under its site, sites in the order of client and name', () => {
  const sites = [site('2'), site('1'), site('3', { clientName: 'zeta' }), site('4')];
  const rows = [row('3', 'c'), row('1', 'a'), row('2', 'b', { state: 'offline' }), row('1', 'd')];
  assert.equal(lines(fleetList(rows, { sites, isSearch: false })), [
    ...['Site 1: 2 machines · 2 online', '1/a', '1/d'],
    ...['Site 2: 1 machine · 0 online', '2/b'],
    ...['Site 4: no machine yet', 'Site 3: 1 machine · 1 online', '3/c'],
  ]);
});

list('lists only sites with something in them while somebody searches', () => {
  const options = { sites: [site('1'), site('2')], isSearch: true };
  assert.equal(lines(fleetList([row('2', 'b')], options)), [
    ...['Site 2: 1 machine · 1 online', '2/b'],
  ]);
  assert.equal(fleetList([], options), []);
});

list('has a place for a machine of a site that it was not told of', () => {
  const found = fleetList([row('9', 'x')], { sites: [], isSearch: false });
  assert.equal(lines(found), ['Site 9: 1 machine · 1 online', '9/x']);
});

list.run();

const words = suite('siteWords()');

words('says what a site waits for, and counts a pending machine as not online', () => {
  const [invited] = fleetList([], { sites: [site('1', { state: 'invited' })], isSearch: false });
  assert.is(invited?.kind === 'site' && siteWords(invited), 'waits for its appliance');
  const [pending] = fleetList([row('1', 'a', { isVerified: false })], {
    ...{ sites: [site('1')], isSearch: false },
  });
  assert.is(pending?.kind === 'site' && siteWords(pending), '1 machine · 0 online');
});

words.run();
