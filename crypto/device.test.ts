// Device statements: they say whose browser a peer is, for hours, and nothing else.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createEs256, formatClientData, signAssertion } from '#scripts/testing/authenticator.ts';
import { refusalOf } from '#scripts/testing/refusal.ts';
import { createPeople, createPerson } from '#scripts/testing/story-people.ts';
import { basics } from '#scripts/testing/story-statements.ts';
import { encodeBase64url } from './base64.ts';
import { encodeUtf8 } from './bytes.ts';
import { checkDevice, type DeviceAt, MAX_DEVICE_LIFE_MS } from './device.ts';
import { formatTime } from './leaf.ts';
import { formatPersonKey } from './person-key.ts';
import { verifyRoster } from './roster.ts';
import {
  type Envelope,
  signStatement,
  type StatementOf,
  type StatementSigner,
  statementSigner,
  verifyStatement,
} from './statement.ts';

const NOW_MS = Date.parse('2026-11-21T02:00:00.000Z');
const { alice, mallory, rita } = await createPeople();
const browser = await createPerson('browser');
const members = [
  { id: alice.id, name: alice.name, key: alice.key, role: 'technician' as const },
  { id: rita.id, name: rita.name, key: rita.key, role: 'reviewer' as const },
];
const at: DeviceAt = { roster: { members }, peer: browser.key, atMs: NOW_MS };

function sign(
  over: Partial<StatementOf<'device'>> = {},
  signer: StatementSigner = statementSigner(alice.signer),
): Promise<Envelope> {
  const times = {
    not_before: formatTime(NOW_MS),
    expires: formatTime(NOW_MS + MAX_DEVICE_LIFE_MS),
  };
  const said = { ...basics(alice), ...times, by: signer.key, type: 'device', peer: browser.key };
  return signStatement({ ...said, type: 'device', ...over }, signer);
}

const check = suite('checkDevice()');

check('answers the member whose key signed, whatever the role', async () => {
  const checked = await checkDevice(await sign(), at);
  assert.is(checked.member.id, 'alice');
  assert.is(checked.expiresMs, NOW_MS + MAX_DEVICE_LIFE_MS);
  const reviewing = await checkDevice(await sign({}, statementSigner(rita.signer)), at);
  assert.is(reviewing.member.role, 'reviewer');
});

check('refuses every other peer, signer, time and length of life', async () => {
  const forged = await sign({ by: alice.key }, statementSigner(mallory.signer));
  const outsider = await sign({}, statementSigner(mallory.signer));
  const early = { not_before: formatTime(NOW_MS + 1) };
  const late = { expires: formatTime(NOW_MS) };
  const long = { not_before: formatTime(NOW_MS - 1) };
  const cases: readonly (readonly [Envelope, Partial<DeviceAt>, string])[] = [
    [await sign(), { peer: mallory.key }, 'binding'],
    [await sign({ peer: mallory.key }), {}, 'binding'],
    [forged, {}, 'signature'],
    [outsider, {}, 'not-authorised'],
    [await sign(), { roster: { members: [] } }, 'not-authorised'],
    [await sign(early), {}, 'not-yet-valid'],
    [await sign(late), {}, 'expired'],
    [await sign(), { atMs: NOW_MS + MAX_DEVICE_LIFE_MS }, 'expired'],
    [await sign(long), {}, 'binding'],
  ];
  for (const [envelope, over, code] of cases) {
    assert.is(await refusalOf(() => checkDevice(envelope, { ...at, ...over })), code);
  }
});

check(
  'refuses a device statement as anything else, and anything else as a device statement',
  async () => {
    const device = await sign();
    for (const type of [
      'roster',
      'authority',
      'policy',
      'session',
      'command',
      'approval',
    ] as const) {
      const refusal = await refusalOf(() => verifyStatement(device, { type, log: 'any' }));
      assert.is(refusal, 'wrong-kind', type);
    }
    const root = { log: 'any', root: alice.key, seen: null, atMs: NOW_MS };
    assert.is(await refusalOf(() => verifyRoster(device, root)), 'wrong-kind');
    const roster = await signStatement(
      { ...basics(alice), type: 'roster', msp: 'M', version: 1, members },
      statementSigner(alice.signer),
    );
    assert.is(await refusalOf(() => checkDevice(roster, at)), 'wrong-kind');
  },
);

check('refuses a peer that is a passkey: no connection can prove one', async () => {
  const { cose } = await createEs256();
  const peer = formatPersonKey({ kind: 'webauthn', rpId: 'console.example', cose });
  assert.is(await refusalOf(() => sign({ peer })), 'statement');
});

check('takes the signature of a passkey', async () => {
  const rpId = 'console.example';
  const authenticator = await createEs256();
  const key = formatPersonKey({ kind: 'webauthn', rpId, cose: authenticator.cose });
  const passkey: StatementSigner = {
    key,
    async sign(challenge) {
      const origin = `https://${rpId}`;
      const clientData = encodeUtf8(formatClientData({ challenge, origin }));
      const made = await signAssertion(authenticator, { rpId, clientData });
      return {
        alg: 'webauthn',
        authenticator_data: encodeBase64url(made.authenticatorData),
        client_data: encodeBase64url(made.clientData),
        signature: encodeBase64url(made.signature),
      };
    },
  };
  const roster = { members: [{ id: 'pat', name: 'Pat', key, role: 'owner' as const }] };
  const { member } = await checkDevice(await sign({}, passkey), { ...at, roster });
  assert.is(member.id, 'pat');
});

check.run();
