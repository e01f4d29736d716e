import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  claimCodePeer,
  claimPeer,
  createClaimSecret,
  formatClaimCode,
  isCodeOfPeer,
  parseClaimCode,
} from './claim-code.ts';

const KEY = new Uint8Array(32).fill(7);
const OTHER = new Uint8Array(32).fill(8);

const code = suite('parseClaimCode()');

code('reads what formatClaimCode() writes, however people type it', () => {
  const secret = createClaimSecret();
  const text = formatClaimCode(KEY, secret);
  assert.match(text, /^[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){4}$/);
  const expected = { peer: claimPeer(KEY), secret };
  const typed = [
    text,
    text.toLowerCase(),
    text.replaceAll('-', ''),
    text.replaceAll('-', ' '),
    ` ${text.replaceAll('-', ' – ')}\n`,
    text.replaceAll('0', 'O').replaceAll('1', 'l'),
  ];
  for (const each of typed) assert.equal(parseClaimCode(each), expected, each);
  assert.is(claimCodePeer(text), claimPeer(KEY));
});

code('refuses every other length, and letters that are in no code', () => {
  const text = formatClaimCode(KEY, 'ABCDEFGH');
  const bad = [
    '',
    'x',
    text.slice(1),
    `${text}0`,
    text.replace(/.$/, 'U'),
    text.replace(/.$/, '!'),
  ];
  for (const each of bad) assert.throws(() => parseClaimCode(each), /Cannot parse claim code/);
});

code.run();

const peer = suite('isCodeOfPeer()');

peer('holds for the key that the code was made of, and for no other', () => {
  const text = formatClaimCode(KEY, createClaimSecret());
  assert.ok(isCodeOfPeer(text, KEY));
  assert.not(isCodeOfPeer(text, OTHER));
});

peer.run();
