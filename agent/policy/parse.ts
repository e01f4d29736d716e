// One command line of any shell, parsed for policy: which programs it runs, whether each only reads, and
// whether the line is clean. Clean means: every word is known before the shell runs, and nothing else
// happens than these programs with these words. Parsing decides convenience, never safety; what is not
// clean is asked.

import type { ShellName } from '#crypto/policy.ts';

import { readBash } from './bash.ts';
import { readCmd } from './cmd.ts';
import type { PowerShellGrammar } from './powershell-grammar.ts';
import { readPowerShell } from './powershell.ts';
import { wordsOfParts } from './powershell-words.ts';
import { isPosixReadOnly } from './read-only-posix.ts';
import { isPowerShellReadOnly } from './read-only-powershell.ts';
import { isCmdBuiltInReadOnly, isWindowsReadOnly } from './read-only-windows.ts';
import { isPlainText } from './word.ts';
import { unwrap } from './wrapper.ts';

/** Longer lines are not parsed, only scanned for the names that a rule denies. */
export const MAX_PARSED_CHARS = 8192;
/** `sudo env sh -c …`: deeper than this nobody writes by accident. */
const MAX_WRAPPERS = 8;
const MAX_COMMANDS = 512;
/** Characters in all that the parsers read for one line, with what its wrappers run. */
const MAX_READ_CHARS = 4 * MAX_PARSED_CHARS;
/** A shorter text costs as much as one of so many characters. */
const MIN_READ_CHARS = 256;
/**
 * Brackets times characters. A parser that meets a bracket without its end tries the rest of the text again: what
 * nests more than this is a riddle for people as well.
 */
const MAX_TANGLE = 64 * 2048;
const NO_GLOBS: ReadonlySet<string> = new Set();

export interface SimpleCommand {
  /** The name as called, without quotes. */
  readonly program: string;
  readonly arguments: readonly string[];
  readonly readOnly: boolean;
  /** Those of the arguments that the shell replaces by names of files. */
  readonly globs: ReadonlySet<string>;
}

export interface ParsedLine {
  readonly clean: boolean;
  /** Every command that was found, in order, wherever it stands; a wrapper before what it runs. */
  readonly commands: readonly SimpleCommand[];
  /** Why the line is not clean: a phrase that follows "the line"; null when it is. */
  readonly problem: string | null;
}

/** Parses a command line; never throws. */
export function parseLine(shell: ShellName, text: string, grammar: PowerShellGrammar): ParsedLine {
  return parseNested({ shell, text, grammar, depth: 0, budget: { chars: MAX_READ_CHARS } });
}

interface Nested {
  readonly shell: ShellName;
  readonly text: string;
  readonly grammar: PowerShellGrammar;
  readonly depth: number;
  /** What is left to be read; shared by all that nests in one line. */
  readonly budget: { chars: number };
}

function parseNested(nested: Nested): ParsedLine {
  const { text, budget } = nested;
  if (text.length > MAX_PARSED_CHARS) return unclean('is too long to be read');
  budget.chars -= Math.max(text.length, MIN_READ_CHARS);
  if (nested.depth > MAX_WRAPPERS || budget.chars < 0) return unclean('wraps commands too deep');
  if (isTangled(text)) return unclean('nests brackets too often to be read');
  const line = readLine(nested);
  if (line.commands.length > MAX_COMMANDS) return unclean('holds too many commands');
  const commands: SimpleCommand[] = [];
  let problem = line.problem;
  if (!isPlainText(nested.text))
    problem = 'holds characters that are invisible or look like others';
  else if (problem === null && line.commands.length === 0) problem = 'holds no command';
  for (const command of line.commands) {
    commands.push(command);
    const inner = parseWrapped(nested, command);
    if (inner === null) continue;
    commands.push(...inner.commands);
    problem ??= inner.problem;
  }
  return { clean: problem === null, commands: commands.slice(0, MAX_COMMANDS), problem };
}

function isTangled(text: string): boolean {
  const openers = text.match(/[([{`]/g)?.length ?? 0;
  return openers * text.length > MAX_TANGLE;
}

function unclean(problem: string): ParsedLine {
  return { clean: false, commands: [], problem };
}

/** What a wrapper runs, parsed in its turn. */
function parseWrapped(nested: Nested, command: SimpleCommand): ParsedLine | null {
  if (command.readOnly) return null;
  const inner = unwrap(command.program, command.arguments);
  if (inner === null) return null;
  const depth = nested.depth + 1;
  const unclear = inner.unclear
    ? `runs "${command.program}", which can make something else run`
    : null;
  if (inner.script !== null) {
    const parsed = parseNested({ ...nested, ...inner.script, depth });
    return unclear === null ? parsed : { ...parsed, clean: false, problem: unclear };
  }
  if (inner.words === null) return unclear === null ? null : unclean(unclear);
  if (depth > MAX_WRAPPERS) return unclean('wraps commands too deep');
  const first = simple(nested.shell, inner.words, command.globs);
  const further = parseWrapped({ ...nested, depth }, first);
  const problem = unclear ?? further?.problem ?? null;
  return { clean: problem === null, commands: [first, ...(further?.commands ?? [])], problem };
}

interface FoundCommands {
  readonly commands: readonly SimpleCommand[];
  readonly problem: string | null;
}

function readLine({ shell, text, grammar }: Nested): FoundCommands {
  switch (shell) {
    case 'sh':
    case 'bash': {
      const { commands, problem } = readBash(text);
      return { commands: commands.map(posixCommand), problem };
    }
    case 'powershell':
    case 'pwsh': {
      const { clean, found, problem } = readPowerShell(text, grammar);
      if (clean === null)
        return { commands: found.map((words) => simple(shell, words, NO_GLOBS)), problem };
      const commands = clean.map((command) => {
        const words = wordsOfParts(command.parts).map((word) => word.text);
        const readOnly = isPowerShellReadOnly(shell, command);
        return { program: command.name, arguments: words, readOnly, globs: NO_GLOBS };
      });
      return { commands, problem };
    }
    case 'cmd': {
      const { words, problem } = readCmd(text);
      return { commands: words === null ? [] : [simple(shell, words, NO_GLOBS)], problem };
    }
    default:
      return shell satisfies never;
  }
}

function posixCommand(words: ReturnType<typeof readBash>['commands'][number]): SimpleCommand {
  const [name, ...rest] = words;
  const program = name?.text ?? '';
  return {
    program,
    arguments: rest.map((word) => word.text),
    readOnly: isPosixReadOnly(program, rest),
    globs: new Set(rest.filter((word) => word.glob).map((word) => word.text)),
  };
}

/** A command of which only the words are known. PowerShell needs more to tell that it only reads. */
function simple(
  shell: ShellName,
  words: readonly string[],
  globs: ReadonlySet<string>,
): SimpleCommand {
  const [program = '', ...rest] = words;
  return { program, arguments: rest, readOnly: isReadOnly(shell, program, rest), globs };
}

function isReadOnly(shell: ShellName, program: string, args: readonly string[]): boolean {
  switch (shell) {
    case 'sh':
    case 'bash':
      return isPosixReadOnly(
        program,
        args.map((text) => ({ text, glob: /[*?[]/.test(text) })),
      );
    case 'cmd':
      return isWindowsReadOnly(program, args) || isCmdBuiltInReadOnly(program, args);
    case 'powershell':
    case 'pwsh':
      return false;
    default:
      return shell satisfies never;
  }
}
