// Proofs as a browser gets them, checked with the public keys alone.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { parseBase64url } from '#crypto/base64.ts';
import { signCheckpoint, verifyCheckpoint } from '#crypto/checkpoint.ts';
import { checkConsistency } from '#crypto/consistency.ts';
import { leafHash } from '#crypto/hash.ts';
import { checkInclusion } from '#crypto/inclusion.ts';
import { parseVerifierKey } from '#crypto/key.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { refusalOf } from '#scripts/testing/live-session.ts';
import { openLiveWork } from '#scripts/testing/live-work.ts';
import { loadKeyFile, placesIn } from '../../config.ts';
import { MAX_PROVED } from '../../protocol/log-proof.ts';
import { checkShownEntry } from '../../protocol/shown-entry.ts';

const prove = suite("Handler<'log.prove'>");

prove('proves entries, and that the log extends what the client holds', async () => {
  await using work = await openLiveWork();
  const { desk } = work.site.appliance;
  const { ledger } = desk.site;
  const key = parseVerifierKey(desk.pins().log);
  const held = await work.client.call('log.prove', { indices: [], seen: null });
  assert.equal(held.consistency, []);
  const from = await verifyCheckpoint(held.checkpoint, key);
  await work.openSession();
  const indices = Array.from({ length: ledger.size }, (_, index) => index);
  const proof = await work.client.call('log.prove', { indices, seen: held.checkpoint });
  const to = await verifyCheckpoint(proof.checkpoint, key);
  assert.ok(to.size > from.size);
  for (const index of indices) {
    checkInclusion({
      ...{ index, size: to.size, root: to.root },
      leafHash: leafHash(ledger.leafBytes(index)),
      proof: (proof.inclusions[index] ?? []).map(parseBase64url),
    });
  }
  checkConsistency({
    ...{ from: from.size, fromRoot: from.root, to: to.size, toRoot: to.root },
    proof: proof.consistency.map(parseBase64url),
  });
});

prove('has nothing to say of entries that are not there, or of too many', async () => {
  await using work = await openLiveWork();
  const { client } = work;
  const { size } = work.site.appliance.desk.site.ledger;
  const many = new Array<number>(MAX_PROVED + 1).fill(0);
  const refusals = [
    [[0, size], 'entry-unknown'],
    [[Number.MAX_SAFE_INTEGER], 'entry-unknown'],
    [many, 'request-invalid'],
  ] as const;
  for (const [indices, code] of refusals) {
    const asked = client.call('log.prove', { indices: [...indices], seen: null });
    assert.is(await refusalOf(asked), code);
  }
});

prove('takes a checkpoint that another key signed for nothing', async () => {
  await using work = await openLiveWork();
  const { ledger } = work.site.appliance.desk.site;
  const stranger = await importSigner(new Uint8Array(32).fill(9));
  const root = new Uint8Array(32);
  const forged = { origin: ledger.origin, size: ledger.size + 5, root };
  const seen = await signCheckpoint(forged, stranger);
  assert.ok((await refusalOf(work.client.call('log.prove', { indices: [0], seen }))) !== 'latched');
  await work.client.call('log.prove', { indices: [0], seen: null }); // the log goes on
});

prove('latches a log that lacks what it signed and a client holds', async () => {
  await using work = await openLiveWork();
  const { appliance, folder } = work.site;
  const { ledger } = appliance.desk.site;
  const { signer } = await loadKeyFile(placesIn(folder).logKey);
  const other = { origin: ledger.origin, size: ledger.checkpoint.size, root: new Uint8Array(32) };
  const seen = await signCheckpoint(other, signer);
  assert.is(await refusalOf(work.client.call('log.prove', { indices: [], seen })), 'latched');
  assert.instance(await appliance.failed, Error);
});

prove.run();

const entries = suite("Handler<'log.entries'>");

entries('tells how a machine enrolled and was verified, each entry bound to its leaf', async () => {
  await using work = await openLiveWork();
  const { client, identity } = work;
  const { endpoint } = identity;
  const { entries: shown, next } = await client.call('log.entries', {
    ...{ kinds: ['endpoint.enrolled', 'endpoint.verified'], endpoint, limit: 10 },
  });
  const checked = shown.map(checkShownEntry);
  assert.equal(
    checked.map(({ leaf }) => [leaf.k, leaf.e]),
    [
      ['endpoint.verified', endpoint],
      ['endpoint.enrolled', endpoint],
    ],
  );
  assert.is(next, null);
});

entries('tells what was run on a machine, and on no other', async () => {
  await using work = await openLiveWork();
  const { client, session, identity } = work;
  await session.run('uptime');
  const run = async (endpoint: string): Promise<readonly unknown[]> => {
    const asked = { kinds: ['command.started' as const], endpoint, limit: 10 };
    const { entries: shown } = await client.call('log.entries', asked);
    return shown.map((entry) => {
      const { leaf, opened } = checkShownEntry(entry);
      return [leaf.s, (opened.fields as { command?: string }).command];
    });
  };
  assert.equal(await run(identity.endpoint), [[session.id, 'uptime']]);
  assert.equal(await run('A'.repeat(22)), []);
});

entries('gives nothing that a session alone gives, nor more than a page', async () => {
  await using work = await openLiveWork();
  const ask = (kinds: string[], limit: number): Promise<string> =>
    refusalOf(work.client.call('log.entries', { kinds: kinds as 'log.opened'[], limit }));
  assert.is(await ask(['chat.said'], 1), 'request-invalid');
  assert.is(await ask([], 1), 'request-invalid');
  assert.is(await ask(['log.opened'], 101), 'request-invalid');
  assert.is(await ask(['log.opened'], 100), 'accepted');
});

entries.run();
