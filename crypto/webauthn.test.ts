import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  type Authenticator,
  createEddsa,
  createEs256,
  createRs256,
  FLAG,
  formatClientData,
  formatDer,
  formatInteger,
  type Seen,
  sequence,
  signAssertion,
  toBigInt,
} from '#scripts/testing/authenticator.ts';

import { encodeBase64url } from './base64.ts';
import { type Bytes, concatBytes, encodeUtf8, equalBytes } from './bytes.ts';
import { VerifyError } from './error.ts';
import { sha256 } from './hash.ts';
import { parseHex } from './hex.ts';
import {
  type Assertion,
  checkAssertion,
  MAX_AUTHENTICATOR_DATA_BYTES,
  MAX_CLIENT_DATA_BYTES,
} from './webauthn.ts';

const { UP, UV, BE, BS, AT, ED } = FLAG;

const rpId = 'caisey.example';
const origin = 'https://caisey.example';
const challenge = sha256(encodeUtf8('approve this'));

/** What is told to an authenticator and a browser beside the honest. */
interface Ceremony extends Partial<Omit<Seen, 'clientData'>> {
  readonly client?: Readonly<Record<string, unknown>>;
  readonly clientText?: string;
}

const es256 = await createEs256();
const eddsa = await createEddsa();
const rs256 = await createRs256(2048);
const authenticators: readonly Authenticator[] = [es256, eddsa, rs256];

const honest = suite('checkAssertion()');
const hostileClient = suite('checkAssertion() of client data');
const hostileData = suite('checkAssertion() of authenticator data');
const hostileSignature = suite('checkAssertion() of signatures');

for (const authenticator of authenticators) {
  honest(`checkAssertion() accepts ${authenticator.name}`, async () => {
    await checkAssertion(await assertionOf(authenticator), claimOf(authenticator));
  });

  honest(`checkAssertion() refuses ${authenticator.name} with any byte flipped`, async () => {
    const assertion = await assertionOf(authenticator);
    for (const part of ['authenticatorData', 'clientData', 'signature'] as const) {
      for (let i = 0; i < assertion[part].length; i++) {
        const mangled = { ...assertion, [part]: flip(assertion[part], i) };
        await refuses(mangled, claimOf(authenticator));
      }
    }
  });

  honest(`checkAssertion() refuses ${authenticator.name} cut short or drawn out`, async () => {
    const assertion = await assertionOf(authenticator);
    for (const part of ['authenticatorData', 'clientData', 'signature'] as const) {
      const bytes = assertion[part];
      const longer = concatBytes(bytes, Uint8Array.of(0x20));
      await refuses({ ...assertion, [part]: longer }, claimOf(authenticator));
      for (const length of [0, 1, 36, bytes.length - 1]) {
        await refuses({ ...assertion, [part]: bytes.slice(0, length) }, claimOf(authenticator));
      }
    }
  });

  honest(`checkAssertion() refuses ${authenticator.name} for a changed challenge`, async () => {
    const assertion = await assertionOf(authenticator);
    for (let i = 0; i < challenge.length; i++) {
      const claim = { ...claimOf(authenticator), challenge: flip(challenge, i) };
      await refuses(assertion, claim, 'challenge:');
    }
  });

  honest(`checkAssertion() refuses ${authenticator.name} under the key of another`, async () => {
    const assertion = await assertionOf(authenticator);
    for (const other of authenticators) {
      if (other === authenticator) continue;
      await refuses(assertion, claimOf(other), 'signature:');
    }
  });
}

honest(
  'checkAssertion() accepts a page on another host of the relying party, and a port',
  async () => {
    for (const host of ['https://site-7.caisey.example', 'https://a.b.caisey.example:8443']) {
      await accepts({ client: { origin: host } });
    }
  },
);

honest('checkAssertion() accepts http on localhost', async () => {
  const assertion = await assertionOf(es256, {
    rpId: 'localhost',
    client: { origin: 'http://localhost:5173' },
  });
  await checkAssertion(assertion, { ...claimOf(es256), rpId: 'localhost' });
});

