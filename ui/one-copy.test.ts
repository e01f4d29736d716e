// Whose a file is, by its path; that copies are bundled once is seen in the size that `bench console` tells.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { copyOf } from './one-copy.ts';

const copy = suite('copyOf()');

copy('finds the innermost package, with its scope', () => {
  assert.equal(copyOf('/r/node_modules/zod/v4/index.js'), {
    ...{ name: 'zod', folder: '/r/node_modules/zod' },
  });
  const inner = '/r/node_modules/@libp2p/crypto/node_modules/protons-runtime';
  assert.equal(copyOf(`${inner}/dist/src/index.js`), { name: 'protons-runtime', folder: inner });
  const scoped = '/r/node_modules/libp2p/node_modules/@noble/curves';
  assert.equal(copyOf(`${scoped}/ed25519.js`), { name: '@noble/curves', folder: scoped });
});

copy('knows what is of no package', () => {
  for (const path of ['/r/ui/lib/site.ts', '\0virtual', '/r/node_modules/.vite/deps/a.js']) {
    assert.is(copyOf(path), null, path);
  }
});

copy.run();
