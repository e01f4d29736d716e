import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { isForged } from './request.ts';

const ORIGIN = 'https://console.example';

const forged = suite('isForged()');

forged('isForged() goes by who asks for a change, whatever type its body has', () => {
  const cases: readonly (readonly [string, Record<string, string>, boolean])[] = [
    ['POST', { origin: ORIGIN }, false],
    ['POST', { origin: ORIGIN, 'sec-fetch-site': 'same-origin' }, false],
    ['POST', { origin: 'https://evil.example' }, true],
    ['POST', { origin: 'http://console.example' }, true],
    ['POST', { origin: 'null' }, true],
    ['DELETE', { origin: 'https://evil.example' }, true],
    ['POST', { 'sec-fetch-site': 'cross-site' }, true],
    ['POST', { 'sec-fetch-site': 'same-site' }, true],
    ['POST', { 'sec-fetch-site': 'none' }, false],
    ['POST', {}, false],
    ['GET', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, false],
  ];
  for (const [method, headers, expected] of cases) {
    const request = new Request(`${ORIGIN}/api/roster`, { method, headers });
    assert.is(isForged(request, ORIGIN), expected, JSON.stringify([method, headers]));
  }
});

forged.run();
