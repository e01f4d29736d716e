import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { checkRooms } from './check-rooms.ts';

const PACKAGE_JSON = JSON.stringify({
  dependencies: { zod: '4', '@noble/hashes': '2' },
  devDependencies: { uvu: '0.5' },
});

/** Checks a house of one file. */
async function check(path: string, text: string): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'caisey-rooms-'));
  try {
    await writeFile(join(root, 'package.json'), PACKAGE_JSON);
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), text);
    return await checkRooms(root);
  } finally {
    await rm(root, { recursive: true });
  }
}

const it = suite('checkRooms()');

const refused: [path: string, text: string, reason: string][] = [
  ['crypto/a.ts', `import { x } from '#agent/run.ts';`, 'may not import "#agent/run.ts"'],
  ['crypto/a.ts', `import { x } from '../agent/run.ts';`, 'leaves its room'],
  ['crypto/a.ts', `import fs from 'node:fs';`, 'crypto sees no platform'],
  ['crypto/a.ts', `import fs from 'fs';`, 'write "node:fs"'],
  ['crypto/a.ts', `import { x } from './tile';`, 'lacks its extension'],
  ['crypto/a.ts', `import { x } from './tile.js';`, 'lacks its extension'],
  ['crypto/a.ts', `import { x } from '#crypto/tile.ts';`, 'its own room'],
  ['crypto/a.ts', `import { x } from '#scripts/testing/x.ts';`, 'may not import'],
  ['crypto/a.ts', `import { suite } from 'uvu';`, 'devDependency'],
  ['crypto/a.ts', `import x from 'left-pad';`, 'not in package.json'],
  ['crypto/a.ts', `export * from '#appliance/x.ts';`, 'may not import'],
  ['crypto/a.ts', `import type { X } from '#appliance/x.ts';`, 'may not import'],
  ['crypto/a.ts', `const x = await import('#appliance/x.ts');`, 'may not import'],
  ['crypto/a.ts', `type X = import('#appliance/x.ts').X;`, 'may not import'],
  ['crypto/index.ts', `export const x = 1;`, 'no barrels'],
  ['agent/a.ts', `import { x } from '#crypto/internal/x.ts';`, 'private to crypto'],
  ['agent/a.ts', `import { x } from '#appliance/protocol/x.ts';`, 'may not import'],
  ['agent/a.test.ts', `import { x } from '#appliance/protocol/x.ts';`, 'may not import'],
  ['agent/a.ts', `import { x } from '#shared/x.ts';`, 'is no room'],
  ['appliance/a.ts', `import { x } from '#agent/run.ts';`, 'may not import'],
  ['appliance/a.test.ts', `import { x } from '#agent/run.ts';`, 'may not import'],
  ['appliance/scenarios/a.test.ts', `import { x } from '#ui/x.ts';`, 'may not import'],
  ['ui/a.ts', `import { x } from '#agent/protocol/x.ts';`, 'may not import'],
  ['ui/a.ts', `import { x } from '#appliance/ledger/x.ts';`, 'may not import'],
  ['ui/A.svelte', `<p>x</p>\n<script>\nimport x from '#agent/run.ts';\n</script>`, 'A.svelte:3'],
  ['scripts/a.ts', `import { x } from '#crypto/internal/x.ts';`, 'private to crypto'],
];
for (const [path, text, reason] of refused) {
  it(`refuses in ${path}: ${text.split('\n').at(-2) ?? text}`, async () => {
    const offences = await check(path, text);
    assert.is(offences.length, 1, offences.join('\n'));
    assert.match(offences[0] ?? '', reason);
  });
}

const allowed: [path: string, text: string][] = [
  ['crypto/a.ts', `import { sha256 } from '@noble/hashes/sha2.js';`],
  ['crypto/a.ts', `// import { x } from '#agent/run.ts';\nconst s = "import x from '#ui/x.ts'";`],
  ['crypto/a.test.ts', `import fs from 'node:fs';\nimport x from '#scripts/testing/x.ts';`],
  ['agent/shell/a.ts', `import { x } from '../error.ts';\nimport y from '#crypto/tile.ts';`],
  ['appliance/a.ts', `import x from '#agent/protocol/x.ts';\nimport y from '#agent/policy/y.ts';`],
  ['appliance/scenarios/a.test.ts', `import { x } from '#agent/run.ts';`],
  ['ui/A.svelte', `<script>import x from '#ui/lib/x.ts'; import y from '$app/state';</script>`],
  ['scripts/a.ts', `import x from '#appliance/main.ts';\nimport { suite } from 'uvu';`],
];
for (const [path, text] of allowed) {
  it(`allows in ${path}: ${text.split('\n')[0]}`, async () => {
    assert.equal(await check(path, text), []);
  });
}

it.run();
