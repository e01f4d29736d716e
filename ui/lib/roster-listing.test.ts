import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatPersonKey } from '#crypto/person-key.ts';
import type { Member } from '#crypto/statement.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { listingChange, namesakeOf, parseListing } from './roster-listing.ts';

async function keyOf(fill: number): Promise<string> {
  const { publicKey } = await importSigner(new Uint8Array(32).fill(fill));
  return formatPersonKey({ kind: 'ed25519', publicKey });
}
const [old, fresh, third] = (await Promise.all([1, 2, 3].map(keyOf))) as [string, string, string];
const tom: Member = { id: 'tom', name: 'Tom', role: 'technician', key: old };
const members = [tom];

const parse = suite('parseListing()');

parse('parseListing() trims what is a key, and says what is none', () => {
  const entered = { name: ' Tom ', role: 'technician', key: ` ${old}\n` } as const;
  assert.equal(parseListing(entered), { name: 'Tom', role: 'technician', key: old });
  for (const [change, says] of [
    [{ name: '  ' }, /whose/],
    [{ name: 'To\u202em' }, /one line/],
    [{ name: 'a'.repeat(129) }, /128/],
    [{ role: null }, /role/],
    [{ key: 'ed25519:AAAA' }, /no public key/],
    [{ key: `ed25519:${'A'.repeat(5000)}` }, /no public key/],
    [{ key: `{"format":"caisey/key/v1","key":"${old}","secret":"x"}` }, /never the secret/],
  ] as const) {
    const parsed = parseListing({ ...entered, ...change });
    assert.ok('problem' in parsed, JSON.stringify(change));
    assert.match(parsed.problem, says);
  }
});

parse.run();

const change = suite('listingChange()');

change('listingChange() lists somebody new under an id of their own', () => {
  const listing = { name: 'Tim', role: 'reviewer', key: fresh } as const;
  assert.is(namesakeOf(listing, members), null);
  assert.equal(listingChange(listing, { members, namesake: 'replace' }), {
    add: { id: 'tim', ...listing },
  });
});

change('listingChange() asks whose key it is where the name is known', () => {
  const listing = { name: 'TOM', role: 'technician', key: fresh } as const;
  assert.is(namesakeOf(listing, members), tom);
  const as = (namesake: 'replace' | 'beside' | 'other') =>
    listingChange(listing, { members, namesake });
  assert.equal(as('replace'), { put: { id: 'tom', ...listing } });
  assert.equal(as('beside'), { add: { id: 'tom', ...listing } }, 'one person, one id');
  assert.equal(as('other'), { add: { id: 'tom-2', ...listing } });
});

change(
  'listingChange() of a key that is listed changes its name and role, and no other key',
  () => {
    const two = [...members, { ...tom, key: third }];
    const listing = { name: 'Thomas', role: 'reviewer', key: old } as const;
    assert.is(namesakeOf({ name: 'Tom', key: old }, two), null);
    assert.equal(listingChange(listing, { members: two, namesake: 'replace' }), {
      add: { id: 'tom', ...listing },
    });
  },
);

change.run();
