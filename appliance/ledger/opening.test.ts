import { copyFile, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { flipBit } from '#scripts/testing/ledger-faults.ts';
import {
  alert,
  appendAlerts,
  chat,
  createLedgerPlace,
  type LedgerPlace,
  opening,
  ORIGIN,
  rejection,
  SESSION,
} from '#scripts/testing/ledger-place.ts';
import { concatBytes } from '#crypto/bytes.ts';
import { signCheckpoint } from '#crypto/checkpoint.ts';
import { sha256 } from '#crypto/hash.ts';
import { importSigner } from '#crypto/webcrypto.ts';

import {
  contentKey,
  HEAD_KEY,
  kindKey,
  leafKey,
  openKey,
  sessionKey,
  tileKey,
} from './key-space.ts';
import type { LedgerError } from './error.ts';
import { type Change, openStore } from './store.ts';
import { isCaught } from './witnessed.ts';

const open = suite('openLedger()');

open('refuses a folder without a log', async () => {
  await using place = await createLedgerPlace();
  await rm(join(place.folder, 'store'), { recursive: true });
  await rm(place.secondFolder, { recursive: true });
  assert.is((await rejection(place.open())).code, 'missing');
});

open('says of a log that only the second place knows still that it is lost', async () => {
  for (const gone of ['', 'store', 'store/CURRENT']) {
    await using place = await createLedgerPlace();
    await rm(join(place.folder, gone), { recursive: true });
    const { code, message } = await rejection(place.open());
    assert.is(code, 'damaged', gone);
    assert.match(message, /^The log is LOST: /);
  }
});

open('refuses a second opening, in this process and by another, and stays usable', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  assert.is((await rejection(place.open())).code, 'locked');
  assert.is((await rejection(place.open())).code, 'locked');
  assert.is((await rejection(openStore(join(place.folder, 'store')))).code, 'locked');
  await ledger.append(alert('still here'));
});

open('refuses a log of another origin or another key', async () => {
  await using place = await createLedgerPlace();
  const { code } = await rejection(place.open({ origin: 'console.example/site/other/1' }));
  assert.is(code, 'second-place');
  const signer = await importSigner(new Uint8Array(32).fill(8));
  assert.is((await rejection(place.open({ signer }))).code, 'second-place');
});

open('refuses the store of another log under our checkpoint', async () => {
  await using place = await createLedgerPlace();
  await using store = await openStore(join(place.folder, 'store'));
  await store.write([{ key: new TextEncoder().encode('morigin'), value: new Uint8Array([65]) }]);
  await store[Symbol.asyncDispose]();
  assert.is((await rejection(place.open())).code, 'wrong-log');
});

open('refuses a second place that is missing, in whole or part, or not readable', async () => {
  for (const name of ['checkpoint', 'acknowledged']) {
    await using place = await createLedgerPlace();
    await fill(place, 3);
    const path = join(place.secondFolder, name);
    const bytes = new Uint8Array(await readFile(path));
    await writeFile(path, bytes.subarray(0, 20));
    assert.is((await rejection(place.open())).code, 'second-place', name);
    await rm(path);
    assert.is((await rejection(place.open())).code, 'second-place', name);
    await writeFile(path, bytes);
    await using ledger = await place.open();
    assert.is(ledger.size, 3);
  }
});

open('refuses a store that was restored from an old copy', async () => {
  await using place = await createLedgerPlace();
  await fill(place, 5);
  await cp(join(place.folder, 'store'), join(place.base, 'old'), { recursive: true });
  await fill(place, 1);
  await rm(join(place.folder, 'store'), { recursive: true });
  await cp(join(place.base, 'old'), join(place.folder, 'store'), { recursive: true });
  const { code, message } = await rejection(place.open());
  assert.is(code, 'behind');
  assert.match(message, /has 5 entries, the saved checkpoint knows 6/);
});

