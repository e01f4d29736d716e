import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from '#crypto/base64.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { collect, createLedgerPlace } from '#scripts/testing/ledger-place.ts';
import { refusalOf } from '#scripts/testing/live-session.ts';
import { LedgerError } from '../ledger/error.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { WorkError } from './error.ts';
import { openStored } from './record.ts';
import { loadTokens, MAX_TOKENS, type Tokens } from './tokens.ts';

const START_MS = 1_800_000_000_000;

interface Place extends AsyncDisposable {
  readonly path: string;
  readonly clock: { nowMs: number };
  readonly ledger: Ledger;
  load(): Promise<Tokens>;
}

async function openPlace(): Promise<Place> {
  await using stack = new AsyncDisposableStack();
  const place = stack.use(await createLedgerPlace());
  const ledger = stack.use(await place.open());
  const path = join(place.base, 'tokens.json');
  const clock = { nowMs: START_MS };
  const opened = stack.move();
  return {
    ...{ path, clock, ledger },
    load: () => loadTokens({ path, ledger, now: () => clock.nowMs }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const ASKED = { name: 'till', labels: ['front'], by: 'Olga Owner', lifeMs: 60_000 };

const OLGA = { by: 'Olga Owner' };

const tokens = suite('Tokens');

tokens('writes down a public key, and no secret', async () => {
  await using place = await openPlace();
  const { seed, token } = await (await place.load()).create(ASKED);
  const text = await readFile(place.path, 'utf8');
  for (const secret of [encodeBase64url(seed), Buffer.from(seed).toString('hex')]) {
    assert.not(text.includes(secret));
  }
  assert.ok(text.includes(token.key));
  if (process.platform !== 'win32') assert.is((await stat(place.path)).mode & 0o077, 0);
});

tokens('uses a token once, of many at once, and remembers it', async () => {
  await using place = await openPlace();
  const all = await place.load();
  const { publicKey } = await importSigner((await all.create(ASKED)).seed);
  const uses = await Promise.all(Array.from({ length: 8 }, () => all.use(publicKey)));
  assert.is(uses.filter((use) => use === 'ok').length, 1);
  assert.is(uses.filter((use) => use === 'token-used').length, 7);
  const again = await place.load();
  assert.is(await again.use(publicKey), 'token-used');
});

tokens('runs out by the clock, at its last millisecond', async () => {
  await using place = await openPlace();
  const all = await place.load();
  const { publicKey } = await importSigner((await all.create(ASKED)).seed);
  place.clock.nowMs = START_MS + 60_000;
  assert.is(await all.use(publicKey), 'token-expired');
  place.clock.nowMs -= 1;
  assert.is(await all.use(publicKey), 'ok');
});

tokens('takes back what can be used still, and lists only that, also after a restart', async () => {
  await using place = await openPlace();
  const all = await place.load();
  const used = await all.create(ASKED);
  const late = await all.create({ ...ASKED, lifeMs: 1 });
  const kept = await all.create({ ...ASKED, name: 'kept' });
  const taken = await all.create({ ...ASKED, name: 'taken' });
  await all.use((await importSigner(used.seed)).publicKey);
  place.clock.nowMs += 1;
  assert.equal(all.outstanding(), [kept.token, taken.token]);
  await all.revoke(taken.token.id, OLGA);
  for (const { token } of [used, late, taken]) {
    assert.is(await refusalOf(all.revoke(token.id, OLGA)), 'token-unknown');
  }
  const { publicKey } = await importSigner(taken.seed);
  assert.is(await all.use(publicKey), 'token-expired');
  const again = await place.load();
  assert.is(again.find(publicKey), null);
  assert.equal(again.outstanding(), [kept.token]);
  assert.is(await again.use((await importSigner(kept.seed)).publicKey), 'ok');
});

tokens('records who made a token and who took it back, and no secret', async () => {
  await using place = await openPlace();
  const all = await place.load();
  const { seed, token } = await all.create(ASKED);
  await all.revoke(token.id, { by: 'Otto Owner' });
  const [created] = await collect(place.ledger.entriesOfKind('token.created'));
  const [revoked] = await collect(place.ledger.entriesOfKind('token.revoked'));
  if (created === undefined || revoked === undefined) throw new Error('not recorded');
  assert.equal(openStored('token.created', created), {
    ...{ token: token.id, name: 'till', labels: ['front'], by: 'Olga Owner' },
    expires: new Date(START_MS + 60_000).toISOString(),
  });
  assert.equal(openStored('token.revoked', revoked), {
    ...{ token: token.id, name: 'till', by: 'Otto Owner' },
  });
  const secret = encodeBase64url(seed);
  assert.not(created.content?.disclosures.join('\n').includes(secret));
});

tokens('makes none, and takes none back, that the log does not take', async () => {
  await using place = await openPlace();
  const all = await place.load();
  const { token } = await all.create(ASKED);
  const append = place.ledger.append.bind(place.ledger);
  const full = () => Promise.reject(new LedgerError('disk-low', 'Cannot append: the disk is low'));
  Object.assign(place.ledger, { append: full });
  assert.is(await refusalOf(all.create({ ...ASKED, name: 'other' })), 'disk-low');
  assert.is(await refusalOf(all.revoke(token.id, OLGA)), 'disk-low');
  assert.equal(all.outstanding(), [token]);
  Object.assign(place.ledger, { append });
  assert.equal((await place.load()).outstanding(), [token]);
});

tokens('makes no more of them than it could load again', async () => {
  await using place = await openPlace();
  const first = await (await place.load()).create(ASKED);
  const full = Array.from({ length: MAX_TOKENS }, () => first.token);
  await writeFile(place.path, JSON.stringify({ tokens: full }));
  const all = await place.load();
  assert.is(await refusalOf(all.create(ASKED)), 'overloaded');
  place.clock.nowMs = START_MS + 32 * 86_400_000;
  await all.create(ASKED);
  await place.load();
});

tokens.run();

const load = suite('loadTokens()');

load('refuses a file that is not ours', async () => {
  await using place = await openPlace();
  for (const text of ['', '{', '{"tokens":[{}]}', '{"tokens":[],"more":1}']) {
    await writeFile(place.path, text);
    const cause: unknown = await place.load().catch((error: unknown) => error);
    if (!(cause instanceof WorkError))
      throw new Error(`expected a WorkError for ${text}`, { cause });
    assert.is(cause.code, 'folder-unusable');
    assert.ok(cause.message.includes(place.path), cause.message);
  }
});

load.run();
