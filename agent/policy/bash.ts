// Command lines of sh and bash. Two opinions: the strict reader of `posix-words.ts` says whether the line is
// clean, and the bash parser (unbash) must see the same words; the parser alone finds the commands of
// every other line, wherever they hide: substitutions, here-documents, conditions, functions.

import { forEachChild, parse, type Command, type ParsedScript, type SyntaxNode } from 'unbash';

import { readPosixWords } from './posix-words.ts';
import type { Word } from './word.ts';

/** The commands of a line before programs are looked up. */
export interface ReadLine {
  readonly commands: readonly (readonly Word[])[];
  /** Why the line is not clean, a phrase for a person; null when it is. */
  readonly problem: string | null;
}

/** Reads a line of sh or bash; never throws. */
export function readBash(text: string): ReadLine {
  let script: ParsedScript;
  const nodes: SyntaxNode[] = [];
  try {
    script = parse(text);
    nodes.push(...allNodes(script));
  } catch {
    return { commands: [], problem: 'cannot be read by the parser' }; // a defect of the parser, not of us
  }
  const commands = nodes
    .filter((node) => node.type === 'Command')
    .map(wordsOf)
    .filter((words) => words.length > 0);
  if (nodes.some((node) => 'errors' in node && (node.errors?.length ?? 0) > 0)) {
    return { commands, problem: 'is not a complete command' };
  }
  const strict = readPosixWords(text);
  if (strict === null || !agrees(strict, script)) {
    return { commands, problem: problemOf(nodes) };
  }
  return { commands: strict, problem: null };
}

function allNodes(script: ParsedScript): SyntaxNode[] {
  const nodes: SyntaxNode[] = [];
  const stack: SyntaxNode[] = [script];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    nodes.push(node);
    const children: SyntaxNode[] = [];
    forEachChild(node, (child) => children.push(child));
    stack.push(...children.reverse());
  }
  return nodes;
}

function wordsOf(command: Command): readonly Word[] {
  const name = command.name === undefined ? [] : [{ text: command.name.value, glob: false }];
  const rest = command.args.map((word) => ({
    text: word.type === 'Word' ? word.value : word.text,
    glob: false,
  }));
  return [...name, ...rest];
}

/** The parser sees only simple commands in lists and pipes, with just these words. */
function agrees(strict: readonly (readonly Word[])[], script: ParsedScript): boolean {
  const commands: Command[] = [];
  for (const { command, background } of script.commands) {
    if (background === true) return false;
    for (const part of command.type === 'AndOr' ? command.commands : [command]) {
      if (part.type === 'Pipeline' && part.prefixes.length > 0) return false;
      for (const simple of part.type === 'Pipeline' ? part.commands : [part]) {
        if (simple.type !== 'Command' || simple.prefix.length > 0) return false;
        commands.push(simple);
      }
    }
  }
  return (
    commands.length === strict.length &&
    commands.every((command, i) => isSame(wordsOf(command), strict[i] ?? []))
  );
}

function isSame(a: readonly Word[], b: readonly Word[]): boolean {
  return a.length === b.length && a.every((word, i) => word.text === b[i]?.text);
}

const PHRASES: readonly (readonly [type: SyntaxNode['type'], phrase: string])[] = [
  ['CommandExpansion', 'runs a command within another'],
  ['ArithmeticCommandExpansion', 'runs a command within another'],
  ['ProcessSubstitution', 'runs a command within another'],
  ['HereDoc', 'holds a here-document'],
  ['HereString', 'holds a here-document'],
  ['Redirect', 'redirects input or output'],
  ['Function', 'defines a function'],
  ['Coproc', 'runs in the background'],
  ['Assignment', 'sets a variable'],
  ['ParameterExpansion', 'uses a variable'],
  ['SimpleExpansion', 'uses a variable'],
  ['ArithmeticExpansion', 'uses arithmetic'],
  ['ArithmeticCommand', 'uses arithmetic'],
  ['AnsiCQuoted', 'quotes text in an unusual way'],
  ['LocaleString', 'quotes text in an unusual way'],
  ['BraceExpansion', 'lets the shell build words'],
  ['ExtendedGlob', 'lets the shell build words'],
  ['Glob', 'lets the shell build words'],
];

function problemOf(nodes: readonly SyntaxNode[]): string {
  const types = new Set(nodes.map((node) => node.type));
  if (nodes.some((node) => node.type === 'Statement' && node.background === true)) {
    return 'runs in the background';
  }
  for (const [type, phrase] of PHRASES) if (types.has(type)) return phrase;
  return types.has('Command') ? 'is more than plain commands' : 'holds no command';
}