open('refuses an old copy by the acknowledged size alone, before any checkpoint', async () => {
  await using place = await createLedgerPlace();
  await cp(place.secondFolder, join(place.base, 'second-0'), { recursive: true });
  await fill(place, 2);
  await cp(join(place.folder, 'store'), join(place.base, 'old'), { recursive: true });
  await fill(place, 1);
  await copyFile(
    join(place.base, 'second-0', 'checkpoint'),
    join(place.secondFolder, 'checkpoint'),
  );
  await rm(join(place.folder, 'store'), { recursive: true });
  await cp(join(place.base, 'old'), join(place.folder, 'store'), { recursive: true });
  const { code, message } = await rejection(place.open());
  assert.is(code, 'behind');
  assert.match(message, /the acknowledged size knows 3/);
});

open('takes an acknowledged size that a power cut left behind the checkpoint', async () => {
  await using place = await createLedgerPlace();
  const path = join(place.secondFolder, 'acknowledged');
  await fill(place, 2);
  const behind = await readFile(path);
  await fill(place, 3);
  await writeFile(path, behind);
  {
    await using ledger = await place.open();
    assert.is(ledger.size, 5);
  }
  await fill(place, 1);
  await using ledger = await place.open();
  assert.is(ledger.size, 6);
});

open('refuses a store that is another history of the same size', async () => {
  await using place = await createLedgerPlace();
  await using other = await createLedgerPlace();
  await fill(place, 4);
  await fill(other, 4);
  await rm(join(place.folder, 'store'), { recursive: true });
  await cp(join(other.folder, 'store'), join(place.folder, 'store'), { recursive: true });
  assert.is((await rejection(place.open())).code, 'forked');
});

open('refuses when a witness knows more, or other history; opens when it agrees', async () => {
  await using place = await createLedgerPlace();
  let held: { size: number; root: Uint8Array<ArrayBuffer> };
  {
    await using ledger = await place.open();
    await appendAlerts(ledger, 7);
    held = await ledger.checkpointFor(7);
    await appendAlerts(ledger, 300);
  }
  const ahead = { size: 308, root: held.root };
  assert.is((await rejection(place.open({ witnessed: [held, ahead] }))).code, 'behind');
  const forked = { size: 7, root: flipBit(held.root) };
  assert.is((await rejection(place.open({ witnessed: [forked] }))).code, 'forked');
  await using ledger = await place.open({ witnessed: [held] });
  assert.is(ledger.size, 307);
});

open('refuses what an endpoint caught it with, until the log contains it again', async () => {
  await using place = await createLedgerPlace();
  await fill(place, 2);
  const folders = [place.folder, place.secondFolder];
  const keep = async (name: string): Promise<void> => {
    for (const folder of folders) await cp(folder, `${folder}-${name}`, { recursive: true });
  };
  const putBack = async (name: string): Promise<void> => {
    for (const folder of folders) {
      await rm(folder, { recursive: true });
      await cp(`${folder}-${name}`, folder, { recursive: true });
    }
  };
  await keep('old');
  let seen: string;
  {
    await using ledger = await place.open();
    await appendAlerts(ledger, 3);
    seen = (await ledger.checkpointFor(5)).note;
  }
  await keep('new');
  await putBack('old');
  const caught = join(place.secondFolder, 'witnessed');
  {
    await using ledger = await place.open();
    await ledger.checkWitnessed((await ledger.checkpointFor(2)).note);
    const refused = await ledger.checkWitnessed(seen).then(
      () => null,
      (error: unknown) => error as Error,
    );
    assert.is((refused?.cause as LedgerError).code, 'behind');
    assert.is((await ledger.failed).code, 'latched');
    assert.is((await rejection(ledger.append(alert('more')))).code, 'latched');
    assert.is(await readFile(caught, 'utf8'), seen);
  }
  for (let start = 0; start < 2; start++) {
    const { code, message } = await rejection(place.open());
    assert.is(code, 'behind');
    assert.match(message, /has 2 entries, an endpoint or witness .*"witnessed".* knows 5/);
  }
  await writeFile(caught, seen.replace('\n5\n', '\n6\n'));
  assert.is((await rejection(place.open())).code, 'second-place');
  await putBack('new');
  await writeFile(caught, seen);
  await using ledger = await place.open();
  assert.is(ledger.size, 5);
  assert.is(await isCaught(place.secondFolder), false);
});

