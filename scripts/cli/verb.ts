// Which verb is meant: `help x y` is `x y --help`, and a word that is no verb is refused before anything else is
// looked at, also when help is wanted, with the one that was probably meant.

import type { CommandUnknownOpts } from '@commander-js/extra-typings';

import { closestWord } from '../closest-word.ts';
import { CliError } from './error.ts';

/** `help session open` as `session open --help`. */
export function helpLast(argv: readonly string[]): string[] {
  const [first, ...rest] = argv;
  return first === 'help' ? [...rest, '--help'] : [...argv];
}

/** Finds the verb of a call down the families: `session open`. @throws {CliError} code `usage` when there is none */
export function parseVerb(program: CommandUnknownOpts, argv: readonly string[]): string {
  let family = program;
  for (const word of operandsOf(argv, program)) {
    if (family.commands.length === 0) break; // a verb: what follows are its arguments
    const verb = family.commands.find((command) => command.name() === word);
    if (verb === undefined) throw unknownVerb(family, word);
    family = verb;
  }
  return family.parent === null ? '' : pathOf(family);
}

/** The words before `--` that are no options, nor values of the program's own options. */
function* operandsOf(argv: readonly string[], program: CommandUnknownOpts): Generator<string> {
  let isValue = false;
  for (const word of argv) {
    if (word === '--') return;
    if (isValue) isValue = false;
    else if (!word.startsWith('-')) yield word;
    else isValue = program.options.some(({ long, required }) => required && long === word);
  }
}

function unknownVerb(family: CommandUnknownOpts, word: string): CliError {
  const names = family.commands.map((command) => command.name());
  const meant = closestWord(word, names) ?? nestedVerb(family, word);
  const where = family.parent === null ? '' : `${pathOf(family)} `;
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

function pathOf(command: CommandUnknownOpts): string {
  const { parent } = command;
  return parent === null || parent.parent === null
    ? command.name()
    : `${pathOf(parent)} ${command.name()}`;
}
