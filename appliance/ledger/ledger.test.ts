import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  alert,
  appendAlerts,
  chat,
  closing,
  collect,
  createLedgerPlace,
  ENDPOINT,
  HASH,
  opening,
  ORIGIN,
  rejection,
  SESSION,
  STARTED_MS,
} from '#scripts/testing/ledger-place.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import { decodeUtf8, equalBytes } from '#crypto/bytes.ts';
import { verifyCheckpoint } from '#crypto/checkpoint.ts';
import { openEntry, sealEntry } from '#crypto/entry.ts';
import { leafHash } from '#crypto/hash.ts';
import { checkInclusion } from '#crypto/inclusion.ts';
import { formatTime, parseLeaf } from '#crypto/leaf.ts';

import { createLedger } from './ledger.ts';

const create = suite('createLedger()');

create('makes an empty log with a checkpoint of size 0', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  assert.is(ledger.size, 0);
  const { size } = await verifyCheckpoint(ledger.checkpoint.note, place.logKey);
  assert.is(size, 0);
});

create('refuses where there is a log, empty or not', async () => {
  await using place = await createLedgerPlace();
  const again = { ...place, origin: ORIGIN, reserveBytes: 1024 };
  assert.is((await rejection(createLedger(again))).code, 'exists');
});

create('refuses a second place that knows a log, though the folder is gone', async () => {
  await using place = await createLedgerPlace();
  const elsewhere = { ...place, folder: `${place.folder}-2`, origin: ORIGIN, reserveBytes: 1024 };
  assert.is((await rejection(createLedger(elsewhere))).code, 'exists');
});

create.run();

const append = suite('append()');

append('answers with the leaf that is in the log under its hash', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  const first = await ledger.append(alert('one'));
  const second = await ledger.append(alert('two'));
  assert.equal([first.index, second.index], [0, 1]);
  assert.equal(parseLeaf(second.leafBytes), second.leaf);
  assert.ok(equalBytes(leafHash(second.leafBytes), second.hash));
  assert.equal(ledger.leafBytes(1), second.leafBytes);
  const stored = await ledger.entry(0);
  const opened = openEntry(stored.leaf, stored.content?.disclosures ?? []);
  assert.is('detail' in opened.fields && opened.fields.detail, 'one');
});

append('gives every one of many writers its own index, without a gap', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  const appended = await Promise.all(
    Array.from({ length: 700 }, (_, i) => ledger.append(alert(`writer ${i}`))),
  );
  assert.equal(
    appended.map(({ index }) => index),
    Array.from({ length: 700 }, (_, i) => i),
  );
  assert.is(ledger.size, 700);
});

append('never lets time go backwards, even when the clock does and over a restart', async () => {
  await using place = await createLedgerPlace();
  const clock = [STARTED_MS + 5000, STARTED_MS];
  {
    await using ledger = await place.open({ now: () => clock.shift() ?? STARTED_MS });
    const first = await ledger.append(alert('ahead'));
    const second = await ledger.append(alert('back'));
    assert.is(first.leaf.t, formatTime(STARTED_MS + 5000));
    assert.is(second.leaf.t, first.leaf.t);
  }
  await using ledger = await place.open({ now: () => 0 });
  assert.is((await ledger.append(alert('1970'))).leaf.t, formatTime(STARTED_MS + 5000));
});

append('chains the entries of a session by n and p, over a restart too', async () => {
  await using place = await createLedgerPlace();
  {
    await using ledger = await place.open();
    const first = await ledger.append(opening());
    await ledger.append(alert('between'));
    const second = await ledger.append(chat('hello'));
    assert.equal([first.leaf.n, first.leaf.p], [0, undefined]);
    assert.equal([second.leaf.n, second.leaf.p], [1, encodeBase64url(first.hash)]);
    assert.equal(ledger.openSessions(), [SESSION]);
  }
  await using ledger = await place.open();
  assert.equal(ledger.openSessions(), [SESSION]);
  const third = await ledger.append(chat('again'));
  assert.equal([third.leaf.n, third.leaf.p], [2, encodeBase64url((await ledger.entry(2)).hash)]);
});

append('refuses a session that was never opened, opened twice, or ended', async () => {
  await using place = await createLedgerPlace();
  {
    await using ledger = await place.open();
    assert.is((await rejection(ledger.append(chat('early')))).code, 'session-unknown');
    const accepted = [
      ledger.append(opening()),
      ledger.append(chat('hi')),
      ledger.append(closing()),
    ];
    assert.is((await rejection(ledger.append(chat('late, in the queue')))).code, 'session-closed');
    await Promise.all(accepted);
    assert.is((await rejection(ledger.append(chat('late')))).code, 'session-closed');
    assert.is((await rejection(ledger.append(opening()))).code, 'session-exists');
    assert.equal(ledger.openSessions(), []);
  }
  await using ledger = await place.open();
  assert.is((await rejection(ledger.append(chat('late')))).code, 'session-closed');
  assert.is((await rejection(ledger.append(opening()))).code, 'session-exists');
  assert.is(ledger.size, 3);
});

