// A JSON file of the appliance's folder, parsed at its door. What cannot be used is told by its path and by what is
// wrong with it; its text is never quoted, for it may hold a secret.

import { readFile } from 'node:fs/promises';

import type * as z from 'zod';

import { describeIssue } from '#crypto/issue.ts';
import { WorkError } from './work/error.ts';

/**
 * Loads a file; null when it is not there.
 * @throws {WorkError} code `folder-unusable`: it says what is wrong with the file, and `advice`, what to do
 */
export async function loadJsonFile<T>(
  path: string,
  { schema, advice = 'put its newest copy back' }: { schema: z.ZodType<T>; advice?: string },
): Promise<T | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw unusable(`Cannot read "${path}": ${why}`, { cause });
  }
  const parsed = schema.safeParse(parseJson(text, { path, advice }));
  if (parsed.success) return parsed.data;
  throw unusable(`Cannot use "${path}": ${describeIssue(parsed.error)}; ${advice}`);
}

function parseJson(text: string, { path, advice }: { path: string; advice: string }): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unusable(`Cannot use "${path}": it is not JSON; ${advice}`); // no cause: it would quote the text
  }
}

function unusable(message: string, options?: ErrorOptions): WorkError {
  return new WorkError('folder-unusable', message, options);
}