honest('checkAssertion() accepts members that browsers add, in any order and spacing', async () => {
  const text = encodeBase64url(challenge);
  await accepts({
    clientText: `{ "other":"do not compare \\"origin\\": {]", "origin":"${origin}",\n"challenge":"${text}","x":{"type":[{"a":":"}]},"type":"webauthn.get" }`,
  });
});

honest('checkAssertion() accepts a passkey that is backed up, and extension answers', async () => {
  await accepts({ flags: UP | UV | BE | BS });
  await accepts({ flags: UP | UV | ED, tail: parseHex('a16161f5') });
});

honest('checkAssertion() refuses a challenge that is not 32 bytes', async () => {
  for (const wrong of [new Uint8Array(0), new Uint8Array(31), new Uint8Array(33)]) {
    const assertion = await assertionOf(es256, {
      client: { challenge: encodeBase64url(wrong) },
    });
    await refuses(assertion, { ...claimOf(es256), challenge: wrong }, 'challenge:');
  }
});

honest('checkAssertion() refuses keys of other algorithms and RSA of 1024 bits', async () => {
  const assertion = await assertionOf(es256);
  const mldsa = parseHex('a3010703382f2043010203');
  await refuses(assertion, { ...claimOf(es256), cose: mldsa }, 'public key:');
  await refuses(assertion, { ...claimOf(es256), cose: new Uint8Array(0) }, 'public key:');
  const short = await createRs256(1024);
  await refuses(await assertionOf(short), claimOf(short), 'public key:');
});

honest.run();

const badOrigins: readonly unknown[] = [
  'http://caisey.example',
  'http://localhost',
  'https://evil.example',
  'https://caisey.example.evil.example',
  'https://evilcaisey.example',
  'https://example',
  'https://caisey.example/',
  'https://caisey.example:443',
  'https://CAISEY.example',
  'https://caisey.example@evil.example',
  'https://u@caisey.example',
  'https://caisey.example.',
  ' https://caisey.example',
  'https:caisey.example',
  'ftp://caisey.example',
  'android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck',
  'null',
  '',
  null,
  7,
  ['https://caisey.example'],
];

hostileClient('checkAssertion() refuses pages of another origin, http, and apps', async () => {
  for (const bad of badOrigins) {
    await refuses(await assertionOf(es256, { client: { origin: bad } }), claimOf(es256), 'origin:');
  }
});

hostileClient('checkAssertion() refuses http beside localhost', async () => {
  for (const bad of ['http://a.localhost', 'http://127.0.0.1', 'http://localhost.evil.example']) {
    const assertion = await assertionOf(es256, { rpId: 'localhost', client: { origin: bad } });
    await refuses(assertion, { ...claimOf(es256), rpId: 'localhost' }, 'origin:');
  }
});

hostileClient('checkAssertion() refuses other ceremonies', async () => {
  for (const type of ['webauthn.create', 'payment.get', 'WEBAUTHN.GET', '', null, undefined]) {
    await refuses(await assertionOf(es256, { client: { type } }), claimOf(es256), 'type:');
  }
});

hostileClient('checkAssertion() refuses other texts of the challenge', async () => {
  const text = encodeBase64url(challenge);
  for (const bad of [`${text}=`, `${text.slice(0, -1)}B`, text.slice(1), null, undefined, [text]]) {
    const assertion = await assertionOf(es256, { client: { challenge: bad } });
    await refuses(assertion, claimOf(es256), 'challenge:');
  }
});

hostileClient('checkAssertion() refuses a frame inside another page', async () => {
  for (const crossOrigin of [true, 'false', 0, null]) {
    await refuses(
      await assertionOf(es256, { client: { crossOrigin } }),
      claimOf(es256),
      'crossOrigin:',
    );
  }
  for (const topOrigin of [origin, null]) {
    await refuses(
      await assertionOf(es256, { client: { topOrigin } }),
      claimOf(es256),
      'topOrigin:',
    );
  }
});

