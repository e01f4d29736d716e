// The direction of imports between the rooms: downward only, and from the room below only its language.

import { posix } from 'node:path';

import type { Import } from './import.ts';
import { type Room, isTestFile, roomOf } from './source-file.ts';

/** What a room's code may import of other rooms: paths, or folders when they end in `/`. */
const MAY_IMPORT = {
  crypto: [],
  agent: ['crypto/'],
  appliance: ['crypto/', 'agent/protocol/', 'agent/policy/'],
  ui: ['crypto/', 'appliance/protocol/'],
  scripts: ['crypto/', 'agent/', 'appliance/', 'ui/'],
} as const satisfies Record<Room, readonly string[]>;

const SCENARIOS = 'appliance/scenarios/';
const TEST_TOOLS = 'scripts/testing/';
const CRYPTO_INTERNAL = 'crypto/internal/';

/** The packages of package.json: those that run with the product, and those that only build and test it. */
export type Packages = { run: ReadonlySet<string>; develop: ReadonlySet<string> };

/** Says what is wrong with one import of the file at `path`, or null. */
export function judgeImport(
  path: string,
  { specifier }: Import,
  packages: Packages,
): string | null {
  const room = roomOf(path);
  if (room === null) return `"${path}" lies in no room`;
  if (specifier.startsWith('.')) return judgeRelative(path, room, specifier);
  if (specifier.startsWith('#')) return judgeAcross(path, room, specifier.slice(1));
  return judgePackage(path, room, specifier, packages);
}

/** Says what is wrong with the name of a source file, or null. */
export function judgeName(path: string): string | null {
  const name = posix.basename(path);
  if (/^(index|mod)\.(ts|js|mjs)$/.test(name)) {
    return 'no barrels: name the file by the noun that it owns';
  }
  return null;
}

function judgeRelative(path: string, room: Room, specifier: string): string | null {
  const target = posix.join(posix.dirname(path), specifier);
  if (roomOf(target) !== room) return `leaves its room by "${specifier}": write "#room/file.ts"`;
  if (isVirtual(specifier)) return null;
  return judgeExtension(specifier) ?? judgeInternal(path, target);
}

function judgeAcross(path: string, room: Room, target: string): string | null {
  const other = roomOf(target);
  if (other === null) return `"#${target}" is no room`;
  // SvelteKit moves with `#ui/…`; everywhere else a room speaks to itself in relative paths.
  if (other === room && room !== 'ui') return `"#${target}" is its own room: write "./…"`;
  if (other !== room && !mayImport(path, room, target)) return `may not import "#${target}"`;
  return judgeExtension(target) ?? judgeInternal(path, target);
}

function mayImport(path: string, room: Room, target: string): boolean {
  if (isWithin(target, MAY_IMPORT[room])) return true;
  const isScenario = path.startsWith(SCENARIOS);
  if (isScenario && isWithin(target, ['agent/'])) return true;
  return (isScenario || isTestFile(path)) && isWithin(target, [TEST_TOOLS]);
}

function isWithin(target: string, folders: readonly string[]): boolean {
  return folders.some((folder) => target.startsWith(folder));
}

function judgeExtension(target: string): string | null {
  if (/\.(ts|mjs|svelte|css|json|wasm)(\?\w+)?$/.test(target)) return null;
  return `"${target}" lacks its extension: write ".ts"`;
}

function judgeInternal(path: string, target: string): string | null {
  if (!target.startsWith(CRYPTO_INTERNAL) || path.startsWith('crypto/')) return null;
  return `"#${target}" is private to crypto`;
}

function judgePackage(path: string, room: Room, specifier: string, packages: Packages) {
  const isTool = isTestFile(path) || room === 'scripts' || path.startsWith(SCENARIOS);
  if (specifier.startsWith('node:')) {
    return room === 'crypto' && !isTool ? `"${specifier}": crypto sees no platform` : null;
  }
  if (specifier.startsWith('$')) return judgeKit(room, specifier);
  const name = packageOf(specifier);
  if (packages.run.has(name) || (isTool && packages.develop.has(name))) return null;
  return packages.develop.has(name)
    ? `"${name}" is a devDependency: it is not there when the product runs`
    : `"${name}" is not in package.json (or is a module of Node: write "node:${name}")`;
}

function judgeKit(room: Room, specifier: string): string | null {
  if (room !== 'ui') return `"${specifier}" is SvelteKit's: only ui may import it`;
  return specifier.startsWith('$lib') ? `"${specifier}": write "#ui/lib/…"` : null;
}

/** `./$types` is written by SvelteKit. */
function isVirtual(specifier: string): boolean {
  return specifier === './$types';
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
