// Paths before anybody opens them: what a word could name, as far as the text tells. No disk is looked at, so a
// link on it can lead elsewhere. Read in doubt as more than one path, never as fewer.
//
// A path is a list of names in small letters. `**` among them stands for any folders, `*` and `?` in a name for
// what the shell, or a program that expands names itself, puts there.

/** Any folders, or none. */
export const DEEP = '**';
/** The home folder of whoever runs the command: where it lies is not known here. */
export const HOME = '~';
/** A longer name, or more of them, is not looked up. */
export const MAX_PATH_CHARS = 512;

const MAX_NAMES = 64;
/** Stands for a `*` or `?` that is only a character. Never in a pattern. */
const LITERAL = '\u0001';

export type Path = readonly string[];
export type PathPattern = readonly string[];

export interface PathStyle {
  /** Backslashes, drives, streams and short names; a `*` stands for a leading dot as well. */
  readonly windows: boolean;
}

/** The names of a pattern such as `/etc/*.conf`. */
export function pathPattern(text: string): PathPattern {
  return text.split('/').filter((name) => name !== '');
}

export interface NamedPath {
  /** What the text names. */
  readonly text: string;
  readonly base: Path;
  /** `*`, `?` and `[` in the text stand for other characters. */
  readonly glob: boolean;
}

/** The path that a text names, seen from a folder; null when it is too long to be looked at. */
export function resolvePath({ text, base, glob }: NamedPath, { windows }: PathStyle): Path | null {
  if (text.length > MAX_PATH_CHARS) return null;
  const lower = windows ? text.toLowerCase().replaceAll('\\', '/') : text.toLowerCase();
  const { start, rest } = (windows ? startOnWindows : startOnUnix)(lower, base);
  const path = [...start];
  for (const piece of rest.split('/')) {
    const name = windows ? windowsName(piece) : piece;
    if (name === '' || name === '.') continue;
    if (name === '..') climb(path);
    else path.push(glob ? wildName(name) : name.replace(/[*?]/g, LITERAL));
  }
  return path.length > MAX_NAMES ? null : path;
}

/** True when a text leaves a folder upwards: behind a link, that is not where the names say. */
export function climbs(text: string, { windows }: PathStyle): boolean {
  return text
    .split(windows ? /[\\/]/ : '/')
    .some((name) => name === '..' || (windows && /^[. ]{2,}$/.test(name)));
}

interface Start {
  readonly start: Path;
  readonly rest: string;
}

function startOnUnix(text: string, base: Path): Start {
  if (text.startsWith('/')) return { start: [], rest: text };
  if (/^~(?:\/|$)/.test(text)) return { start: [HOME], rest: text.slice(1) };
  // the home of an account may be any folder: that of `sys` is /dev on Debian
  if (text.startsWith('~')) return { start: [DEEP], rest: text.replace(/^[^/]*/, '') };
  return { start: base, rest: text };
}

const HIVES: ReadonlyMap<string, string> = new Map([
  ['hkey_local_machine', 'hklm'],
  ['hkey_current_user', 'hkcu'],
  ['hkey_users', 'hku'],
  ['hkey_classes_root', 'hkcr'],
]);

function startOnWindows(text: string, base: Path): Start {
  const [, drive, local = ''] = /^([a-z*?]):(.*)$/s.exec(text) ?? [];
  if (drive !== undefined) {
    // `c:x` is relative to a folder that only that drive knows
    return { start: local.startsWith('/') ? [`${drive}:`] : [`${drive}:`, DEEP], rest: local };
  }
  const [, provider, inside = ''] = /^([a-z][a-z0-9_]+):(.*)$/s.exec(text) ?? [];
  if (provider !== undefined) return { start: [HIVES.get(provider) ?? provider], rest: inside };
  const [root = ''] = text.split('/', 1);
  const hive = HIVES.get(root) ?? root;
  if (isHive(hive)) return { start: [hive], rest: text.slice(root.length) };
  return startOnUnix(text, base);
}

/** True for the roots of the Windows registry. */
export function isHive(name: string | undefined): boolean {
  return name !== undefined && /^hk(?:lm|cu|u|cr)$/.test(name);
}

