import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { sha256 } from '#crypto/hash.ts';
import { formatPersonKey } from '#crypto/person-key.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { rejection } from '#scripts/testing/ledger-place.ts';

import { checkNewPin, openSealedKey, PinError, sealKey, type SealedKey } from './pin.ts';

const SEED = sha256(encodeUtf8('a seed'));
const PIN = '739150';
const CHEAP = { costLog2: 10 };

const sealing = suite('sealKey()');

sealing('sealKey() makes what openSealedKey() opens, and nothing else does', async () => {
  const sealed = await sealKey(SEED, PIN, CHEAP);
  assert.equal(await openSealedKey(sealed, PIN), SEED);
  for (const pin of ['739151', '73915', ' 739150', '739150 ', '', '７３９１５０1']) {
    assert.is((await rejection(openSealedKey(sealed, pin))).code, 'wrong-pin', `"${pin}"`);
  }
});

sealing('sealKey() takes the same characters however a keyboard writes them', async () => {
  const sealed = await sealKey(SEED, 'caf\u00e9 \u{ff17}\u{ff13}9', CHEAP);
  assert.equal(await openSealedKey(sealed, 'cafe\u0301 739'), SEED);
});

sealing('sealKey() says nothing of seed or PIN, and never the same twice', async () => {
  const [one, two] = [await sealKey(SEED, PIN, CHEAP), await sealKey(SEED, PIN, CHEAP)];
  assert.not.match(JSON.stringify(one), PIN);
  assert.not.match(JSON.stringify(one), encodeBase64url(SEED));
  assert.is.not(one.kdf.salt, two.kdf.salt);
  assert.is.not(one.cipher.nonce, two.cipher.nonce);
  assert.is.not(one.cipher.box, two.cipher.box);
});

sealing('sealKey() costs 128 MiB unless it is told otherwise', async () => {
  const { kdf } = await sealKey(SEED, PIN);
  assert.is(128 * kdf.r * 2 ** kdf.cost_log2, 2 ** 27);
});

sealing.run();

const opening = suite('openSealedKey()');

opening('openSealedKey() refuses any changed byte of the box, nonce or salt', async () => {
  const sealed = await sealKey(SEED, PIN, CHEAP);
  const { box, nonce } = sealed.cipher;
  const changed = [
    ...mangled(box).map((bad) => ({ ...sealed, cipher: { ...sealed.cipher, box: bad } })),
    ...mangled(nonce).map((bad) => ({ ...sealed, cipher: { ...sealed.cipher, nonce: bad } })),
    ...mangled(sealed.kdf.salt)
      .slice(0, 4)
      .map((bad) => ({ ...sealed, kdf: { ...sealed.kdf, salt: bad } })),
    { ...sealed, kdf: { ...sealed.kdf, cost_log2: 11 } },
  ];
  for (const bad of changed)
    assert.is((await rejection(openSealedKey(bad, PIN))).code, 'wrong-pin');
});

opening('openSealedKey() does not open a box that was moved under another key', async () => {
  const sealed = await sealKey(SEED, PIN, CHEAP);
  const { publicKey } = await importSigner(sha256(encodeUtf8('another')));
  const key = formatPersonKey({ kind: 'ed25519', publicKey });
  assert.is((await rejection(openSealedKey({ ...sealed, key }, PIN))).code, 'wrong-pin');
});

opening('openSealedKey() refuses a file that asks for too much, or is not ours', async () => {
  const sealed = await sealKey(SEED, PIN, CHEAP);
  const { kdf, cipher } = sealed;
  const strange: unknown[] = [
    { ...sealed, kdf: { ...kdf, cost_log2: 30 } },
    { ...sealed, kdf: { ...kdf, cost_log2: 20, r: 16 } },
    { ...sealed, kdf: { ...kdf, p: 1000 } },
    { ...sealed, kdf: { ...kdf, cost_log2: 1 } },
    { ...sealed, kdf: { ...kdf, name: 'none' } },
    { ...sealed, kdf: { ...kdf, salt: '' } },
    { ...sealed, cipher: { ...cipher, box: cipher.box.slice(4) } },
    { ...sealed, cipher: { ...cipher, nonce: `${cipher.nonce}AAAA` } },
    { ...sealed, key: 'ed25519:AAAA' },
    { ...sealed, format: 'caisey/sealed-key/v2' },
    { ...sealed, more: 1 },
    null,
  ];
  for (const bad of strange) {
    const { code } = await rejection(openSealedKey(bad as SealedKey, PIN)); // hostile on purpose
    assert.is(code, 'sealed-key', JSON.stringify(bad));
  }
});

opening('openSealedKey() never says the PIN', async () => {
  const sealed = await sealKey(SEED, PIN, CHEAP);
  try {
    await openSealedKey(sealed, '739159');
    assert.unreachable();
  } catch (error) {
    assert.instance(error, PinError);
    assert.not.match(`${String(error)} ${JSON.stringify(error)}`, '739159');
  }
});

opening.run();

const choosing = suite('checkNewPin()');

choosing('checkNewPin() refuses what anybody would try first', () => {
  const weak = [
    ...['', '12345', '1234567'.slice(0, 5), ' 739150', '739150 ', '73\n9150', 'x'.repeat(65)],
    ...['000000', '777777', 'aaaaaa', '121212', '123123', '12341234', 'abcabc', '1212121'],
    ...['123456', '654321', '345678', '567890', '0987654321', '123456789', 'abcdef', 'fedcba'],
    ...['241285', '122485', '24121985', '19851224', '851224', '31122026'],
    ...['password', 'PASSWORD', 'qwerty', 'letmein', '112233', '147258', '１２３４５６'],
  ];
  for (const pin of weak) {
    assert.throws(
      () => checkNewPin(pin),
      (error: unknown) => {
        return error instanceof PinError && error.code === 'weak-pin';
      },
      `"${pin}"`,
    );
  }
});

choosing('checkNewPin() takes what is not on that list', () => {
  for (const pin of ['739150', '907364', 'blue kettle 4', 'ключ-от-дома', 'x7x7x9', 'é739150']) {
    checkNewPin(pin);
  }
});

choosing('checkNewPin() leaves most numbers of six digits to choose from', () => {
  let taken = 0;
  for (let n = 0; n < 1_000_000; n += 37) {
    try {
      checkNewPin(String(n).padStart(6, '0'));
      taken += 1;
    } catch {
      // weak: counted by its absence
    }
  }
  assert.ok(taken / (1_000_000 / 37) > 0.85, String(taken));
});

choosing.run();

/** The text with each of its bytes changed, one at a time. */
function mangled(text: string): string[] {
  const bytes = parseBase64url(text);
  return [...bytes.keys()].map((i) => {
    const bad = bytes.slice();
    bad[i] = (bad[i] ?? 0) ^ 1;
    return encodeBase64url(bad);
  });
}
