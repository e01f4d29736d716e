import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeUtf8 } from '#crypto/bytes.ts';
import { createSigningHandle, isSigningHandle } from './signing-handle.ts';

const test = suite('isSigningHandle()');

test('isSigningHandle() knows every signing key, and no other credential', () => {
  for (let i = 0; i < 20; i++) {
    const handle = createSigningHandle();
    assert.ok(isSigningHandle(handle));
    assert.ok(handle.length <= 64, 'WebAuthn allows 64 bytes');
  }
  for (const other of ['', 'caisey-signs', 'user-1', 'x caisey-signs:', 'CAISEY-SIGNS:1']) {
    assert.not(isSigningHandle(encodeUtf8(other)), other);
  }
});

test.run();
