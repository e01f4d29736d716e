// What a line's words may touch: nothing special, a secret, or a device. A second look at commands that are
// parsed already: a program that only reads is read-only as long as what it reads is not in the table of
// `place.ts`. Whatever cannot be resolved counts as secret: asking costs a minute, showing a key costs the key.

import type { Judged, ShellName } from '#crypto/policy.ts';

import { namesOf } from './name.ts';
import { readOptions } from './options.ts';
import type { ParsedLine, SimpleCommand } from './parse.ts';
import {
  climbs,
  covers,
  DEEP,
  HOME,
  isHive,
  literalPath,
  mayMeet,
  originalsOf,
  type Path,
  resolvePath,
} from './path.ts';
import {
  CMDLETS_THAT_LIST,
  cmdletOf,
  CONTENT_CMDLETS,
  descends,
  opensUnknown,
  showsEnvironment,
} from './pipe.ts';
import {
  HARMLESS_PLACES,
  OPEN_PLACES,
  type PlaceKind,
  PLACES,
  REGISTRY_PLACES,
  WINDOWS_PLACES,
} from './place.ts';
import { plainWord, type Word } from './word.ts';

export interface TouchedCommand extends SimpleCommand {
  /** The word by which it may read a secret, or a word that cannot be resolved; null when there is none. */
  readonly secret: string | null;
}

export interface TouchedLine extends ParsedLine {
  readonly commands: readonly TouchedCommand[];
}

/** Where relative names may begin. Several, when the line changes its folder and may fail to. */
type Bases = readonly Path[];

interface Stand {
  readonly shell: ShellName;
  readonly bases: Bases;
}

/** The line with every command's touch; a command that opens a device is not read-only any more. */
export function touchLine(line: ParsedLine, { shell, cwd }: Judged): TouchedLine {
  let looked = 0;
  const inPipe = isPowerShell(shell) ? line.commands : [];
  const reader = {
    shell,
    readsListed: inPipe.some((command) => CONTENT_CMDLETS.has(cmdletOf(command))),
    descends: descends(inPipe),
  };
  const isEnvironment = showsEnvironment(inPipe);
  let bases = startingBases(shell, cwd);
  const commands = line.commands.map((command, at) => {
    const opened = openedBy(command, reader);
    looked += opened.length;
    const touch =
      looked > MAX_LOOKED ? tooMany(command) : touchOf(command, opened, { shell, bases });
    const isPiped = isEnvironment || opensUnknown(inPipe, at);
    bases = basesAfter(command, { shell, bases });
    return {
      ...command,
      readOnly: command.readOnly && touch?.kind !== 'device',
      secret: touch?.kind === 'secret' ? touch.word : isPiped ? PIPED : null,
    };
  });
  return { ...line, commands };
}

/** True when a word of a line that nobody could parse names a secret. */
export function isSecretWord(text: string, { shell, cwd }: Judged): boolean {
  const place = { shell, bases: startingBases(shell, cwd) };
  return kindOfWord({ text, glob: true }, place) !== null;
}

interface Touch {
  readonly kind: PlaceKind;
  readonly word: string;
}

/** More words of one line are not looked up: nobody could read them either. */
const MAX_LOOKED = 256;

/** Told in the place of a word, where none of the line says what is opened. */
const PIPED = 'what a pipe hands on';

function tooMany({ program }: SimpleCommand): Touch {
  return { kind: 'secret', word: program };
}

interface Reader {
  readonly shell: ShellName;
  /** A cmdlet of the line reads the files that others list into its pipe. */
  readonly readsListed: boolean;
  /** A cmdlet of the line lists what is below what others list into its pipe. */
  readonly descends: boolean;
}

function openedBy(command: SimpleCommand, reader: Reader): readonly Opened[] {
  const aliases = isWindows(reader.shell);
  const names = namesOf(command.program, { aliases });
  return aliases ? openedByCmdlet(command, names, reader) : openedByProgram(command, names);
}

