// Packages that were installed several times at one version are bundled once: libp2p's parts bring copies of their
// own of what they share, and a browser would load each of them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Plugin } from 'vite';
import * as z from 'zod';

const packageSchema = z.object({ version: z.string() });

/** Takes the first copy that is met for all others of its name and version. */
export function oneCopy(): Plugin {
  const firsts = new Map<string, string>();
  return {
    name: 'caisey:one-copy',
    enforce: 'pre',
    async resolveId(source, importer, options) {
      if (source.startsWith('.') || source.startsWith('\0')) return null; // within a copy, or of another plugin
      const found = await this.resolve(source, importer, { ...options, skipSelf: true });
      const copy = found === null ? null : copyOf(found.id);
      if (found === null || copy === null || found.external !== false) return found;
      const key = `${copy.name}@${versionIn(copy.folder)}`;
      const first = firsts.get(key) ?? copy.folder;
      firsts.set(key, first);
      return { ...found, id: first + found.id.slice(copy.folder.length) };
    },
  };
}

/** The package that a file is of, and the folder where it was installed; null for a file of ours. */
export function copyOf(path: string): { name: string; folder: string } | null {
  const [folder, name] = /^.*\/node_modules\/((?:@[^/]+\/)?[^/@.][^/]*)(?=\/)/.exec(path) ?? [];
  return folder === undefined || name === undefined ? null : { name, folder };
}

const versions = new Map<string, string>();

function versionIn(folder: string): string {
  const known = versions.get(folder);
  if (known !== undefined) return known;
  const text = readFileSync(join(folder, 'package.json'), 'utf8');
  const { version } = packageSchema.parse(JSON.parse(text));
  versions.set(folder, version);
  return version;
}
