// Every step of a write fails once, before and after it reached the disk, over the border of a tile.

import { rm } from 'node:fs/promises';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Faults, flipBit, openFaultyStore } from '#scripts/testing/ledger-faults.ts';
import {
  alert,
  appendAlerts,
  createLedgerPlace,
  type LedgerPlace,
  ORIGIN,
  rejection,
} from '#scripts/testing/ledger-place.ts';
import { equalBytes } from '#crypto/bytes.ts';
import { checkConsistency } from '#crypto/consistency.ts';
import type { Signer } from '#crypto/webcrypto.ts';

import { fsck } from './fsck.ts';
import { contentKey, HEAD_KEY, leafKey, tileKey } from './key-space.ts';
import type { Appended, Ledger } from './ledger.ts';
import type { Change } from './store.ts';
import { openStore } from './store.ts';

/** What a fault is: how it is made, and whether the store may be opened again after it. */
interface Fault {
  readonly name: string;
  readonly set: (faults: Faults, place: LedgerPlace) => void | Promise<void>;
  /** What opening says afterwards: fine, or the code with which it refuses. */
  readonly after: 'fine' | 'damaged';
  /** Whether appending already fails, or only signing. */
  readonly at: 'append' | 'sign';
}

const SIZE = 256 - 2;
const ADDED = 3;

function altering(
  key: Uint8Array,
  value: (value: Change['value']) => Change['value'],
): NonNullable<Faults['alter']> {
  return (changes) =>
    changes.map((change) =>
      equalBytes(change.key, key) ? { ...change, value: value(change.value) } : change,
    );
}

function flipped(value: Change['value']): Change['value'] {
  return value === null ? null : flipBit(value);
}

const FAULTS: readonly Fault[] = [
  {
    name: 'a write that fails before anything reached the disk',
    set: (faults) => {
      faults.beforeWrite = () => {
        throw new Error('EIO');
      };
    },
    after: 'fine',
    at: 'append',
  },
  {
    name: 'a write that fails after it reached the disk',
    set: (faults) => {
      faults.afterWrite = () => {
        throw new Error('EIO');
      };
    },
    after: 'fine',
    at: 'append',
  },
  {
    name: 'a bit that flips in a leaf on its way to the disk',
    set: (faults) => {
      faults.alter = altering(leafKey(SIZE + 1), flipped);
    },
    after: 'damaged',
    at: 'append',
  },
  {
    name: 'a bit that flips in the hash of a leaf on its way to the disk',
    set: (faults) => {
      faults.alter = altering(tileKey(0, 0), (value) => value && flipBit(value, SIZE * 32));
    },
    after: 'damaged',
    at: 'append',
  },
  {
    name: 'a bit that flips in the hash of a whole tile',
    set: (faults) => {
      faults.alter = altering(tileKey(1, 0), flipped);
    },
    after: 'damaged',
    at: 'append',
  },
  {
    name: 'a bit that flips in the head',
    set: (faults) => {
      faults.alter = altering(HEAD_KEY, flipped);
    },
    after: 'damaged',
    at: 'append',
  },
  {
    name: 'a bit that flips in content',
    set: (faults) => {
      faults.alter = altering(contentKey(SIZE), (value) => value && flipBit(value, 20));
    },
    after: 'damaged',
    at: 'append',
  },
  {
    name: 'a leaf that is left out',
    set: (faults) => {
      faults.alter = (changes) => changes.filter(({ key }) => !equalBytes(key, leafKey(SIZE + 2)));
    },
    after: 'damaged',
    at: 'append',
  },
  {
    name: 'a bit that flips when a leaf is read back',
    set: (faults) => {
      faults.alterRead = (key, value) =>
        value !== undefined && equalBytes(key, leafKey(SIZE)) ? flipBit(value) : value;
    },
    after: 'fine',
    at: 'append',
  },
  {
    name: 'a second place that is gone',
    set: async (_, place) => {
      await rm(place.secondFolder, { recursive: true });
    },
    after: 'fine',
    at: 'sign',
  },
];

const table = suite('openWriter()');

for (const fault of FAULTS) {
  table(`latches on ${fault.name}`, async () => {
    await using place = await createLedgerPlace();
    const acknowledged = await prepare(place);
    const faults: Faults = {};
    {
      await using ledger = await openFaulty(place, faults);
      const { size, root } = ledger.checkpoint;
      assert.is(size, SIZE);
      await fault.set(faults, place);
      acknowledged.push(...(await appendUntilLatched(ledger, fault)));
      assert.is((await rejection(ledger.append(alert('after')))).code, 'latched');
      assert.is((await rejection(ledger.checkpointFor(SIZE + 1))).code, 'latched');
      assert.is((await ledger.failed).code, 'latched');
      assert.ok(ledger.checkpoint.size === size && equalBytes(ledger.checkpoint.root, root));
    }
    if (fault.at === 'sign') return; // the second place is gone: opening.test.ts says what then
    if (fault.after === 'damaged') {
      assert.is((await rejection(place.open())).code, 'damaged');
      return;
    }
    await checkRecovered(place, acknowledged);
  });
}