function touchOf(
  { program }: SimpleCommand,
  opened: readonly Opened[],
  stand: Stand,
): Touch | null {
  const names = namesOf(program, { aliases: isWindows(stand.shell) });
  if (names.some((name) => SHOWS_SECRETS.has(name))) return { kind: 'secret', word: program };
  let secret: Touch | null = null;
  for (const { word, walks } of opened) {
    const kind = kindOfWord(word, stand, walks);
    if (kind === 'device') return { kind, word: word.text };
    if (kind === 'secret') secret ??= { kind, word: word.text };
  }
  return secret;
}

interface Opened {
  readonly word: Word;
  /** With everything under it. */
  readonly walks: boolean;
}

/** The folder that the command runs in. */
const HERE: Word = { text: '.', glob: false };
/** What nobody can resolve: it may be anything. */
const ANYTHING: Opened = { word: { text: '..', glob: false }, walks: true };

// These show secrets that no word of theirs names.
const SHOWS_SECRETS = new Set(['printenv', 'get-bitlockervolume']);

// These tell names, sizes and the like of what their words name, and open none of it; or are made for devices.
const LISTERS = new Set(
  (
    'ls stat df du find lsblk findmnt lsof fdisk smartctl echo basename dirname readlink realpath which ' +
    'lsattr getfacl cd test [ type command'
  ).split(' '),
);

const GREP = {
  flags: 'abcEFGhHiIlLnoPqrRsTUvwxyzZ0123456789',
  values: 'ABCDdefm',
  long: 'recursive dereference-recursive ignore-case line-number count invert-match files-with-matches no-messages',
  longValues: 'include exclude exclude-dir max-count context after-context before-context color',
};

function openedByProgram(command: SimpleCommand, names: readonly string[]): readonly Opened[] {
  const words = wordsOf(command);
  if (command.readOnly && names.some((name) => LISTERS.has(name))) return [];
  const opened = words.flatMap(wordsWithin).map((word) => ({ word, walks: false }));
  if (names.some((name) => /^[ef]?grep$/.test(name)) && mayWalk(words)) {
    return [...opened, ...walkedByGrep(words)];
  }
  if (names.includes('diff')) return opened.map(({ word }) => ({ word, walks: mayWalk(words) }));
  return opened;
}

function mayWalk(words: readonly Word[]): boolean {
  return words.some(({ text }) => /^-[^-]*[rR]|^--(?:r|de|di)|recurse/.test(text));
}

function walkedByGrep(words: readonly Word[]): readonly Opened[] {
  const reading = readOptions(GREP, words);
  if (reading === null) return [ANYTHING];
  const { options, operands } = reading;
  const paths = options.has('e') || options.has('f') ? operands : operands.slice(1);
  const globs = new Set(words.filter((word) => word.glob).map((word) => word.text));
  const walked = paths.map((text) => ({ text, glob: globs.has(text) }));
  return (walked.length === 0 ? [HERE] : walked).map((word) => ({ word, walks: true }));
}

const READERS = new Set([...CONTENT_CMDLETS, 'get-winevent', 'type', 'findstr', 'reg']);

function openedByCmdlet(
  command: SimpleCommand,
  names: readonly string[],
  { readsListed, descends: goesDown }: Reader,
): readonly Opened[] {
  const words = wildWordsOf(command);
  const walks = goesDown || words.some(({ text }) => /^(?:-recurse|-depth|\/s)$/i.test(text));
  const operands = words.filter(({ text }) => !/^-[a-z]+$/i.test(text));
  if (!command.readOnly) return operands.map((word) => ({ word, walks: false }));
  if (names.some((name) => CMDLETS_THAT_LIST.has(name))) {
    if (!readsListed) return keysListed(operands).map((word) => ({ word, walks }));
    return (operands.length === 0 ? [HERE] : operands).map((word) => ({ word, walks: true }));
  }
  if (!names.some((name) => READERS.has(name))) return [];
  if (walks && names.includes('findstr')) return [ANYTHING];
  if (names.includes('reg')) return operands.slice(1, 2).map((word) => ({ word, walks }));
  return operands.map((word) => ({ word, walks }));
}