append('refuses a draft that no reader would accept, and takes no index for it', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  const { ref: _, ...withoutRoster } = opening();
  for (const draft of [
    withoutRoster,
    { ...opening(), ref: { roster: 'short' } },
    { ...opening(), ref: { roster: HASH, nonsense: HASH } },
    { ...opening(), endpoint: '"' },
    { ...opening(), session: 'not an id' },
    { ...alert('x'), ref: { roster: HASH } },
    { sealed: { ...alert('x').sealed, digests: [HASH] } },
  ]) {
    assert.is((await rejection(ledger.append(draft))).code, 'bad-draft', JSON.stringify(draft));
  }
  assert.is((await ledger.append(alert('good'))).index, 0);
  await ledger.append(opening());
});

append('refuses content over its cap', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  await ledger.append(opening());
  const big = sealEntry('chat.said', {
    ...{ from: 'client', name: 'x' },
    text: { bytes: new Uint8Array(8 * 1024 * 1024), offset: 1 << 20 },
  });
  const draft = { sealed: big, session: SESSION, endpoint: ENDPOINT };
  assert.is((await rejection(ledger.append(draft))).code, 'entry-too-large');
  assert.is((await ledger.append(chat('after'))).leaf.n, 1);
});

append('refuses with a retry time when the queue is full, and drops nothing', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open({ queue: { entries: 10 } });
  const results = await Promise.allSettled(
    Array.from({ length: 25 }, (_, i) => ledger.append(alert(`${i}`))),
  );
  const refused = results.filter((result) => result.status === 'rejected');
  assert.is(refused.length, 15);
  for (const { reason } of refused) {
    const error = reason as { code: string; retryAfterMs: number };
    assert.is(error.code, 'overloaded');
    assert.ok(error.retryAfterMs >= 10 && error.retryAfterMs <= 5000);
  }
  assert.is(ledger.size, 10);
  await ledger.append(alert('later'));
});

append('refuses by bytes as well', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open({ queue: { bytes: 2000 } });
  const results = await Promise.allSettled(
    Array.from({ length: 9 }, (_, i) => ledger.append(alert(`${i}`))),
  );
  const codes = results.map((result) => result.status);
  assert.ok(codes.includes('rejected') && codes.includes('fulfilled'));
});

append('writes what was accepted before the log closed, and refuses after', async () => {
  await using place = await createLedgerPlace();
  const ledger = await place.open();
  const accepted = Array.from({ length: 300 }, (_, i) => ledger.append(alert(`${i}`)));
  const closed = ledger[Symbol.asyncDispose]();
  assert.is((await rejection(ledger.append(alert('late')))).code, 'closed');
  await closed;
  await ledger[Symbol.asyncDispose]();
  assert.is((await Promise.all(accepted)).length, 300);
  assert.is((await rejection(ledger.entry(0))).code, 'closed');
  await using again = await place.open();
  assert.is(again.size, 300);
  assert.is(again.checkpoint.size, 300);
});

append.run();

const checkpointFor = suite('checkpointFor()');

checkpointFor('gives a signed checkpoint that covers the size, and proofs under it', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  for (const count of [1, 2, 5, 250]) {
    await appendAlerts(ledger, count);
    const { note, size } = await ledger.checkpointFor(ledger.size);
    const checkpoint = await verifyCheckpoint(note, place.logKey);
    assert.is(checkpoint.size, size);
    const index = size - 1;
    checkInclusion({
      ...{ index, size, root: checkpoint.root, leafHash: leafHash(ledger.leafBytes(index)) },
      proof: ledger.proveInclusion(index, size),
    });
  }
});

checkpointFor(
  'serves all who ask at once with few signatures, and who is covered with none',
  async () => {
    await using place = await createLedgerPlace();
    let signatures = 0;
    const signer = {
      publicKey: place.signer.publicKey,
      sign: (message: Uint8Array<ArrayBuffer>) => {
        signatures += 1;
        return place.signer.sign(message);
      },
    };
    await using ledger = await place.open({ signer, checkpointDelayMs: 1_000_000 });
    await appendAlerts(ledger, 40);
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, i) => ledger.checkpointFor(i + 1)),
    );
    assert.ok(all.every(({ size }) => size === 40));
    assert.is(signatures, 1);
    await ledger.checkpointFor(3);
    assert.is(signatures, 1);
  },
);