hostileClient(
  'checkAssertion() refuses a name that stands twice, however it is written',
  async () => {
    const text = encodeBase64url(challenge);
    const other = encodeBase64url(sha256(challenge));
    for (const name of ['challenge', 'ch\\u0061llenge']) {
      const clientText = `{"type":"webauthn.get","${name}":"${other}","challenge":"${text}","origin":"${origin}"}`;
      await refuses(await assertionOf(es256, { clientText }), claimOf(es256), 'client data:');
    }
  },
);

hostileClient('checkAssertion() refuses what is not one JSON object in UTF-8', async () => {
  const good = honestText();
  const texts = ['', 'null', '[]', '7', `[${good}]`, `${good}${good}`, `\ufeff${good}`, `${good}x`];
  for (const bad of texts) {
    await refuses(await assertionOf(es256, { clientText: bad }), claimOf(es256), 'client data:');
  }
  const clientData = Uint8Array.of(0x7b, 0xff, 0x7d);
  await refuses({ ...(await assertionOf(es256)), clientData }, claimOf(es256), 'client data:');
});

hostileClient('checkAssertion() refuses names of the prototype in place of members', async () => {
  const inherited = JSON.stringify(JSON.parse(honestText()));
  const text = `{"__proto__":${inherited}}`;
  await refuses(await assertionOf(es256, { clientText: text }), claimOf(es256), 'type:');
});

hostileClient(
  'checkAssertion() refuses client data over its cap, and takes it at the cap',
  async () => {
    const bare = honestText({ padding: '' }).length;
    const padding = 'x'.repeat(MAX_CLIENT_DATA_BYTES - bare);
    await accepts({ client: { padding } });
    const assertion = await assertionOf(es256, { client: { padding: `${padding}x` } });
    await refuses(assertion, claimOf(es256), 'client data:');
  },
);

hostileClient.run();

hostileData('checkAssertion() refuses another relying party', async () => {
  const assertion = await assertionOf(es256, { rpId: 'evil.example' });
  await refuses(assertion, claimOf(es256), 'relying party:');
  const claim = { ...claimOf(es256), rpId: 'example' }; // its origin would pass, its hash does not
  await refuses(await assertionOf(es256), claim, 'relying party:');
});

hostileData('checkAssertion() refuses every set of flags that lacks UP or UV', async () => {
  for (let flags = 0; flags < 0x40; flags++) {
    const complete = (flags & UP) !== 0 && (flags & UV) !== 0;
    const backup = (flags & BS) === 0 || (flags & BE) !== 0;
    const assertion = await assertionOf(eddsa, { flags });
    if (complete && backup) await checkAssertion(assertion, claimOf(eddsa));
    else await refuses(assertion, claimOf(eddsa), 'flags:');
  }
});

hostileData(
  'checkAssertion() refuses authenticator data without its counter, though signed',
  async () => {
    const { clientData, authenticatorData: whole } = await assertionOf(eddsa);
    for (let length = 33; length <= 37; length++) {
      const authenticatorData = whole.slice(0, length);
      const signature = await eddsa.sign(concatBytes(authenticatorData, sha256(clientData)));
      const assertion = { authenticatorData, clientData, signature };
      if (length === 37) await checkAssertion(assertion, claimOf(eddsa));
      else await refuses(assertion, claimOf(eddsa), 'authenticator data:');
    }
  },
);

hostileData('checkAssertion() refuses credential data, as in a registration', async () => {
  const tail = concatBytes(new Uint8Array(16), Uint8Array.of(0, 1, 9), es256.cose);
  for (const flags of [UP | UV | AT, UP | UV | AT | ED]) {
    await refuses(await assertionOf(es256, { flags, tail }), claimOf(es256), 'flags:');
  }
});

