import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { flipBit } from '#scripts/testing/ledger-faults.ts';
import {
  appendAlerts,
  chat,
  closing,
  createLedgerPlace,
  type LedgerPlace,
  opening,
  ORIGIN,
  SESSION,
} from '#scripts/testing/ledger-place.ts';
import { equalBytes } from '#crypto/bytes.ts';
import { signCheckpoint } from '#crypto/checkpoint.ts';
import { sealEntry } from '#crypto/entry.ts';
import type { Hash } from '#crypto/hash.ts';

import { ERASED } from './content.ts';
import { fsck, type FsckReport } from './fsck.ts';
import { contentKey, kindKey, leafKey, openKey, sessionKey, tileKey } from './key-space.ts';
import { type Change, openStore, type Store } from './store.ts';

const audit = suite('fsck()');

audit('finds nothing in a sound log, and its root', async () => {
  await using place = await createLedgerPlace();
  const root = await fill(place);
  const progress: number[] = [];
  const report = await audited(place, {
    onProgress: ({ entries }) => progress.push(entries),
  });
  assert.equal(report.problems, []);
  assert.is(report.firstBad, null);
  assert.is(report.size, 304);
  assert.ok(equalBytes(report.root, root));
  assert.equal(progress, [0, 304]);
});

audit('finds that an endpoint caught the log with more entries than it has', async () => {
  await using place = await createLedgerPlace();
  const root = await fill(place);
  const ahead = { origin: ORIGIN, size: 400, root };
  await writeFile(join(place.secondFolder, 'witnessed'), await signCheckpoint(ahead, place.signer));
  const { problems, firstBad } = await audited(place);
  assert.is(problems.length, 1);
  assert.match(problems[0]?.what ?? '', /an endpoint or witness .* knows 400 entries/);
  assert.is(firstBad, 304);
});

audit('finds a site that was claimed by any other entry than the second', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  await appendAlerts(ledger, 1);
  const key = `ed25519:${'A'.repeat(43)}`;
  const fields = { client: 'c', site: 's', msp: 'm', msp_root: key, authority_key: key };
  await ledger.append({ sealed: sealEntry('site.claimed', fields) });
  assert.equal((await ledger.fsck()).problems, []);
  await ledger.append({ sealed: sealEntry('site.claimed', fields) });
  const { problems, firstBad } = await ledger.fsck();
  assert.is(firstBad, 2);
  assert.match(problems[0]?.what ?? '', 'only entry 1');
});

audit('finds nothing wrong with content that was erased', async () => {
  await using place = await createLedgerPlace();
  await fill(place);
  await damage(place, () => [{ key: contentKey(1), value: ERASED }]);
  assert.equal((await audited(place)).problems, []);
});

const CASES: readonly { name: string; index: number; changes: (store: Store) => Change[] }[] = [
  { name: 'a changed leaf', index: 2, changes: flipAt(leafKey(2)) },
  { name: 'a missing leaf', index: 40, changes: () => [{ key: leafKey(40), value: null }] },
  { name: 'changed content', index: 1, changes: flipAt(contentKey(1), 60) },
  { name: 'changed text', index: 1, changes: flipAt(contentKey(1), -2) },
  { name: 'missing content', index: 300, changes: () => [{ key: contentKey(300), value: null }] },
  { name: 'a changed tile', index: 3, changes: flipAt(tileKey(0, 0), 3 * 32) },
  { name: 'a changed tile above', index: 0, changes: flipAt(tileKey(1, 0)) },
  { name: 'a missing tile', index: 256, changes: () => [{ key: tileKey(0, 1), value: null }] },
  {
    name: 'a session without its index',
    index: 0,
    changes: () => [{ key: sessionKey(SESSION, 0), value: null }],
  },
  { name: 'a wrong session index', index: 1, changes: flipAt(sessionKey(SESSION, 1), 5) },
  { name: 'a wrong kind index', index: 1, changes: flipAt(kindKey('chat.said', 1), 5) },
];

for (const { name, index, changes } of CASES) {
  audit(`names the entry with ${name}`, async () => {
    await using place = await createLedgerPlace();
    await fill(place);
    await damage(place, changes);
    const report = await audited(place);
    assert.ok(report.problems.length > 0);
    assert.is(report.firstBad, index, JSON.stringify(report.problems.slice(0, 3)));
  });
}

audit('finds an ended session that is listed as open', async () => {
  await using place = await createLedgerPlace();
  await fill(place);
  await damage(place, () => [{ key: openKey(SESSION), value: new Uint8Array(6) }]);
  assert.match((await audited(place)).problems[0]?.what ?? '', /list of open sessions/);
});

audit('finds a store that is behind, or forked, by what others hold', async () => {
  await using place = await createLedgerPlace();
  const root = await fill(place);
  const ahead = await audited(place, { witnessed: [{ size: 305, root }] });
  assert.match(ahead.problems[0]?.what ?? '', /a witness knows 305 entries, the store has 304/);
  const forked = await audited(place, { witnessed: [{ size: 304, root: flipBit(root) }] });
  assert.match(forked.problems[0]?.what ?? '', /a witness holds another root at size 304/);
});

audit.run();

/** A session of four entries and 300 others; answers the root. */
async function fill(place: LedgerPlace): Promise<Hash> {
  await using ledger = await place.open();
  await ledger.append(opening());
  await ledger.append(chat('hello there'));
  await ledger.append(chat('and again'));
  await ledger.append(closing());
  await appendAlerts(ledger, 300);
  return (await ledger.checkpointFor(304)).root;
}

async function damage(place: LedgerPlace, changes: (store: Store) => Change[]): Promise<void> {
  await using store = await openStore(join(place.folder, 'store'));
  await store.write(changes(store));
}

async function audited(
  place: LedgerPlace,
  options: Partial<Parameters<typeof fsck>[0]> = {},
): Promise<FsckReport> {
  await using store = await openStore(join(place.folder, 'store'));
  const { secondFolder, logKey } = place;
  return await fsck({ store, secondFolder, logKey, ...options });
}

function flipAt(key: Uint8Array<ArrayBuffer>, at?: number): (store: Store) => Change[] {
  return (store) => {
    const value = store.get(key);
    if (value === undefined) throw new Error('the test damages what is not there');
    return [{ key, value: flipBit(value, at !== undefined && at < 0 ? value.length + at : at) }];
  };
}
