// Joining, asked as hostile appliances would: each outcome, and what it uses up.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { joinProofMessage } from '#appliance/protocol/join-message.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import { signCheckpoint } from '#crypto/checkpoint.ts';
import { EMPTY_ROOT } from '#crypto/hash.ts';
import { formatVerifierKey, verifierKey } from '#crypto/key.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import { createKeyed, type Keyed } from '#scripts/testing/live-site.ts';
import { ConsoleError } from './error.ts';
import { type FoundedLog, joinSite, type JoinPlace } from './join.ts';

const SITE = 'c2l0ZS0wMDAwMDAwMDAwMQ';
const SECRET = encodeBase64url(randomBytes(32));
const relay = await createKeyed();

/** A console with one token, of one site. */
function openPlace(): JoinPlace & {
  readonly joined: () => string | null;
  readonly log: () => FoundedLog | null;
} {
  const site = { siteId: SITE, organisationName: 'Acme IT' };
  let joined: string | null = null;
  let brought: FoundedLog | null = null;
  return {
    joined: () => joined,
    log: () => brought,
    origin: 'https://console.example',
    relay: { key: relay.key, addresses: ['/dns4/console.example/tcp/4020'] },
    directory: {
      siteByToken: (secret) => Promise.resolve(secret === SECRET && joined === null ? site : null),
      siteByPeerKey: (key) => Promise.resolve(key === joined ? site : null),
      joinByToken({ peerKey, log }) {
        if (joined !== null) return Promise.reject(new ConsoleError('expired', 'Cannot join'));
        joined = peerKey;
        brought = log;
        return Promise.resolve(site);
      },
    },
  };
}

async function ask(
  { signer, key }: Keyed,
  { signed = {}, over = {} }: { signed?: Partial<Ask>; over?: Record<string, unknown> } = {},
): Promise<unknown> {
  const message = joinProofMessage({ site: SITE, secret: SECRET, ...signed });
  const proof = encodeBase64url(await signer.sign(message));
  return { site: SITE, secret: SECRET, key, proof, ...over };
}

interface Ask {
  readonly site: string;
  readonly secret: string;
  readonly log: { readonly key: string };
}

const join = suite('joinSite()');

join('answers who proves a key and brings the token', async () => {
  const place = openPlace();
  const appliance = await createKeyed();
  const { status, body } = await joinSite(await ask(appliance), place);
  assert.is(status, 200);
  assert.equal(body, {
    relay: place.relay,
    origin: `console.example/site/${SITE}/1`,
    organisation: 'Acme IT',
  });
  const again = await joinSite(await ask(appliance), place);
  assert.is(again.status, 200, 'it did not hear the answer, and asks again');
  const other = await joinSite(await ask(await createKeyed()), place);
  assert.is(other.status, 410, 'another one is too late');
  const elsewhere = await ask(appliance, { signed: { site: 'other' }, over: { site: 'other' } });
  assert.is((await joinSite(elsewhere, place)).status, 409);
});

join('uses nothing up for what it refuses', async () => {
  const appliance = await createKeyed();
  const mallory = await createKeyed();
  const wrong = encodeBase64url(randomBytes(32));
  const cases: readonly (readonly [unknown, number])[] = [
    [null, 400],
    ['x', 400],
    [{}, 400],
    [await ask(appliance, { over: { more: 1 } }), 400],
    [await ask(appliance, { over: { key: 'ed25519:AAAA' } }), 400],
    [await ask(appliance, { over: { key: mallory.key } }), 403],
    [await ask(appliance, { over: { proof: 'A'.repeat(86) } }), 403],
    [await ask(appliance, { over: { proof: '!'.repeat(86) } }), 403],
    [await ask(appliance, { signed: { site: 'other' } }), 403],
    [await ask(appliance, { signed: { secret: wrong } }), 403],
    [await ask(appliance, { signed: { secret: wrong }, over: { secret: wrong } }), 410],
    [await ask(appliance, { signed: { site: 'other' }, over: { site: 'other' } }), 410],
  ];
  for (const [body, status] of cases) {
    const place = openPlace();
    const answer = await joinSite(body, place);
    assert.is(answer.status, status, JSON.stringify(body));
    assert.is(place.joined(), null);
    assert.not(JSON.stringify(answer.body).includes(SECRET));
  }
});

join('joins one of two that bring a token at once', async () => {
  const place = openPlace();
  const bodies = await Promise.all(
    [createKeyed(), createKeyed()].map(async (each) => ask(await each)),
  );
  const answers = await Promise.all(bodies.map((body) => joinSite(body, place)));
  assert.equal(answers.map(({ status }) => status).sort(), [200, 410]);
});

join('takes a founded site with its own log, which the log’s key has proved', async () => {
  const origin = 'caisey.local/site/7f3a/1';
  const { signer } = await createKeyed();
  const key = verifierKey(origin, 0x01, signer.publicKey);
  const checkpoint = await signCheckpoint({ origin, size: 0, root: EMPTY_ROOT }, signer);
  const log = { key: formatVerifierKey(key), checkpoint };
  const appliance = await createKeyed();
  const place = openPlace();
  const { status, body } = await joinSite(
    await ask(appliance, { signed: { log }, over: { log } }),
    place,
  );
  assert.is(status, 200);
  assert.is('origin' in body ? body.origin : null, origin);
  assert.equal(place.log(), { key: log.key, origin });

  const other = verifierKey(origin, 0x01, (await createKeyed()).signer.publicKey);
  const elsewhere = verifierKey('other/site/1', 0x01, signer.publicKey);
  const bad: Readonly<Record<string, typeof log>> = {
    'by another key': { ...log, key: formatVerifierKey(other) },
    'of another name': { ...log, key: formatVerifierKey(elsewhere) },
    'whose key is none': { ...log, key: 'x' },
    'without a checkpoint': { ...log, checkpoint: '' },
  };
  const cases: [string, unknown][] = [
    ['for which no peer key signed', await ask(appliance, { over: { log } })],
    ['which was left out', await ask(appliance, { signed: { log } })],
  ];
  for (const [name, said] of Object.entries(bad)) {
    cases.push([name, await ask(appliance, { signed: { log: said }, over: { log: said } })]);
  }
  for (const [name, asked] of cases) {
    const empty = openPlace();
    assert.is((await joinSite(asked, empty)).status, 403, name);
    assert.is(empty.joined(), null);
  }
});

join.run();
