import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Hono } from 'hono';

import {
  appendAlerts,
  createLedgerPlace,
  type LedgerPlace,
} from '#scripts/testing/ledger-place.ts';
import { concatBytes } from '#crypto/bytes.ts';
import { type Hash, leafHash } from '#crypto/hash.ts';
import { bundlePath, parseBundle, tilePath, tilesOf } from '#crypto/tile.ts';
import { merkleRoot } from '#crypto/tree.ts';

import type { Ledger } from '../ledger/ledger.ts';
import { logRoutes } from './log.ts';

const routes = suite('logRoutes()');

routes('serves every tile and bundle as they are rebuilt from the leaves', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await filled(place, 515);
  const app = logRoutes(ledger);
  const leaves = Array.from({ length: 515 }, (_, i) => leafHash(ledger.leafBytes(i)));
  const above = [merkleRoot(leaves.slice(0, 256)), merkleRoot(leaves.slice(256, 512))];
  for (const tile of tilesOf(515)) {
    const hashes: Hash[] = tile.level === 0 ? leaves : above;
    const start = tile.index * 256;
    const wanted = concatBytes(...hashes.slice(start, start + tile.width));
    const response = await app.request(`/${tilePath(tile)}`);
    assert.is(response.status, 200);
    assert.is(response.headers.get('content-type'), 'application/octet-stream');
    assert.match(response.headers.get('cache-control') ?? '', /immutable/);
    assert.equal(await response.bytes(), wanted);
    if (tile.level > 0) continue;
    const bundle = await (await app.request(`/${bundlePath(tile)}`)).bytes();
    const entries = parseBundle(bundle, tile.width);
    assert.equal(
      entries.map((entry) => leafHash(entry)),
      leaves.slice(start, start + tile.width),
    );
  }
});

routes('serves the checkpoint as text that may not be cached for long', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await filled(place, 3);
  const response = await logRoutes(ledger).request('/checkpoint');
  assert.is(await response.text(), ledger.checkpoint.note);
  assert.is(response.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.is(response.headers.get('cache-control'), 'public, max-age=2');
});

routes('serves narrower tiles of earlier sizes as prefixes of the present ones', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await filled(place, 300);
  const app = logRoutes(ledger);
  const whole = await (await app.request('/tile/0/000')).bytes();
  const part = await (await app.request('/tile/0/000.p/5')).bytes();
  assert.equal(part, whole.slice(0, 160));
  const bundle = await (await app.request('/tile/entries/001.p/3')).bytes();
  assert.is(parseBundle(bundle, 3).length, 3);
});

routes('serves nothing that no published checkpoint implies', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open({ checkpointDelayMs: 1_000_000 });
  await appendAlerts(ledger, 257);
  await ledger.checkpointFor(257);
  await appendAlerts(ledger, 10);
  const app = logRoutes(ledger);
  for (const path of [
    ...['/tile/0/001.p/2', '/tile/entries/001.p/2', '/tile/0/001', '/tile/1/000', '/tile/1/001'],
    ...['/tile/1/000.p/2', '/tile/2/000.p/1', '/tile/0/002.p/1', '/tile/63/000.p/1'],
  ]) {
    assert.is((await app.request(path)).status, 404, path);
  }
  assert.is((await app.request('/tile/0/001.p/1')).status, 200);
});

routes('refuses every other spelling of a path', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await filled(place, 300);
  const app = logRoutes(ledger);
  for (const path of [
    ...['/tile/0/0', '/tile/0/x000/000', '/tile/00/000', '/tile/-1/000', '/tile/0/000.p/256'],
    ...['/tile/0/000.p/0', '/tile/0/000.p/05', '/tile/0/000/', '/tile/0/%30%30%30', '/tile/x/000'],
    ...[
      '/tile/',
      '/tile',
      '/tile/entries/',
      '/tile/entries/0',
      '/',
      '/tiles/0/000',
      '/checkpoint/',
    ],
    ...['/tile/8/0/000', '/tile/0/tile/0/000', '/tile/64/000'],
  ]) {
    assert.is((await app.request(path)).status, 404, path);
  }
});

routes('answers HEAD without a body, and no other method', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await filled(place, 3);
  const app = logRoutes(ledger);
  const head = await app.request('/checkpoint', { method: 'HEAD' });
  assert.is(head.status, 200);
  assert.is(await head.text(), '');
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const response = await app.request('/checkpoint', { method });
    assert.is(response.status, 405, method);
    assert.is(response.headers.get('allow'), 'GET, HEAD');
  }
});

routes('can be mounted below a prefix', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await filled(place, 3);
  const app = new Hono().route('/log', logRoutes(ledger));
  assert.is((await app.request('/log/checkpoint')).status, 200);
  assert.is((await app.request('/log/tile/0/000.p/3')).status, 200);
  assert.is((await app.request('/log/tile/0/log/tile/0/000.p/3')).status, 404);
});

routes.run();

async function filled(place: LedgerPlace, count: number): Promise<Ledger> {
  const ledger = await place.open();
  await appendAlerts(ledger, count);
  await ledger.checkpointFor(count);
  return ledger;
}
