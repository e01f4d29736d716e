import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { checkBundle } from './check-bundle.ts';

/** Bundles a file of this source, in a folder of its own. */
async function check(source: string): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'caisey-bundle-'));
  try {
    await writeFile(join(root, 'a.ts'), source);
    return (await checkBundle(root, 'a.ts')).offences;
  } finally {
    await rm(root, { recursive: true });
  }
}

const bundle = suite('checkBundle()');

bundle('refuses an import of Node', async () => {
  const offences = await check(
    `import { readFileSync } from 'node:fs';\nconsole.log(readFileSync);`,
  );
  assert.match(offences.join('\n'), 'node:fs');
});

bundle('refuses a package that is not there', async () => {
  assert.match((await check(`import 'no-such-package';`)).join('\n'), 'no-such-package');
});

bundle('refuses an entry that is not there', async () => {
  const { offences } = await checkBundle('/', 'no/such/file.ts');
  assert.equal(offences, ['no/such/file.ts does not exist']);
});

bundle('refuses a global of Node, bare or on globalThis', async () => {
  assert.match((await check(`console.log(Buffer.from('x'));`)).join('\n'), '"Buffer"');
  assert.match((await check(`console.log(globalThis.process);`)).join('\n'), '"process"');
});

bundle('leaves properties, texts and own names alone', async () => {
  const source = `
    declare const queue: { process(): void };
    function process(Buffer: string): string { return 'process' + Buffer; }
    queue.process();
    console.log(process('Buffer'));`;
  assert.equal(await check(source), []);
});

bundle('allows what a browser has, and measures it', async () => {
  assert.equal(await check(`console.log(new Uint8Array(1), crypto.subtle);`), []);
  const { bytes, gzippedBytes, offences } = await checkBundle(process.cwd(), 'crypto/json.ts');
  assert.equal(offences, []);
  assert.ok(gzippedBytes > 0 && gzippedBytes < bytes);
});

bundle.run();
