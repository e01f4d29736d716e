// Checks that the verifier is fit for a browser: bundles crypto/evidence.ts as a page would and refuses what only
// a server has. What a build stands on is its resolver, so this finds what types cannot: a package's own imports.
//
//   node scripts/check-bundle.ts [entry]        prints the size; exit 1 and the reasons

import { Buffer } from 'node:buffer';
import { access } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import process from 'node:process';
import { gzipSync } from 'node:zlib';

import { type BuildFailure, build } from 'esbuild';

const ENTRY = 'crypto/evidence.ts';

/** Globals that a browser does not have. */
const FORBIDDEN = ['Buffer', 'process', '__dirname', '__filename', 'setImmediate'];

/** Marks a use of a forbidden global in a bundle; the bundler knows which names are global and which are ours. */
const MARK = 'FORBIDDEN_GLOBAL_';

export type BundleReport = { bytes: number; gzippedBytes: number; offences: string[] };

/** Bundles the file at `entry` for a browser and says what in it a browser lacks. */
export async function checkBundle(root: string, entry: string): Promise<BundleReport> {
  const file = resolve(root, entry);
  try {
    await access(file);
  } catch {
    return { bytes: 0, gzippedBytes: 0, offences: [`${entry} does not exist`] };
  }
  const bundled = await bundle(root, file);
  if (typeof bundled !== 'string') return { bytes: 0, gzippedBytes: 0, offences: bundled };
  return {
    bytes: Buffer.byteLength(bundled),
    gzippedBytes: gzipSync(bundled, { level: 9 }).length,
    offences: listForbidden(bundled).map((name) => `"${name}" is used: no browser has it`),
  };
}

/** A minified bundle, or the reasons why there is none. */
async function bundle(root: string, file: string): Promise<string | string[]> {
  try {
    const { outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: [file],
      bundle: true,
      platform: 'browser',
      format: 'esm',
      target: 'es2022',
      legalComments: 'none',
      logLevel: 'silent',
      minify: true,
      define: Object.fromEntries(globals()),
      write: false,
    });
    return outputFiles[0]?.text ?? [`${relative(root, file)} bundles to nothing`];
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    return error.errors.map(({ text, location }) => `${location?.file ?? file}: ${text}`);
  }
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error;
}

function globals(): [name: string, mark: string][] {
  return FORBIDDEN.flatMap((name): [string, string][] => [
    [name, MARK + name],
    [`globalThis.${name}`, MARK + name],
  ]);
}

function listForbidden(text: string): string[] {
  return FORBIDDEN.filter((name) => text.includes(MARK + name));
}

if (import.meta.main) {
  const entry = process.argv[2] ?? ENTRY;
  const { bytes, gzippedBytes, offences } = await checkBundle(process.cwd(), entry);
  for (const offence of offences) console.error(`${entry}: ${offence}`);
  const kib = (size: number) => `${(size / 1024).toFixed(1)} KiB`;
  if (bytes > 0) console.log(`${entry}: ${kib(bytes)} minified, ${kib(gzippedBytes)} gzipped`);
  process.exitCode = offences.length === 0 ? 0 : 1;
}
