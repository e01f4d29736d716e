// Which software this is, as entries and clients are told.

import { readFile } from 'node:fs/promises';

import * as z from 'zod';

const packageSchema = z.object({ version: z.string().max(64) });

/** `caisey/<version>`, read from the package that this file is in. */
export async function readSoftware(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return `caisey/${packageSchema.parse(JSON.parse(text)).version}`;
}
