import { encodeCBOR } from '@levischuck/tiny-cbor';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createEs256 } from '#scripts/testing/authenticator.ts';
import { concatBytes, encodeUtf8 } from './bytes.ts';
import { FormatError } from './error.ts';
import { sha256 } from './hash.ts';
import { parseRegistration } from './registration.ts';

const rpId = 'console.example';
const id = Uint8Array.of(1, 2, 3, 4);

async function made({
  flags = 0x45,
  tail = new Uint8Array(0),
  length = id.length,
  key,
}: { flags?: number; tail?: Uint8Array; length?: number; key?: Uint8Array } = {}) {
  const { cose } = await createEs256();
  const data = concatBytes(
    sha256(encodeUtf8(rpId)),
    Uint8Array.of(flags, 0, 0, 0, 0),
    new Uint8Array(16),
    Uint8Array.of(Math.floor(length / 256), length % 256),
    id,
    key ?? cose,
    tail,
  );
  return { data, cose };
}

const test = suite('parseRegistration()');

test('parseRegistration() gives the credential id and the key', async () => {
  const { data, cose } = await made();
  assert.equal(parseRegistration(data, { rpId }), { credentialId: id, cose });
});

test('parseRegistration() reads past extensions, which mean nothing to us', async () => {
  const tail = new Uint8Array(encodeCBOR(new Map([['credProps', true]])));
  const { data, cose } = await made({ flags: 0xc5, tail });
  assert.equal(parseRegistration(data, { rpId }).cose, cose);
});

test('parseRegistration() refuses every truncation', async () => {
  const { data } = await made();
  for (let length = 0; length < data.length; length++) {
    assert.throws(
      () => parseRegistration(data.subarray(0, length), { rpId }),
      (error: unknown) => error instanceof FormatError && error.code === 'key',
      `${length} bytes`,
    );
  }
});

test('parseRegistration() refuses what is not this page’s verified passkey', async () => {
  const wrong = {
    'another relying party': { ...(await made()), rpId: 'evil.example' },
    'not verified': { ...(await made({ flags: 0x41 })), rpId },
    'no credential': { ...(await made({ flags: 0x05 })), rpId },
    'trailing bytes': { ...(await made({ tail: Uint8Array.of(0) })), rpId },
    'id of no length': { ...(await made({ length: 0 })), rpId },
    'id beyond the end': { ...(await made({ length: 1000 })), rpId },
    'key that is no map': { ...(await made({ key: Uint8Array.of(1) })), rpId },
  };
  for (const [name, { data, rpId: asked }] of Object.entries(wrong)) {
    assert.throws(
      () => parseRegistration(data, { rpId: asked }),
      (error: unknown) => error instanceof FormatError && error.code === 'key',
      name,
    );
  }
});

test.run();
