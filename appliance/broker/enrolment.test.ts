import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatEnrolToken, parseEnrolToken } from '#agent/protocol/enrol-message.ts';
import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import { askToEnrol, askToken, enrolEndpoint, FakeAgent } from '#scripts/testing/fake-agent.ts';
import { refusalOf } from '#scripts/testing/live-session.ts';
import { createKeyed, type LiveSite, openLiveSite } from '#scripts/testing/live-site.ts';
import { holdRecord } from '#scripts/testing/live-work.ts';
import { ManualClock } from '#scripts/testing/manual-clock.ts';
import { LedgerError } from '../ledger/error.ts';

/** The kinds on record from an index on. */
async function kindsFrom(site: LiveSite, from: number): Promise<readonly string[]> {
  const { ledger } = site.appliance.desk.site;
  const kinds = [];
  for await (const { leaf } of ledger.entries({ start: from, end: ledger.size }))
    kinds.push(leaf.k);
  return kinds;
}

const enrolling = suite('serveEnrolment()');

enrolling('enrols on record, under the checkpoint that it answers', async () => {
  await using site = await openLiveSite();
  const { ledger } = site.appliance.desk.site;
  const from = ledger.size;
  const identity = await enrolEndpoint(site, {
    ...{ name: 'till', labels: ['front'], isVerified: false },
  });
  assert.equal(await kindsFrom(site, from), ['token.created', 'endpoint.enrolled']);
  assert.is(identity.checkpoint, ledger.checkpoint.note);
  await using agent = await FakeAgent.open(identity);
  assert.is(site.appliance.desk.links.isOnline(agent.identity.endpoint), true);
});

enrolling('lets one of two in that come with one token, and tells the other', async () => {
  await using site = await openLiveSite();
  const { token } = await askToken(site, 'till');
  const answers = await Promise.all(
    [1, 2].map(async () => askToEnrol(token, { keyed: await createKeyed() })),
  );
  const said = answers.map((answer) => (answer?.kind === 'refused' ? answer.code : answer?.kind));
  assert.equal([...said].sort(), ['enrolled', 'token-used']);
  const again = await askToEnrol(token, { keyed: await createKeyed() });
  assert.is(again?.kind === 'refused' && again.code, 'token-used');
  assert.is(site.appliance.desk.site.endpoints.length, 1);
});

enrolling('refuses a token that has run out, and keeps refusing it', async () => {
  const clock = new ManualClock();
  await using site = await openLiveSite({ clock });
  const { token } = await askToken(site, 'till');
  clock.advance(3_600_000);
  const answer = await askToEnrol(token, { keyed: await createKeyed() });
  assert.is(answer?.kind === 'refused' && answer.code, 'token-expired');
  clock.advance(31 * 86_400_000);
  await askToken(site, 'other'); // what ran out long ago is forgotten with the next one
  const code = await refusalOf(askToEnrol(token, { keyed: await createKeyed() }));
  assert.match(code, /^peer-/);
});

enrolling('refuses a proof by another key, of another token, or of none', async () => {
  await using site = await openLiveSite();
  const { token } = await askToken(site, 'till');
  const { token: other } = await askToken(site, 'other');
  const keyed = await createKeyed();
  const from = site.appliance.desk.site.ledger.size;
  const overs = [
    { key: (await createKeyed()).key },
    { proof: encodeBase64url(randomBytes(64)) },
    { proof: '!'.repeat(86) },
    { proof: encodeBase64url(await keyed.signer.sign(parseSecret(other))) },
    { key: 'webauthn:example.com:oA' },
    { key: `ed25519:${encodeBase64url(new Uint8Array(32))}` },
  ];
  for (const over of overs) {
    const answer = await askToEnrol(token, { keyed, over }).catch(() => null);
    assert.ok(answer === null || answer.kind === 'refused', JSON.stringify(over));
    if (answer !== null) assert.is(answer.kind === 'refused' && answer.code, 'proof-invalid');
  }
  assert.equal(await kindsFrom(site, from), []);
  assert.is((await askToEnrol(token, { keyed }))?.kind, 'enrolled', 'it is not used up');
});