table('latches on a signature that does not hold, and publishes nothing', async () => {
  await using place = await createLedgerPlace();
  const signer: Signer = {
    publicKey: place.signer.publicKey,
    sign: async (message) => flipBit(await place.signer.sign(message)),
  };
  {
    await using ledger = await place.open({ signer });
    await appendAlerts(ledger, 3);
    assert.is((await rejection(ledger.checkpointFor(3))).code, 'latched');
    assert.is(ledger.checkpoint.size, 0);
    assert.is((await rejection(ledger.append(alert('after')))).code, 'latched');
  }
  await using ledger = await place.open();
  assert.is(ledger.size, 3);
});

table('signs for whoever prepares, and publishes nothing that cannot be saved', async () => {
  await using place = await createLedgerPlace();
  {
    await using ledger = await place.open();
    await appendAlerts(ledger, 3);
    await rm(place.secondFolder, { recursive: true });
    const { checkpoint, published } = await ledger.signFor(3);
    assert.is(checkpoint.size, 3);
    assert.is((await rejection(published)).code, 'latched');
    assert.is(ledger.checkpoint.size, 0);
    assert.is((await rejection(ledger.signFor(3))).code, 'latched');
  }
});

table('tells everybody who waits in the queue when a batch fails', async () => {
  await using place = await createLedgerPlace();
  const faults: Faults = {};
  await using ledger = await openFaulty(place, faults);
  faults.beforeWrite = () => {
    throw new Error('EIO');
  };
  const results = await Promise.allSettled(
    Array.from({ length: 900 }, (_, i) => ledger.append(alert(`${i}`))),
  );
  assert.ok(results.every(({ status }) => status === 'rejected'));
  assert.is(ledger.size, 0);
});

table('acknowledges nothing before it was read back', async () => {
  await using place = await createLedgerPlace();
  const faults: Faults = {};
  await using ledger = await openFaulty(place, faults);
  const reads: number[] = [];
  faults.alterRead = (key, value) => {
    if (equalBytes(key, leafKey(0))) reads.push(ledger.size);
    return value;
  };
  await ledger.append(alert('one'));
  assert.equal(reads, [0]);
});

table.run();

function openFaulty(place: LedgerPlace, faults: Faults): Promise<Ledger> {
  return place.open({
    openStore: (folder) => openFaultyStore(folder, faults),
    checkpointDelayMs: 1_000_000,
  });
}

async function prepare(place: LedgerPlace): Promise<Appended[]> {
  await using ledger = await place.open();
  const writes = Array.from({ length: SIZE }, (_, i) => ledger.append(alert(`${i}`)));
  return await Promise.all(writes);
}

async function appendUntilLatched(ledger: Ledger, fault: Fault): Promise<Appended[]> {
  const results = await Promise.allSettled(
    Array.from({ length: ADDED }, (_, i) => ledger.append(alert(`added ${i}`))),
  );
  const told = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
  assert.is(told.length, fault.at === 'append' ? 0 : ADDED);
  if (fault.at === 'sign') {
    assert.is((await rejection(ledger.checkpointFor(SIZE + ADDED))).code, 'latched');
  }
  return told;
}

/** Opens again: everything acknowledged is there, what follows is consistent, and an audit finds nothing. */
async function checkRecovered(
  place: LedgerPlace,
  acknowledged: readonly Appended[],
): Promise<void> {
  {
    await using ledger = await place.open();
    assert.ok(ledger.size >= acknowledged.length);
    for (const { index, leafBytes } of acknowledged) {
      assert.ok(equalBytes(ledger.leafBytes(index), leafBytes));
    }
    const before = ledger.checkpoint;
    await appendAlerts(ledger, ADDED);
    const after = await ledger.checkpointFor(ledger.size);
    checkConsistency({
      ...{ from: before.size, fromRoot: before.root, to: after.size, toRoot: after.root },
      proof: ledger.proveConsistency(before.size, after.size),
    });
  }
  await using store = await openStore(`${place.folder}/store`);
  const report = await fsck({ store, secondFolder: place.secondFolder, logKey: place.logKey });
  assert.equal(report.problems, []);
  assert.is(place.logKey.name, ORIGIN);
}
