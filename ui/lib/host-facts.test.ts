import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { hostFacts } from './host-facts.ts';

const test = suite('hostFacts()');

test('hostFacts() says in words what a machine told, and keeps what it does not know', () => {
  const facts = hostFacts({
    ...{ os: 'linux', arch: 'x64', version: '6.1', hostname: 'till-1', load1: 0.4567, cpuCount: 2 },
    ...{ memoryFreeBytes: 1_000_000_000, memoryTotalBytes: 4_000_000_000, uptimeS: 7_800 },
    ...{ runtime: 'node', runtimeVersion: '24.21.0', colour: 'grey', gone: null },
  });
  const byTitle = Object.fromEntries(facts.map(({ title, text }) => [title, text]));
  assert.is(byTitle['System'], 'linux 6.1 x64');
  assert.is(byTitle['Load'], '0.46 on 2 processors');
  assert.match(byTitle['Memory'] ?? '', / free of /);
  assert.is(byTitle['Up for'], '2 h 10 min');
  assert.is(byTitle['Agent runs on'], 'node 24.21.0');
  assert.is(byTitle['colour'], 'grey');
  assert.not('Disk' in byTitle || 'gone' in byTitle || 'load1' in byTitle);
});

test('hostFacts() has nothing to say of a machine that told nothing, or nonsense', () => {
  assert.equal(hostFacts(null), []);
  assert.equal(hostFacts({ load1: 'high', cpuCount: null, memoryFreeBytes: 5 }), []);
});

test.run();