/** Keys of the registry and variables of the environment: to list them is to read them, and what is in them. */
function keysListed(operands: readonly Word[]): readonly Word[] {
  return operands
    .filter(({ text }) => /^[a-z*?[][^\\/:]+:/i.test(text))
    .flatMap((word) => [word, { text: `${word.text}\\*`, glob: true }]);
}

function wordsOf({ arguments: texts, globs }: SimpleCommand): readonly Word[] {
  return texts.map((text) => ({ text, glob: globs.has(text) }));
}

/** Programs of Windows replace `*` themselves, in quotes and without. */
function wildWordsOf({ arguments: texts }: SimpleCommand): readonly Word[] {
  return texts.map((text) => ({ text, glob: true }));
}

/** The longest option that is taken apart. */
const MAX_OPTION_CHARS = 128;

/** A word, and every name that may stand in it behind an option: `--file=x`, `-fx`, `-nfx`. */
function wordsWithin({ text, glob }: Word): readonly Word[] {
  const texts = [text];
  const equals = text.indexOf('=');
  if (equals >= 0) texts.push(text.slice(equals + 1));
  if (/^-[^-]/.test(text)) {
    if (text.length > MAX_OPTION_CHARS) return [ANYTHING.word];
    for (let at = 2; at < text.length; at++) texts.push(text.slice(at));
  }
  return texts.map((part) => ({ text: part, glob }));
}

function kindOfWord(word: Word, { shell, bases }: Stand, walks = false): PlaceKind | null {
  const style = { windows: isWindows(shell) };
  const kinds = bases.map((base) => {
    const path = resolvePath({ ...word, base }, style);
    if (path === null) return 'secret';
    if (walks) return kindOfPath([...path, DEEP], style.windows);
    const kind = kindOfPath(path, style.windows);
    const isCopy = (): boolean =>
      originalsOf(path).some((original) => kindOfPath(original, style.windows) === 'secret');
    return kind === null && isCopy() ? 'secret' : kind;
  });
  if (kinds.includes('device')) return 'device';
  return kinds.includes('secret') || climbs(word.text, style) ? 'secret' : null;
}

function kindOfPath(path: Path, windows: boolean): PlaceKind | null {
  if (HARMLESS_PLACES.some((place) => covers(place, path))) return null;
  const isOpen = OPEN_PLACES.some((place) => covers(place, path));
  const literal = literalPath(path);
  const files = windows ? WINDOWS_PLACES : PLACES;
  const places = isHive(path[0]) ? REGISTRY_PLACES : files;
  const found = places.find(({ pattern }) =>
    mayMeet(isOpen && pattern[0] === DEEP ? literal : path, pattern, { windows }),
  );
  return found?.kind ?? null;
}

/** Where a command starts that names no folder: the home, or the root where there is none. */
function startingBases(shell: ShellName, cwd: string | null): Bases {
  if (cwd === null) return [[HOME], []];
  const style = { windows: isWindows(shell) };
  const path = resolvePath({ text: cwd, base: [DEEP], glob: false }, style);
  return [path === null || climbs(cwd, style) ? [DEEP] : path];
}

const MAX_BASES = 4;
const CHANGES_FOLDER = new Set(
  'cd chdir pushd popd set-location push-location pop-location'.split(' '),
);

/** `cd` may fail, and may stand in a pipe: the folder before it counts, too. */
function basesAfter(command: SimpleCommand, { shell, bases }: Stand): Bases {
  const aliases = isWindows(shell);
  if (!namesOf(command.program, { aliases }).some((name) => CHANGES_FOLDER.has(name))) return bases;
  const [target = plainWord('~'), ...rest] = wordsOf(command);
  const style = { windows: aliases };
  const isKnown = rest.length === 0 && !/^[-+]/.test(target.text) && !climbs(target.text, style);
  const after = isKnown ? bases.map((base) => resolvePath({ ...target, base }, style)) : [null];
  const all = [...bases, ...after.map((path) => path ?? [DEEP])];
  const different = new Map(all.map((path) => [path.join('/'), path]));
  return different.size > MAX_BASES ? [[DEEP]] : [...different.values()];
}

function isPowerShell(shell: ShellName): boolean {
  return shell === 'powershell' || shell === 'pwsh';
}

function isWindows(shell: ShellName): boolean {
  return isPowerShell(shell) || shell === 'cmd';
}
