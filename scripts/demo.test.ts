// The demonstration, run as somebody would: unattended, on each runtime, and what it leaves checked by means that
// are not its own.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as z from 'zod';

import { equalBytes } from '#crypto/bytes.ts';
import { verifyCheckpoint } from '#crypto/checkpoint.ts';
import { type Hash, leafHash } from '#crypto/hash.ts';
import { parseVerifierKey } from '#crypto/key.ts';
import { parseLeaf } from '#crypto/leaf.ts';
import { parseBundle, parseBundlePath } from '#crypto/tile.ts';
import { merkleRoot } from '#crypto/tree.ts';
import { caisey, type Runtime } from './caisey-process.ts';

const run = promisify(execFile);
const DEMO = fileURLToPath(new URL('./demo.ts', import.meta.url));

const summarySchema = z.object({
  verdict: z.literal('verified'),
  tampered: z.literal('refused'),
  entries: z.int().min(20),
  commands: z.int().min(5),
  approvals: z.literal(1),
  log_size: z.int().min(20),
  agent_runtime: z.enum(['node', 'deno']),
  total_ms: z.int().positive(),
});

const demo = suite('npm run demo');

for (const runtime of ['node', 'deno'] satisfies Runtime[]) {
  demo(`tells its story, and leaves evidence that verifies (${runtime})`, async () => {
    await using out = await temporaryFolder();
    const args = [DEMO, '--out', out.path, '--agent-runtime', runtime];
    const { stdout } = await run(process.execPath, args, { timeout: 200_000 });
    assert.match(stdout, 'refused, as it must be');
    assert.not.match(stdout, /^\d\d:\d\d/m, 'no invented times');
    const summary = summarySchema.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
    assert.is(summary.agent_runtime, runtime);
    const evidence = join(out.path, 'session.evidence.json');
    const trust = ['--trust', join(out.path, 'trust.json')];
    const home = { home: out.path };
    assert.is((await caisey(['verify', evidence, ...trust], home)).code, 0);
    await checkTiles(join(out.path, 'log'), summary.log_size);
    const transcript = await readFile(join(out.path, 'transcript.txt'), 'utf8');
    assert.match(transcript, 'VERIFIED');

    const bytes = await readFile(evidence);
    const cut = join(out.path, 'cut.json');
    await writeFile(cut, bytes.subarray(0, bytes.length - 1));
    assert.is((await caisey(['verify', cut, ...trust], home)).code, 2);
    const text = bytes.toString('utf8');
    const changed = text.replace('pass  in proto', 'block in proto');
    assert.is.not(changed, text);
    await writeFile(cut, changed);
    const { code, stdout: said } = await caisey(['verify', cut, ...trust], home);
    assert.is(code, 1);
    assert.match(said, 'values-bound');
  });
}

for (const { argv, code, says } of [
  { argv: ['--help'], code: 0, says: /^Usage: npm run demo[\s\S]*Exit codes: 0 told/ },
  { argv: [], code: 2, says: /^Cannot demonstrate: --out DIR is missing\nUsage/ },
  {
    argv: ['--agent-runtime', 'bun', '--out', 'x'],
    code: 2,
    says: /no agent runs on "bun"\nUsage/,
  },
  { argv: ['--nonsense'], code: 2, says: /^Cannot demonstrate: .*--nonsense.*\nUsage/ },
]) {
  demo(`answers ${code} to "${argv.join(' ')}", and says why`, async () => {
    const { stdout, stderr, ...ended } = await run(process.execPath, [DEMO, ...argv]).catch(
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );
    assert.is('code' in ended ? ended.code : 0, code);
    assert.match(code === 0 ? stdout : stderr, says);
  });
}

demo('replaces nothing in a folder that is not its own', async () => {
  await using out = await temporaryFolder();
  await writeFile(join(out.path, 'trust.json'), 'mine');
  const failed: unknown = await run(process.execPath, [DEMO, '--out', out.path]).catch(
    (error: unknown) => error,
  );
  const { code, stderr } = failed as { code: number; stderr: string };
  assert.is(code, 2);
  assert.match(stderr, 'it holds other files');
  assert.equal(await readdir(out.path), ['trust.json']);
  assert.is(await readFile(join(out.path, 'trust.json'), 'utf8'), 'mine');
});

demo('refuses a path that can be no folder, in words', async () => {
  await using out = await temporaryFolder();
  const file = join(out.path, 'file');
  await writeFile(file, 'mine');
  for (const [path, why] of [
    [file, 'it is a file, not a folder'],
    [join(file, 'below'), 'a part of this path is a file'],
  ] as const) {
    const failed: unknown = await run(process.execPath, [DEMO, '--out', path]).catch(
      (error: unknown) => error,
    );
    const { code, stderr } = failed as { code: number; stderr: string };
    assert.is(code, 2);
    assert.ok(stderr.startsWith(`Cannot demonstrate in "${path}": ${why}`), stderr);
    assert.is(stderr.trimEnd().split('\n').length, 1, 'no stack');
  }
  assert.is(await readFile(file, 'utf8'), 'mine');
});

demo.run();

/** Rebuilds the log's root from the exported bundles alone. */
async function checkTiles(folder: string, size: number): Promise<void> {
  const key = parseVerifierKey((await readFile(join(folder, 'vkey'), 'utf8')).trimEnd());
  const checkpoint = await verifyCheckpoint(
    await readFile(join(folder, 'checkpoint'), 'utf8'),
    key,
  );
  assert.is(checkpoint.size, size);
  const hashes: Hash[] = [];
  for (const name of await readdir(join(folder, 'tile', 'entries'), { recursive: true })) {
    const path = `tile/entries/${name}`;
    if (!/\.p\/\d+$|\/\d{3}$/.test(path)) continue;
    const { width } = parseBundlePath(path);
    for (const leaf of parseBundle(await readFile(join(folder, path)), width)) {
      assert.is(parseLeaf(leaf).i, hashes.length);
      hashes.push(leafHash(leaf));
    }
  }
  assert.is(hashes.length, size);
  assert.ok(equalBytes(merkleRoot(hashes), checkpoint.root));
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'caisey-demo-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
