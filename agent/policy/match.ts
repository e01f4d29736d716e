// Whether a rule meets a line. Deny and ask err on the side of matching, allow on the side of not matching;
// so each has its own reading of the same criteria.

import type { Access, Judged, PolicyRule, PolicyRules } from '#crypto/policy.ts';

import { ignoresCase, knowsAliases, namesOf } from './name.ts';

import { matchesPattern } from './pattern.ts';
import type { ScannedWords } from './scan.ts';
import { isSecretWord, type TouchedCommand, type TouchedLine } from './touch.ts';
import { isInWindow } from './window.ts';
import { isWrapper } from './wrapper.ts';

/** True when shell, labels, role and time of a request are those of a rule. */
export function meetsContext(rule: PolicyRule, policy: PolicyRules, judged: Judged): boolean {
  const { shells, labels, roles, window } = rule;
  if (shells !== undefined && !shells.includes(judged.shell)) return false;
  if (labels !== undefined && !labels.every((label) => judged.labels.includes(label))) return false;
  if (roles !== undefined && !roles.includes(judged.role)) return false;
  if (window === undefined) return true;
  return isInWindow(window, policy.time_zone, judged.atMs) ?? rule.effect !== 'allow';
}

/** True when an allow rule covers one command of a clean line. */
export function allows(rule: PolicyRule, command: TouchedCommand, judged: Judged): boolean {
  const ignoreCase = ignoresCase(judged.shell);
  if (rule.access !== undefined && rule.access !== accessOfCommand(command)) return false;
  const named = rule.programs?.some((program) =>
    matchesPattern(program, command.program, { ignoreCase, except: '/\\' }),
  );
  if (named === false) return false;
  return rule.arguments === undefined || allowsArguments(rule.arguments, command, judged);
}

function allowsArguments(
  patterns: readonly string[],
  command: TouchedCommand,
  judged: Judged,
): boolean {
  const hasRest = patterns.at(-1) === '**';
  const leading = hasRest ? patterns.slice(0, -1) : patterns;
  const given = command.arguments;
  if (command.globs.size > 0 || given.length < leading.length) return false;
  if (!hasRest && given.length > leading.length) return false;
  return leading.every((pattern, i) => allowsArgument(pattern, given[i] ?? '', judged));
}

/** A star never stands for an option, nor for the way out of a folder. */
function allowsArgument(pattern: string, argument: string, judged: Judged): boolean {
  const isOption = /^-/.test(argument) || (judged.shell === 'cmd' && argument.startsWith('/'));
  if (pattern.startsWith('*') && isOption) return false;
  if (pattern.includes('*') && /[*?[]/.test(argument)) return false; // some programs expand these themselves
  if (pattern.includes('*') && /(?:^|[\\/])\.\.(?:[\\/]|$)/.test(argument)) return false;
  return matchesPattern(pattern, argument, { ignoreCase: ignoresCase(judged.shell) });
}

export interface Suspected {
  readonly judged: Judged;
  readonly line: TouchedLine;
  /** The words of the text, when no parser vouches for what it means. */
  readonly scanned: ScannedWords;
}

/** True when a deny or ask rule meets anything that the line does, may do, or seems to do. */
export function restricts(rule: PolicyRule, { judged, line, scanned }: Suspected): boolean {
  if (rule.programs === undefined && rule.arguments === undefined) {
    return meetsAccessOfLine(rule, { judged, line, scanned });
  }
  const aliases = knowsAliases(judged.shell, judged.command);
  const commands = candidatesOf(line);
  if (commands.some((command) => restrictsCommand(rule, command, aliases))) return true;
  return !line.clean && restrictsWords(rule, scanned);
}

/** What a whole line does, as far as its parse can tell. */
export function accessOfLine(line: TouchedLine): Access {
  if (!line.clean) return 'unknown';
  if (line.commands.some((command) => !command.readOnly)) return 'changing';
  return line.commands.some((command) => command.secret !== null) ? 'sensitive' : 'read-only';
}

function accessOfCommand({ readOnly, secret }: TouchedCommand): Access {
  if (!readOnly) return 'changing';
  return secret === null ? 'read-only' : 'sensitive';
}

/** What changes something may read a secret as well: `sensitive` meets it then, as `changing` does. */
function meetsAccessOfLine(rule: PolicyRule, { judged, line, scanned }: Suspected): boolean {
  const access = accessOfLine(line);
  switch (rule.access) {
    case undefined:
      return true;
    case 'read-only':
      return access === 'read-only';
    case 'changing':
      return access === 'changing' || access === 'unknown';
    case 'sensitive':
      return (
        line.commands.some((command) => command.secret !== null) ||
        (!line.clean && [...scanned.words].some((word) => isSecretWord(word, judged)))
      );
    default:
      return rule.access satisfies never;
  }
}

function meetsAccess(rule: PolicyRule, command: TouchedCommand): boolean {
  if (rule.access === 'sensitive') return command.secret !== null;
  return rule.access === undefined || rule.access === accessOfCommand(command);
}

/**
 * The commands, and for a wrapper every command that could begin at one of its arguments. Of a clean line it is known
 * which only reads: `command -v rm` runs nothing.
 */
function candidatesOf({ commands, clean }: TouchedLine): readonly TouchedCommand[] {
  return commands.flatMap((command) => {
    if (!isWrapper(command.program) || (clean && command.readOnly)) return [command];
    const inner = command.arguments.slice(0, 64).map((program, i) => ({
      program,
      arguments: command.arguments.slice(i + 1),
      readOnly: false,
      globs: command.globs,
      secret: command.secret,
    }));
    return [command, ...inner];
  });
}

function restrictsCommand(rule: PolicyRule, command: TouchedCommand, aliases: boolean): boolean {
  if (!meetsAccess(rule, command)) return false;
  if (rule.programs !== undefined) {
    const names = namesOf(command.program, { aliases });
    if (!rule.programs.some((program) => names.some((name) => meets(program, name)))) return false;
  }
  if (rule.arguments === undefined) return true;
  const patterns = rule.arguments.filter((pattern) => pattern !== '**');
  const withoutOptions = command.arguments.filter((argument) => !argument.startsWith('-'));
  return holdsRun(patterns, command.arguments) || holdsRun(patterns, withoutOptions);
}

/** The patterns match arguments that follow each other, anywhere. */
function holdsRun(patterns: readonly string[], given: readonly string[]): boolean {
  for (let at = 0; at + patterns.length <= given.length; at++) {
    if (patterns.every((pattern, i) => meets(pattern, given[at + i] ?? ''))) return true;
  }
  return false;
}

function meets(pattern: string, text: string): boolean {
  return matchesPattern(pattern, text, { ignoreCase: true });
}

/** The last resort: a program's name and the arguments occur anywhere in the text. */
function restrictsWords(rule: PolicyRule, { words, names }: ScannedWords): boolean {
  if (rule.programs?.some((program) => occurs(program, names)) === false) return false;
  const patterns = rule.arguments?.filter((pattern) => pattern !== '**') ?? [];
  return patterns.every((pattern) => occurs(pattern, words));
}

function occurs(pattern: string, words: ReadonlySet<string>): boolean {
  if (words.has(pattern.toLowerCase())) return true;
  for (const word of words) if (meets(pattern, word)) return true;
  return false;
}
