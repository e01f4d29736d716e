// Which verb is meant: `help x y` is `x y --help`, and a word that is no verb is refused before anything else is
// looked at, also when help is wanted, with the one that was probably meant.

import type { CommandUnknownOpts } from '@commander-js/extra-typings';

import { closestWord } from '../closest-word.ts';
import { CliError } from './error.ts';
import { type Format, FORMATS } from './output.ts';

/** `--home x help session open` as `--home x session open --help`. */
export function helpLast(program: CommandUnknownOpts, argv: readonly string[]): string[] {
  const [first] = operandsOf(argv, program);
  if (first?.word !== 'help') return [...argv];
  return [...argv.slice(0, first.at), ...argv.slice(first.at + 1), '--help'];
}

/**
 * The format that a call asks for, wherever it says so: what is wrong with the call itself is told in it, too.
 * A format that there is not is refused later.
 */
export function formatWanted(argv: readonly string[]): Format {
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  const wanted = words.flatMap((word, at) => {
    if (word === '--format') return words.slice(at + 1, at + 2);
    return word.startsWith('--format=') ? [word.slice('--format='.length)] : [];
  });
  return FORMATS.find((format) => format === wanted.at(-1)) ?? 'table';
}

/** Finds the verb of a call down the families, or the family. @throws {CliError} code `usage` when there is none */
export function parseVerb(
  program: CommandUnknownOpts,
  argv: readonly string[],
): CommandUnknownOpts {
  let family = program;
  for (const { word } of operandsOf(argv, program)) {
    if (family.commands.length === 0) break; // a verb: what follows are its arguments
    const verb = family.commands.find((command) => command.name() === word);
    if (verb === undefined) throw unknownVerb(family, word);
    family = verb;
  }
  return family;
}

/** What is called to come to a verb: `session open`; empty for the program itself. */
export function verbPath(verb: CommandUnknownOpts): string {
  return verb.parent === null ? '' : `${verbPath(verb.parent)} ${verb.name()}`.trimStart();
}

/** The words before `--` that are no options, nor values of the program's own options. */
function* operandsOf(
  argv: readonly string[],
  program: CommandUnknownOpts,
): Generator<{ readonly word: string; readonly at: number }> {
  let isValue = false;
  for (const [at, word] of argv.entries()) {
    if (word === '--') return;
    if (isValue) isValue = false;
    else if (!word.startsWith('-')) yield { word, at };
    else isValue = program.options.some(({ long, required }) => required && long === word);
  }
}

function unknownVerb(family: CommandUnknownOpts, word: string): CliError {
  const names = family.commands.map((command) => command.name());
  const meant = closestWord(word, names) ?? nestedVerb(family, word);
  const where = `${verbPath(family)} `.trimStart();
  return new CliError('usage', `Cannot run: no verb "${where}${word}"`, {
    hint: [
      ...(meant === null ? [] : [`Did you mean ${where}${meant}?`]),
      `There are: ${names.join(', ')}. See "caisey help${where === '' ? '' : ` ${where.trim()}`}".`,
    ].join(' '),
  });
}

/** A verb of one of the families here that was probably meant: `enroll` is `agent enrol`. */
function nestedVerb(family: CommandUnknownOpts, word: string): string | null {
  for (const inner of family.commands) {
    const meant = closestWord(
      word,
      inner.commands.map((command) => command.name()),
    );
    if (meant !== null) return `${inner.name()} ${meant}`;
  }
  return null;
}
