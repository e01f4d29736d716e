import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createLedgerPlace } from '#scripts/testing/ledger-place.ts';
import type { Kind } from '#crypto/kind.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { findEntries, MAX_READ } from './entries.ts';
import { record } from './record.ts';

const HERE = 'A'.repeat(22);
const THERE = `${'B'.repeat(21)}A`;
const BOTH: readonly Kind[] = ['endpoint.offline', 'endpoint.online'];

function come(ledger: Ledger, endpoint: string): Promise<unknown> {
  const fields = { name: 'till', os: 'linux', version: '1', runtime: 'node', address: '' };
  return record(ledger, { kind: 'endpoint.online', endpoint, fields });
}

function leave(ledger: Ledger, endpoint: string): Promise<unknown> {
  const fields = { name: 'till', reason: 'no heartbeat' };
  return record(ledger, { kind: 'endpoint.offline', endpoint, fields });
}

const find = suite('findEntries()');

find('merges kinds into one list, the newest first, page by page, each entry once', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  await come(ledger, HERE);
  await leave(ledger, HERE);
  await come(ledger, THERE);
  await come(ledger, HERE);
  for (const limit of [1, 2, 3, 4]) {
    const indices: number[] = [];
    let before: number | undefined;
    do {
      const question = { kinds: BOTH, endpoint: HERE, limit };
      const page = await findEntries(ledger, {
        ...question,
        ...(before === undefined ? {} : { before }),
      });
      assert.ok(page.found.length <= limit);
      indices.push(...page.found.map(({ index }) => index));
      before = page.next ?? undefined;
    } while (before !== undefined);
    assert.equal(indices, [3, 1, 0], `pages of ${limit}`);
  }
  const all = await findEntries(ledger, { kinds: [...BOTH, ...BOTH], limit: 10 });
  assert.equal(
    all.found.map(({ index }) => index),
    [3, 2, 1, 0],
  );
  assert.is(all.next, null);
});

find('reads no more than so many for one page, and says where to go on', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  await come(ledger, HERE);
  const others = Array.from({ length: MAX_READ }, () => come(ledger, THERE));
  await Promise.all(others);
  const question = { kinds: BOTH, endpoint: HERE, limit: 10 };
  const first = await findEntries(ledger, question);
  assert.equal(first, { found: [], next: 1 });
  const second = await findEntries(ledger, { ...question, before: 1 });
  assert.equal([second.found.map(({ index }) => index), second.next], [[0], null]);
});

find.run();
