// Command lines of PowerShell. Two opinions, as for bash: the strict reader says what is clean, the
// tree-sitter grammar must see the same commands made of known kinds of nodes only, and finds the commands
// of every other line.

import type { Node, Tree } from 'web-tree-sitter';

import type { PowerShellGrammar } from './powershell-grammar.ts';
import { blankCommas, type PowerShellCommand, readPowerShellWords } from './powershell-words.ts';

export interface ReadPowerShell {
  /** Every command that was found: name, then arguments, without quotes. */
  readonly found: readonly (readonly string[])[];
  /** The commands in full; null when the line is not clean. */
  readonly clean: readonly PowerShellCommand[] | null;
  readonly problem: string | null;
}

/** Of a longer line that is not clean, the grammar is not asked which commands are in it. */
const MAX_SEARCHED_CHARS = 2048;

/** Reads a line of PowerShell; never throws. The grammar parses it at most twice. */
export function readPowerShell(text: string, grammar: PowerShellGrammar): ReadPowerShell {
  const strict = readPowerShellWords(text);
  if (strict === null && text.length > MAX_SEARCHED_CHARS) {
    return { found: [], clean: null, problem: 'is more than plain commands, and long' };
  }
  const { found, problem } = grammar.parse(text, (tree) => ({
    found: commandsOf(tree),
    problem: problemOf(tree),
  }));
  if (strict === null) return { found, clean: null, problem };
  if (!grammar.parse(blankCommas(text), (tree) => agrees(strict, tree))) {
    return { found, clean: null, problem: 'is read differently by two parsers' };
  }
  return { found, clean: strict, problem: null };
}

const KNOWN_NODES = new Set(
  (
    'program statement_list pipeline pipeline_chain command command_name command_elements ' +
    'command_argument_sep generic_token command_parameter empty_statement array_literal_expression ' +
    'unary_expression string_literal verbatim_string_characters expandable_string_literal integer_literal ' +
    'decimal_integer_literal hexadecimal_integer_literal real_literal script_block_expression script_block ' +
    'script_block_body logical_expression bitwise_expression comparison_expression additive_expression ' +
    'multiplicative_expression format_expression range_expression member_access variable member_name ' +
    'simple_name comparison_operator'
  ).split(' '),
);
const KNOWN_TOKENS = new Set(['|', ';', ' ', '\t', '\n', '{', '}', '.', '-and', '-or', '"', "'"]);

function agrees(strict: readonly PowerShellCommand[], tree: Tree): boolean {
  if (tree.rootNode.hasError) return false;
  const names: string[] = [];
  for (const node of allNodes(tree)) {
    const known = node.isNamed ? KNOWN_NODES : KNOWN_TOKENS;
    if (!known.has(node.type.toLowerCase()) && !isInsideTest(node)) return false;
    if (node.type === 'command_name') names.push(node.text);
    // The grammar swallows redirections in a word: `x>y`, `3>y`.
    if (node.type === 'generic_token' && !/^[A-Za-z0-9_.:\\/*?-]+$/.test(node.text)) return false;
  }
  return names.length === strict.length && strict.every(({ name }, i) => name === names[i]);
}

/** Operators and literals have nodes of many names; the strict reader has checked their text. */
function isInsideTest(node: Node): boolean {
  return [
    'comparison_operator',
    'string_literal',
    'verbatim_string_characters',
    'variable',
  ].includes(node.parent?.type ?? '');
}

function allNodes(tree: Tree): Node[] {
  const nodes: Node[] = [];
  const stack: Node[] = [tree.rootNode];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    nodes.push(node);
    for (let i = node.childCount - 1; i >= 0; i--) {
      const child = node.child(i);
      if (child !== null) stack.push(child);
    }
  }
  return nodes;
}

function commandsOf(tree: Tree): readonly (readonly string[])[] {
  return allNodes(tree)
    .filter((node) => node.type === 'command')
    .map((command) => {
      const parts = command.children.flatMap((part) =>
        part.type === 'command_elements' ? part.children : [part],
      );
      return parts
        .filter(
          ({ type }) => type !== 'command_argument_sep' && type !== 'command_invokation_operator',
        )
        .map((part) => withoutQuotes(part.text));
    })
    .filter((words) => words.length > 0);
}

function withoutQuotes(text: string): string {
  return text.replace(/["'`]/g, '');
}

const PHRASES: readonly (readonly [type: string, phrase: string])[] = [
  ['redirection', 'redirects its output'],
  ['command_invokation_operator', 'calls something by a value'],
  ['assignment_expression', 'sets a variable'],
  ['invokation_expression', 'calls a method'],
  ['sub_expression', 'runs a command within another'],
  ['parenthesized_expression', 'runs a command within another'],
  ['function_statement', 'defines a function'],
  ['script_block', 'holds a block of script'],
  ['variable', 'uses a variable'],
];

function problemOf(tree: Tree): string {
  if (tree.rootNode.hasError) return 'cannot be read for certain';
  const types = new Set(allNodes(tree).map((node) => node.type));
  for (const [type, phrase] of PHRASES) if (types.has(type)) return phrase;
  return 'is more than plain commands';
}