enrolling('refuses a name that is taken, before the token is used up', async () => {
  await using site = await openLiveSite();
  const first = await askToken(site, 'till');
  const second = await askToken(site, 'till');
  const { endpoint } = (await askToEnrol(first.token, { keyed: await createKeyed() })) as {
    endpoint: string;
  };
  const taken = await askToEnrol(second.token, { keyed: await createKeyed() });
  assert.is(taken?.kind === 'refused' && taken.code, 'name-taken');
  await using owner = await site.connect(site.owner);
  const asked = { name: 'till', labels: [], lifeS: 60 };
  assert.is(await refusalOf(owner.call('endpoint.token', asked)), 'name-taken');
  await owner.call('endpoint.remove', { endpoint, reason: null });
  assert.is((await askToEnrol(second.token, { keyed: await createKeyed() }))?.kind, 'enrolled');
});

enrolling('refuses a key that is known at the site already', async () => {
  await using site = await openLiveSite();
  const { keyed } = await enrolEndpoint(site, { name: 'till' });
  for (const known of [keyed, site.technician, site.approver]) {
    const { token } = await askToken(site, 'second');
    const answer = await askToEnrol(token, { keyed: known });
    assert.is(answer?.kind === 'refused' && answer.code, 'unavailable');
  }
  assert.is(site.appliance.desk.site.endpoints.length, 1);
  await using technician = await site.connect(site.technician);
  await technician.call('site.status', {});
});

enrolling('is not let in without a token that was given out', async () => {
  await using site = await openLiveSite();
  const { token } = await askToken(site, 'till');
  const forged = formatEnrolToken({
    ...parseEnrolToken(token),
    secret: encodeBase64url(randomBytes(32)),
  });
  const { size } = site.appliance.desk.site.ledger;
  assert.match(await refusalOf(askToEnrol(forged, { keyed: await createKeyed() })), /^peer-/);
  await site.event(({ what }) => what.startsWith('refused an unknown peer'));
  assert.is(site.appliance.desk.site.ledger.size, size);
});

enrolling('takes a token back, and leaves in peace who is enrolled', async () => {
  await using site = await openLiveSite();
  await using agent = await FakeAgent.open(await enrolEndpoint(site, { name: 'till' }));
  const { token } = await askToken(site, 'office', ['pc']);
  await using owner = await site.connect(site.owner);
  const { tokens, next } = await owner.call('endpoint.tokens', {});
  assert.equal(
    tokens.map(({ name, labels, by }) => ({ name, labels, by })),
    [{ name: 'office', labels: ['pc'], by: 'Olga Owner' }],
  );
  assert.is(next, null);
  assert.not.ok(JSON.stringify(tokens).includes(parseEnrolToken(token).secret));
  const revoked = { token: tokens[0]?.token ?? '' };
  await owner.call('endpoint.token-revoke', revoked);
  assert.is(await refusalOf(owner.call('endpoint.token-revoke', revoked)), 'token-unknown');
  assert.equal((await owner.call('endpoint.tokens', {})).tokens, []);
  assert.match(await refusalOf(askToEnrol(token, { keyed: await createKeyed() })), /^peer-/);
  assert.is(site.appliance.desk.links.isOnline(agent.identity.endpoint), true);
});

enrolling('gives a token no other door', async () => {
  await using site = await openLiveSite();
  const { token } = await askToken(site, 'till');
  const { secret } = parseEnrolToken(token);
  const keyed = { ...(await createKeyed()), seed: Buffer.from(secret, 'base64url') };
  const client = await site.connect({ ...keyed, seed: new Uint8Array(keyed.seed) });
  assert.is(await refusalOf(client.call('site.status', {})), 'stream-lost');
  await client[Symbol.asyncDispose]();
});

enrolling('keeps well-formed what an endpoint says of itself', async () => {
  await using site = await openLiveSite();
  const { token } = await askToken(site, 'till');
  const keyed = await createKeyed();
  const answer = await askToEnrol(token, { keyed, over: { software: 'lone \ud800' } });
  assert.is(answer?.kind, 'enrolled');
});

enrolling('enrols nobody when the log refuses', async () => {
  await using site = await openLiveSite();
  const { token } = await askToken(site, 'till');
  const held = holdRecord(site, 'endpoint.enrolled');
  held.refuse(new LedgerError('disk-low', 'Cannot append: the disk is nearly full'));
  const keyed = await createKeyed();
  const answer = await askToEnrol(token, { keyed });
  assert.is(answer?.kind === 'refused' && answer.code, 'unavailable');
  assert.is(site.appliance.desk.site.roleOf(keyed.signer.publicKey), null);
  await site.event(({ what }) => what === 'an enrolment failed');
});

enrolling.run();

function parseSecret(token: string): Bytes {
  return parseBase64url(parseEnrolToken(token).secret);
}