hostileData('checkAssertion() refuses bytes behind the header that are not one map', async () => {
  const flags = UP | UV;
  await refuses(await assertionOf(es256, { flags, tail: parseHex('a0') }), claimOf(es256));
  for (const hex of ['', 'a1', 'a0a0', 'a000', '80', 'f6', 'a26161f56161f5', 'a1616143', 'ff']) {
    const tail = parseHex(hex);
    const assertion = await assertionOf(es256, { flags: flags | ED, tail });
    await refuses(assertion, claimOf(es256), 'extensions:');
  }
});

hostileData('checkAssertion() refuses extensions of any depth and size, clearly', async () => {
  const room = MAX_AUTHENTICATOR_DATA_BYTES - 37;
  const deep = new Uint8Array(room).fill(0x81);
  await refuses(
    await assertionOf(es256, { flags: UP | UV | ED, tail: deep }),
    claimOf(es256),
    'extensions:',
  );
  const huge = parseHex('bb001fffffffffffff');
  await refuses(
    await assertionOf(es256, { flags: UP | UV | ED, tail: huge }),
    claimOf(es256),
    'extensions:',
  );
  const long = new Uint8Array(room + 1);
  await refuses(
    await assertionOf(es256, { flags: UP | UV | ED, tail: long }),
    claimOf(es256),
    'authenticator data: too long',
  );
});

hostileData.run();

hostileSignature('checkAssertion() accepts ES256 with a high s and with a low s', async () => {
  const assertion = await assertionOf(es256);
  const [r, s] = readDer(assertion.signature);
  const signature = formatDer(r, P256_ORDER - s);
  assert.not.ok(equalBytes(signature, assertion.signature));
  await checkAssertion({ ...assertion, signature }, claimOf(es256));
});

hostileSignature('checkAssertion() accepts ES256 whose integers are short', async () => {
  const assertion = await assertionWhere((r, s) => r >> 248n === 0n || s >> 248n === 0n);
  await checkAssertion(assertion, claimOf(es256));
});

hostileSignature(
  'checkAssertion() refuses ES256 with a needless zero, or without a needed one',
  async () => {
    const low = await assertionWhere((r, s) => r >> 255n === 0n && s >> 255n === 0n);
    const [r, s] = readDer(low.signature);
    for (const body of [
      concatBytes(paddedInteger(r), formatInteger(s)),
      concatBytes(formatInteger(r), paddedInteger(s)),
    ]) {
      await refuses({ ...low, signature: sequence(body) }, claimOf(es256), 'signature:');
    }
    const high = await assertionWhere((r, s) => r >> 255n === 1n && s >> 255n === 1n);
    const [highR, highS] = readDer(high.signature);
    for (const body of [
      concatBytes(bareInteger(highR), formatInteger(highS)),
      concatBytes(formatInteger(highR), bareInteger(highS)),
    ]) {
      await refuses({ ...high, signature: sequence(body) }, claimOf(es256), 'signature:');
    }
  },
);

hostileSignature('checkAssertion() refuses ES256 in any form but DER', async () => {
  const assertion = await assertionOf(es256);
  const [r, s] = readDer(assertion.signature);
  const derR = formatInteger(r);
  const derS = formatInteger(s);
  const body = concatBytes(derR, derS);
  const forms: Readonly<Record<string, Bytes>> = {
    'raw r || s': concatBytes(pad32(r), pad32(s)),
    'long form length': concatBytes(Uint8Array.of(0x30, 0x81, body.length), body),
    'indefinite length': concatBytes(Uint8Array.of(0x30, 0x80), body, Uint8Array.of(0, 0)),
    'trailing byte inside': sequence(concatBytes(body, Uint8Array.of(0))),
    'trailing integer': sequence(concatBytes(body, Uint8Array.of(2, 1, 1))),
    'trailing byte outside': concatBytes(sequence(body), Uint8Array.of(0)),
    'one integer': sequence(derR),
    'negative s': formatDerRaw(r, Uint8Array.of(0x80)),
    'zero s': formatDerRaw(r, Uint8Array.of(0)),
    'empty s': formatDerRaw(r, new Uint8Array(0)),
    's + order': sequence(concatBytes(derR, formatInteger(s + P256_ORDER))),
    'r = s = order': formatDer(P256_ORDER, P256_ORDER),
    'a set': concatBytes(Uint8Array.of(0x31), sequence(body).slice(1)),
    nothing: new Uint8Array(0),
    'only a header': Uint8Array.of(0x30, 0),
  };
  for (const [form, signature] of Object.entries(forms)) {
    await refuses({ ...assertion, signature }, claimOf(es256), 'signature:', form);
  }
});