/** Takes off what Windows takes off: `sam.`, `sam `, `sam::$data`. A short name may be any. */
function windowsName(piece: string): string {
  if (/^[. ]+$/.test(piece)) return piece.length > 1 ? '..' : '.';
  if (/~[0-9]|`/.test(piece)) return '*';
  return piece.replace(/:.*$/s, '').replace(/[. ]+$/, '');
}

/** Brackets are read as `*`, from the first to the last. */
function wildName(name: string): string {
  return name.replace(/\[.*\]|\[.*$/s, '*').replace(/\*+/g, '*');
}

function climb(path: string[]): void {
  const last = path.at(-1);
  if (last === HOME || last === DEEP) path.splice(path.length - 1, 1, DEEP);
  else path.pop();
}

/** The same path with every `*` and `?` only a character, and without what lies under it. */
export function literalPath(path: Path): Path {
  return path.filter((name) => name !== DEEP).map((name) => name.replace(/[*?]/g, LITERAL));
}

const COPY_ENDINGS = (
  '~ - # -old .0 .1 .2 .3 .4 .5 .6 .7 .8 .9 .bak .backup .old .orig .save .copy .tmp .new .swp .swo ' +
  '.dpkg-old .dpkg-dist .dpkg-new .dpkg-bak .ucf-old .ucf-dist .rpmsave .rpmorig .rpmnew .gz .xz .bz2 .zst .zip'
).split(' ');
/** `x.bak~`: of a copy of a copy of a copy nobody asks. */
const MAX_COPIES = 2;

/** What a path is a copy of, to go by its last name: `/etc/shadow.bak` and `/etc/.shadow.swp` of `/etc/shadow`. */
export function originalsOf(path: Path): readonly Path[] {
  const name = path.at(-1);
  if (name === undefined || name === DEEP) return [];
  let copies = [name];
  const originals = new Set<string>();
  for (let i = 0; i < MAX_COPIES; i++) {
    const stems = copies.flatMap((copy) => COPY_ENDINGS.flatMap((ending) => stemsOf(copy, ending)));
    copies = [...new Set(stems)];
    for (const stem of copies) originals.add(stem);
  }
  return [...originals].map((original) => [...path.slice(0, -1), original]);
}

function stemsOf(name: string, ending: string): readonly string[] {
  const star = name.lastIndexOf('*');
  const length = name.length - ending.length;
  if (star >= length) {
    // what follows the star must be able to be the end of the ending; the star stands for the rest
    const stem = name.slice(0, star + 1);
    return stem !== name && wildMeet(name.slice(star), ending) ? [stem] : [];
  }
  if (length < 1 || !wildMeet(name.slice(length), ending)) return [];
  const stem = name.slice(0, length);
  return /^[.#]./.test(stem) ? [stem, stem.slice(1)] : [stem];
}

/** True when something that the path may name is something that the pattern names. */
export function mayMeet(path: Path, pattern: PathPattern, { windows }: PathStyle): boolean {
  return walk(path, pattern, {
    isDeep: (name) => name === DEEP,
    meets: (name, wanted) => {
      // in sh and bash, a leading `*` or `?` does not stand for a dot
      if (!windows && /^[*?]/.test(name) && wanted.startsWith('.')) return false;
      return wildMeet(name, wanted);
    },
  });
}

/** True when everything that the path may name is something that the pattern names. */
export function covers(pattern: PathPattern, path: Path): boolean {
  return walk(path, pattern, {
    isDeep: () => false,
    meets: (name, wanted) =>
      name !== DEEP && (wanted === '*' || (!/[*?]/.test(name) && wildMeet(name, wanted))),
  });
}

interface Walk {
  readonly isDeep: (name: string) => boolean;
  readonly meets: (name: string, wanted: string) => boolean;
}

/** Whether two lists can be laid over each other, `**` of either standing for any part of the other. */
function walk(path: Path, pattern: PathPattern, { isDeep, meets }: Walk): boolean {
  const [name, wanted] = [path.at(-1), pattern.at(-1)];
  if (name !== undefined && wanted !== undefined && !isDeep(name) && wanted !== DEEP) {
    if (!meets(name, wanted)) return false; // most patterns end in a name, and few paths in that one
  }
  return layOver(path, pattern, {
    skipsLeft: isDeep,
    skipsRight: (wanted) => wanted === DEEP,
    meets,
  });
}

/** Whether two names with `*` and `?` can be the same name. */
function wildMeet(name: string, wanted: string): boolean {
  if (!/[*?]/.test(name) && !/[*?]/.test(wanted)) return name === wanted;
  if (!name.includes('*') && !wanted.includes('*') && name.length !== wanted.length) return false;
  if (/^\*[^*?]*$/.test(wanted) && !/[*?]/.test(name)) return name.endsWith(wanted.slice(1));
  return layOver([...name], [...wanted], {
    skipsLeft: (char) => char === '*',
    skipsRight: (char) => char === '*',
    meets: (a, b) => a === b || a === '?' || b === '?',
  });
}

interface Overlay {
  readonly skipsLeft: (item: string) => boolean;
  readonly skipsRight: (item: string) => boolean;
  readonly meets: (left: string, right: string) => boolean;
}

/** In steps of length times length: `row[j]` tells whether the lists so far can be laid over each other. */
function layOver(left: readonly string[], right: readonly string[], overlay: Overlay): boolean {
  const { skipsLeft, skipsRight, meets } = overlay;
  let row: boolean[] = [true];
  for (const [j, item] of right.entries()) row.push(row[j] === true && skipsRight(item));
  for (const item of left) {
    const next = [row[0] === true && skipsLeft(item)];
    for (const [j, wanted] of right.entries()) {
      const both =
        row[j] === true && (skipsLeft(item) || skipsRight(wanted) || meets(item, wanted));
      const staysRight = row[j + 1] === true && (skipsRight(wanted) || skipsLeft(item));
      const staysLeft = next[j] === true && (skipsLeft(item) || skipsRight(wanted));
      next.push(both || staysRight || staysLeft);
    }
    row = next;
  }
  return row.at(-1) === true;
}
