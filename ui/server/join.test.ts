// Joining, asked as hostile appliances would: each outcome, and what it uses up.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { joinKindOf, type JoinKind, joinProofMessage } from '#appliance/protocol/join-message.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import { formatVerifierKey, verifierKey } from '#crypto/key.ts';
import { randomBytes, type Signer } from '#crypto/webcrypto.ts';
import { createKeyed, type Keyed } from '#scripts/testing/live-site.ts';
import { ConsoleError } from './error.ts';
import { type FoundedLog, joinSite, type JoinPlace } from './join.ts';

const SITE = 'c2l0ZS0wMDAwMDAwMDAwMQ';
const SECRET = encodeBase64url(randomBytes(32));
const relay = await createKeyed();

/** A console with one token of one kind, of one site. */
function openPlace(joins: JoinKind = 'new'): JoinPlace & {
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
      siteByToken: (secret, kind) =>
        Promise.resolve(secret === SECRET && kind === joins && joined === null ? site : null),
      siteByPeerKey: (key) => Promise.resolve(key === joined ? site : null),
      joinByToken({ peerKey, log }) {
        if (joined !== null || joinKindOf(log) !== joins) {
          return Promise.reject(new ConsoleError('expired', 'Cannot join'));
        }
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
  const message = joinProofMessage({ site: SITE, secret: SECRET, key, ...signed });
  const proof = encodeBase64url(await signer.sign(message));
  return { site: SITE, secret: SECRET, key, proof, ...over };
}

interface Ask {
  readonly site: string;
  readonly secret: string;
  readonly key: string;
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

/** A log of a founded site, and what it posts. */
async function askFounded(
  appliance: Keyed,
  { signer, name = ORIGIN, said = {} }: { signer: Signer; name?: string; said?: Partial<Ask> },
): Promise<{ key: string; body: unknown }> {
  const key = formatVerifierKey(verifierKey(name, 0x01, signer.publicKey));
  const message = joinProofMessage({
    ...{ site: SITE, secret: SECRET, key: appliance.key, log: { key } },
    ...said,
  });
  const log = { key, proof: encodeBase64url(await signer.sign(message)) };
  return { key, body: await ask(appliance, { signed: { log }, over: { log } }) };
}

const ORIGIN = 'caisey.local/site/7f3a/1';

join('takes a founded site with its own log, whose key has signed for it', async () => {
  const { signer } = await createKeyed();
  const place = openPlace('founded');
  const { key, body: asked } = await askFounded(await createKeyed(), { signer });
  const { status, body } = await joinSite(asked, place);
  assert.is(status, 200);
  assert.is('origin' in body ? body.origin : null, ORIGIN);
  assert.equal(place.log(), { key, origin: ORIGIN });
});

join('takes no log from whoever does not hold its key, nor a proof made for another', async () => {
  const { signer } = await createKeyed();
  const appliance = await createKeyed();
  const mallory = await createKeyed();
  const { key } = await askFounded(appliance, { signer });
  const foreign = { key, proof: encodeBase64url(await mallory.signer.sign(new Uint8Array(8))) };
  const taken = async (said: Partial<Ask>) => (await askFounded(appliance, { signer, said })).body;
  const elsewhere = formatVerifierKey(verifierKey('other/site/1', 0x01, signer.publicKey));
  const cosigner = {
    ...foreign,
    key: formatVerifierKey(verifierKey(ORIGIN, 0x04, signer.publicKey)),
  };
  const own = (await askFounded(appliance, { signer })).body as { log: typeof foreign };
  const cases: Readonly<Record<string, unknown>> = {
    'by another key': await ask(appliance, { signed: { log: foreign }, over: { log: foreign } }),
    'made for another peer key': await taken({ key: mallory.key }),
    'made for another site': await taken({ site: 'other' }),
    'made for another token': await taken({ secret: encodeBase64url(randomBytes(32)) }),
    'made for another log': await taken({ log: { key: elsewhere } }),
    'carried to another appliance': await ask(mallory, {
      ...{ signed: { log: own.log }, over: { log: own.log } },
    }),
    'of a cosigner': await ask(appliance, { signed: { log: cosigner }, over: { log: cosigner } }),
    'of no key': await ask(appliance, {
      ...{ signed: { log: { key: 'x' } }, over: { log: { ...foreign, key: 'x' } } },
    }),
    'for which no peer key signed': await ask(appliance, { over: { log: own.log } }),
    'which was left out': await ask(appliance, { signed: { log: own.log } }),
  };
  for (const [name, asked] of Object.entries(cases)) {
    const place = openPlace('founded');
    assert.is((await joinSite(asked, place)).status, 403, name);
    assert.is(place.joined(), null);
  }
});

join('joins by a token only the kind of appliance that it was made for', async () => {
  const appliance = await createKeyed();
  const { body: founded } = await askFounded(appliance, { signer: (await createKeyed()).signer });
  for (const [joins, asked] of [
    ['new', founded],
    ['founded', await ask(appliance)],
  ] as const) {
    const place = openPlace(joins);
    assert.is((await joinSite(asked, place)).status, 410, joins);
    assert.is(place.joined(), null);
  }
});

join.run();