hostileSignature('checkAssertion() refuses RS256 with zeros before it', async () => {
  const assertion = await assertionOf(rs256);
  const signature = concatBytes(Uint8Array.of(0), assertion.signature);
  await refuses({ ...assertion, signature }, claimOf(rs256), 'signature:');
});

hostileSignature('checkAssertion() refuses a signature over client data unhashed', async () => {
  const assertion = await assertionOf(eddsa);
  const signature = await eddsa.sign(
    concatBytes(assertion.authenticatorData, assertion.clientData),
  );
  await refuses({ ...assertion, signature }, claimOf(eddsa), 'signature:');
});

hostileSignature.run();

async function accepts(ceremony: Ceremony): Promise<void> {
  await checkAssertion(await assertionOf(es256, ceremony), claimOf(es256));
}

async function refuses(
  assertion: Assertion,
  claim: Parameters<typeof checkAssertion>[1],
  step = '',
  what = step,
): Promise<void> {
  try {
    await checkAssertion(assertion, claim);
  } catch (error) {
    assert.instance(error, VerifyError);
    if (!(error instanceof VerifyError)) return;
    assert.is(error.code, 'webauthn');
    assert.ok(
      error.message.startsWith(`Cannot accept assertion: ${step}`),
      `${what}: ${error.message}`,
    );
    return;
  }
  assert.unreachable(`accepted: ${what}`);
}

function claimOf(authenticator: Authenticator) {
  return { rpId, cose: authenticator.cose, challenge };
}

function honestText(members: Readonly<Record<string, unknown>> = {}): string {
  return formatClientData({ challenge, origin }, members);
}

async function assertionOf(
  authenticator: Authenticator,
  { clientText, client, ...seen }: Ceremony = {},
): Promise<Assertion> {
  const clientData = encodeUtf8(clientText ?? honestText(client));
  return signAssertion(authenticator, { rpId, clientData, ...seen });
}

/** Signs on until r and s are as wanted. */
async function assertionWhere(wanted: (r: bigint, s: bigint) => boolean): Promise<Assertion> {
  for (let i = 0; i < 4096; i++) {
    const assertion = await assertionOf(es256, { client: { i } });
    if (wanted(...readDer(assertion.signature))) return assertion;
  }
  throw new Error('unreachable: one signature in 128 is as rare as it gets');
}

function flip(bytes: Bytes, i: number): Bytes {
  const flipped = bytes.slice();
  flipped[i] = (flipped[i] ?? 0) ^ 1;
  return flipped;
}

function formatDerRaw(r: bigint, s: Bytes): Bytes {
  return sequence(concatBytes(formatInteger(r), Uint8Array.of(2, s.length), s));
}

function paddedInteger(value: bigint): Bytes {
  const digits = formatInteger(value).slice(2);
  return concatBytes(Uint8Array.of(2, digits.length + 1, 0), digits);
}

/** As a careless encoder writes a number whose first bit is set: in DER it is negative. */
function bareInteger(value: bigint): Bytes {
  return concatBytes(Uint8Array.of(2, 32), pad32(value));
}

function pad32(value: bigint): Bytes {
  return parseHex(value.toString(16).padStart(64, '0'));
}

function readDer(der: Bytes): [bigint, bigint] {
  const lengthR = der[3] ?? 0;
  return [toBigInt(der.slice(4, 4 + lengthR)), toBigInt(der.slice(6 + lengthR))];
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
