// Checks every import of the house against the direction of its rooms.
//
//   node scripts/check-rooms.ts [folder]        exit 1 and a line for each offence

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

import * as z from 'zod';

import { listImports } from './import.ts';
import { type Packages, judgeImport, judgeName } from './room-rules.ts';
import { listSourceFiles } from './source-file.ts';

const packageNames = z.record(z.string(), z.string()).default({});
const packageJson = z.object({
  dependencies: packageNames,
  optionalDependencies: packageNames,
  devDependencies: packageNames,
});

/** Lists the offences under `root`, each `path:line: what`. */
export async function checkRooms(root: string): Promise<string[]> {
  const packages = await loadPackages(root);
  const offences: string[] = [];
  for (const path of await listSourceFiles(root)) {
    const wrongName = judgeName(path);
    if (wrongName !== null) offences.push(`${path}:1: ${wrongName}`);
    for (const found of listImports(path, await readFile(join(root, path), 'utf8'))) {
      const wrong = judgeImport(path, found, packages);
      if (wrong !== null) offences.push(`${path}:${found.line}: ${wrong}`);
    }
  }
  return offences;
}

async function loadPackages(root: string): Promise<Packages> {
  const text = await readFile(join(root, 'package.json'), 'utf8');
  const { dependencies, optionalDependencies, devDependencies } = packageJson.parse(
    JSON.parse(text),
  );
  return {
    run: new Set(Object.keys({ ...dependencies, ...optionalDependencies })),
    develop: new Set(Object.keys(devDependencies)),
  };
}

if (import.meta.main) {
  const offences = await checkRooms(process.argv[2] ?? process.cwd());
  for (const offence of offences) console.error(offence);
  process.exitCode = offences.length === 0 ? 0 : 1;
}