checkpointFor('is what signFor() announced, once it is published', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open({ checkpointDelayMs: 1_000_000 });
  await appendAlerts(ledger, 2);
  const { checkpoint, published } = await ledger.signFor(2);
  await published;
  assert.is(ledger.checkpoint, checkpoint);
  assert.is(await ledger.checkpointFor(2), checkpoint);
  assert.is((await ledger.signFor(1)).checkpoint, checkpoint);
});

checkpointFor('refuses a size that is not acknowledged', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  assert.is((await rejection(ledger.checkpointFor(1))).code, 'RangeError');
});

checkpointFor('comes by itself when nobody asks', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open({ checkpointDelayMs: 1 });
  const sizes: number[] = [];
  await ledger.append(alert('one'));
  for await (const { size } of ledger.followCheckpoints({ signal: AbortSignal.timeout(60_000) })) {
    sizes.push(size);
    if (size === 1) break;
  }
  assert.is(sizes.at(-1), 1);
});

checkpointFor.run();

const follow = suite('follow()');

follow('yields entries that were there and those that come, in order, once', async () => {
  await using place = await createLedgerPlace();
  const ledger = await place.open();
  await appendAlerts(ledger, 5);
  const seen: number[] = [];
  const following = (async () => {
    for await (const { index } of ledger.follow(2)) seen.push(index);
  })();
  await appendAlerts(ledger, 300);
  await ledger[Symbol.asyncDispose]();
  await following;
  assert.equal(
    seen,
    Array.from({ length: seen.length }, (_, i) => i + 2),
  );
});

follow('waits at the end while the log is idle', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  const first = (async () => {
    for await (const { index } of ledger.follow(0)) return index;
    return null;
  })();
  await ledger.append(alert('wakes it'));
  assert.is(await first, 0);
});

follow('ends with the signal', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  const abort = new AbortController();
  const waiting = collect(ledger.follow(0, { signal: abort.signal }));
  abort.abort(new Error('enough'));
  assert.is((await rejection(waiting)).message, 'enough');
});

follow.run();

const reading = suite('Ledger');

reading('lists sessions, their entries from any position, and kinds', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  const sessions = ['CAAAAAAAAAAAAAAAAAAAAA', 'DAAAAAAAAAAAAAAAAAAAAA', 'EAAAAAAAAAAAAAAAAAAAAA'];
  for (const session of sessions) {
    await ledger.append(opening(session));
    await Promise.all(Array.from({ length: 9 }, (_, i) => ledger.append(chat(`${i}`, session))));
    await ledger.append(chat('last', session));
  }
  for (const session of sessions) {
    for (const from of [0, 1, 4, 10, 11]) {
      const ns = (await collect(ledger.sessionEntries(session, from))).map(({ leaf }) => leaf.n);
      assert.equal(
        ns,
        Array.from({ length: 11 - from }, (_, i) => from + i),
      );
    }
  }
  assert.equal(await collect(ledger.sessionEntries('FAAAAAAAAAAAAAAAAAAAAA')), []);
  const opened = await collect(ledger.entriesOfKind('session.opened'));
  assert.equal(
    opened.map(({ leaf }) => leaf.s),
    sessions,
  );
  const indexes = opened.map(({ index }) => index);
  for (const from of [0, 1, 11, 12, 40]) {
    for (const before of [0, 1, 11, 12, 22, 23, 40]) {
      const wanted = indexes.filter((index) => index >= from && index < before);
      for (const newestFirst of [false, true]) {
        const range = { from, before, newestFirst };
        const found = await collect(ledger.entriesOfKind('session.opened', range));
        assert.equal(
          found.map(({ index }) => index),
          newestFirst ? wanted.toReversed() : wanted,
          JSON.stringify(range),
        );
      }
    }
  }
  assert.equal(await collect(ledger.entriesOfKind('policy.changed')), []);
  const { code } = await rejection(collect(ledger.entriesOfKind('command.output')));
  assert.is(code, 'RangeError');
});

reading('keeps the text of an entry, byte by byte', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  await ledger.append(opening());
  const text = 'grüße\n'.repeat(3000);
  const { index } = await ledger.append(chat(text));
  const stored = await ledger.entry(index);
  const segments = stored.content?.texts[0]?.segments ?? [];
  assert.is(segments.map((segment) => decodeUtf8(segment)).join(''), text);
});

reading('refuses what is not there yet', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  await ledger.append(alert('one'));
  assert.is((await rejection(ledger.entry(1))).code, 'not-found');
  assert.is((await rejection(ledger.entry(-1))).code, 'not-found');
  assert.is((await rejection(ledger.entry(0.5))).code, 'not-found');
  assert.is((await rejection(collect(ledger.entries({ start: 0, end: 2 })))).code, 'not-found');
  assert.throws(() => ledger.proveInclusion(0, 2), /the log has 1/);
  assert.throws(() => ledger.readHash(1, 0), /the log has 1/);
});

reading.run();
