import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from '#crypto/base64.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import {
  formatJoinToken,
  isConsoleOrigin,
  joinedOrigin,
  joinProofMessage,
  type JoinToken,
  parseJoinToken,
  relayFingerprint,
} from './join-message.ts';

const token: JoinToken = {
  console: 'https://console.example',
  relay: relayFingerprint(new Uint8Array(32).fill(1)),
  joins: 'new',
  site: 'c2l0ZS0wMDAwMDAwMDAwMQ',
  secret: encodeBase64url(randomBytes(32)),
};

const parse = suite('parseJoinToken()');

parse('reads what formatJoinToken() writes', () => {
  const text = formatJoinToken(token);
  assert.match(text, /^caisey-join1\.[\w-]+$/);
  assert.equal(parseJoinToken(` ${text}\n`), token);
  const founded = { ...token, joins: 'founded' } as const;
  assert.equal(parseJoinToken(formatJoinToken(founded)), founded);
  assert.is(joinedOrigin(token), `console.example/site/${token.site}/1`);
});

parse('refuses every token that is cut or changed, and never quotes it', () => {
  const text = formatJoinToken(token);
  for (const bad of ['', text.slice(0, -1), text.slice(1), `${text}A`, `x${text}`]) {
    let said = '';
    try {
      parseJoinToken(bad);
    } catch (cause) {
      said = String(cause);
    }
    assert.match(said, /Cannot parse join token/, bad);
    assert.not(said.includes(token.secret) || said.includes(text.slice(20)));
  }
});

parse('takes no console that others on the way could read or be', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['https://console.example', true],
    ['https://console.example:8443', true],
    ['http://localhost:3000', true],
    ['http://127.0.0.1:3000', true],
    ['http://[::1]:3000', true],
    ['http://console.example', false],
    ['http://192.0.2.1', false],
    ['http://localhost.evil.example', false],
    ['https://console.example/', false],
    ['https://console.example/path', false],
    ['https://user@console.example', false],
    ['ftp://console.example', false],
    ['console.example', false],
  ];
  for (const [origin, isTaken] of cases) {
    assert.is(isConsoleOrigin(origin), isTaken, origin);
    if (!isTaken) assert.throws(() => formatJoinToken({ ...token, console: origin }));
  }
});

parse.run();

const proof = suite('joinProofMessage()');

proof('differs in every part that is signed for', () => {
  const said = { site: 's', secret: token.secret, key: 'k' };
  const log = { key: 'l' };
  const other = encodeBase64url(randomBytes(32));
  const messages = [
    ...[said, { ...said, site: 't' }, { ...said, secret: other }, { ...said, key: 'l' }],
    ...[
      { ...said, log },
      { ...said, key: 'l', log },
      { ...said, log: { key: 'k' } },
    ],
  ].map((each) => encodeBase64url(joinProofMessage(each)));
  assert.is(new Set(messages).size, messages.length);
});

proof.run();
