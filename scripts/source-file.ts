// The files of the house, as the checks and the runner see them: paths from the root, with `/`, sorted.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export const ROOMS = ['crypto', 'agent', 'appliance', 'ui', 'scripts'] as const;
export type Room = (typeof ROOMS)[number];

const SKIPPED = new Set(['node_modules', '.svelte-kit', 'build']);

/** Lists the source files (`.ts`, `.svelte`, `.mjs`) of every room under `root`; a missing room is empty. */
export async function listSourceFiles(root: string): Promise<string[]> {
  const rooms = await Promise.all(ROOMS.map((room) => list(root, room)));
  return rooms.flat().sort();
}

/** Tells whether a path is a test, which may import more than the code beside it. */
export function isTestFile(path: string): boolean {
  return path.endsWith('.test.ts');
}

/** The room that a path from the root lies in, or null. */
export function roomOf(path: string): Room | null {
  return ROOMS.find((room) => path === room || path.startsWith(`${room}/`)) ?? null;
}

async function list(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(emptyIfMissing);
  const lists = entries.map(async (entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : list(root, path);
    return /\.(ts|svelte|mjs)$/.test(entry.name) ? [path] : [];
  });
  return (await Promise.all(lists)).flat();
}

function emptyIfMissing(error: unknown): [] {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
  throw error;
}