open('catches a fork by a checkpoint of another history, and none by another key', async () => {
  await using place = await createLedgerPlace();
  await fill(place, 2);
  const { size, root } = { size: 2, root: sha256(new Uint8Array(9)) };
  const other = await importSigner(new Uint8Array(32).fill(8));
  const notOurs = await signCheckpoint({ origin: ORIGIN, size: 99, root }, other);
  const forked = await signCheckpoint({ origin: ORIGIN, size, root }, place.signer);
  {
    await using ledger = await place.open();
    assert.is((await rejection(ledger.checkWitnessed(notOurs))).code, 'unknown-key');
    await ledger.append(alert('goes on'));
    assert.is((await rejection(ledger.checkWitnessed(forked))).code, 'latched');
  }
  assert.is((await rejection(place.open())).code, 'forked');
});

open('gives the lock back when it refuses', async () => {
  await using place = await createLedgerPlace();
  const witnessed = [{ size: 1, root: sha256(new Uint8Array(0)) }];
  assert.is((await rejection(place.open({ witnessed }))).code, 'behind');
  await using ledger = await place.open();
  await ledger.append(alert('fine'));
});

open.run();

const DAMAGES: readonly { name: string; changes: (at: Stored) => Change[] }[] = [
  { name: 'a changed leaf', changes: (at) => [at.flip(leafKey(2))] },
  { name: 'a missing leaf', changes: () => [{ key: leafKey(258), value: null }] },
  { name: 'changed content', changes: (at) => [at.flip(contentKey(3), 30)] },
  { name: 'missing content', changes: () => [{ key: contentKey(4), value: null }] },
  { name: 'a changed tile', changes: (at) => [at.flip(tileKey(0, 0))] },
  { name: 'a missing tile', changes: () => [{ key: tileKey(0, 0), value: null }] },
  { name: 'a changed partial tile', changes: (at) => [at.flip(tileKey(0, 1), 5)] },
  { name: 'a partial tile that is too long', changes: (at) => [at.longer(tileKey(0, 1))] },
  { name: 'a changed tile above', changes: (at) => [at.flip(tileKey(1, 0))] },
  { name: 'a missing tile above', changes: () => [{ key: tileKey(1, 0), value: null }] },
  { name: 'a changed head', changes: (at) => [at.flip(HEAD_KEY)] },
  { name: 'an entry beyond the head', changes: (at) => [at.copy(leafKey(0), leafKey(1000))] },
  {
    name: 'a session without its index',
    changes: () => [{ key: sessionKey(SESSION, 1), value: null }],
  },
  { name: 'a session index that is wrong', changes: (at) => [at.flip(sessionKey(SESSION, 1), 5)] },
  {
    name: 'a session that is open and never was',
    changes: (at) => [at.copy(openKey(SESSION), openKey('CAAAAAAAAAAAAAAAAAAAAA'))],
  },
  {
    name: 'an open session that is not listed',
    changes: () => [{ key: openKey(SESSION), value: null }],
  },
  {
    name: 'a kind without its index',
    changes: () => [{ key: kindKey('chat.said', 1), value: null }],
  },
];

interface Stored {
  flip(key: Uint8Array<ArrayBuffer>, at?: number): Change;
  longer(key: Uint8Array<ArrayBuffer>): Change;
  copy(from: Uint8Array<ArrayBuffer>, to: Uint8Array<ArrayBuffer>): Change;
}

const check = suite('checkStored()');

for (const { name, changes } of DAMAGES) {
  check(`refuses ${name}`, async () => {
    await using place = await createLedgerPlace();
    {
      await using ledger = await place.open();
      await ledger.append(opening());
      await ledger.append(chat('hello'));
      await appendAlerts(ledger, 260);
    }
    {
      await using store = await openStore(join(place.folder, 'store'));
      const get = (key: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
        const value = store.get(key);
        if (value === undefined) throw new Error('the test damages what is not there');
        return value;
      };
      await store.write(
        changes({
          flip: (key, at) => ({ key, value: flipBit(get(key), at) }),
          longer: (key) => ({ key, value: concatBytes(get(key), new Uint8Array(32)) }),
          copy: (from, to) => ({ key: to, value: get(from) }),
        }),
      );
    }
    assert.is((await rejection(place.open())).code, 'damaged');
  });
}

check.run();

async function fill(place: LedgerPlace, count: number): Promise<void> {
  await using ledger = await place.open();
  await appendAlerts(ledger, count);
}
