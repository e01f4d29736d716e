// Checks that every test can run: each suite has its `.run()`, after its last test, and nothing says `.only`.
//
//   node scripts/check-tests.ts [folder]        exit 1 and a line for each offence

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

import ts from 'typescript';

import { isTestFile, listSourceFiles } from './source-file.ts';

/** Lists what is wrong with the test file at `path`, each `path:line: what`. */
export function checkTestFile(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const makers = suiteMakers(source);
  const suites = new Map<string, ts.Node>();
  const uses: { name: string; method: string | null; node: ts.Node }[] = [];
  let callsContract = false;
  visit(source, (node) => {
    const made = suiteName(node, makers);
    if (made !== null && !isReturned(node)) suites.set(made, node);
    if (!ts.isCallExpression(node)) return;
    const { expression } = node;
    if (ts.isIdentifier(expression)) {
      uses.push({ name: expression.text, method: null, node });
      callsContract ||= expression.text.endsWith('Contract');
    } else if (
      ts.isPropertyAccessExpression(expression) &&
      ts.isIdentifier(expression.expression)
    ) {
      uses.push({ name: expression.expression.text, method: expression.name.text, node });
    }
  });

  const offences: string[] = [];
  const offend = (node: ts.Node, what: string) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    offences.push(`${path}:${line + 1}: ${what}`);
  };
  if (suites.size === 0 && !callsContract) offend(source, 'a test file without a suite()');
  for (const [name, node] of suites) {
    const mine = uses.filter((use) => use.name === name);
    const run = mine.findLast((use) => use.method === 'run');
    if (run === undefined) offend(node, `suite "${name}" is never run: write ${name}.run()`);
    for (const use of mine) {
      if (use.method === 'only') offend(use.node, `"${name}.only" leaves the other tests out`);
      if (run !== undefined && use.method === null && use.node.pos > run.node.pos) {
        offend(use.node, `a test of "${name}" after ${name}.run() does not run`);
      }
    }
  }
  return offences;
}

/** Lists what is wrong with the test files under `root`. */
export async function checkTests(root: string): Promise<string[]> {
  const files = (await listSourceFiles(root)).filter(isTestFile);
  const lists = files.map(async (path) =>
    checkTestFile(path, await readFile(join(root, path), 'utf8')),
  );
  return (await Promise.all(lists)).flat();
}

/** `suite` itself, and the functions of the file that make a suite, dress it and return it. */
function suiteMakers(source: ts.SourceFile): ReadonlySet<string> {
  const makers = new Set(['suite']);
  visit(source, (node) => {
    if (suiteName(node, makers) === null || !isReturned(node)) return;
    const name = enclosingFunction(node)?.name;
    if (name !== undefined && ts.isIdentifier(name)) makers.add(name.text);
  });
  return makers;
}

/** The name in `const name = suite('…')`, or null. */
function suiteName(node: ts.Node, makers: ReadonlySet<string>): string | null {
  if (!ts.isVariableDeclaration(node) || !ts.isIdentifier(node.name)) return null;
  const { initializer } = node;
  if (initializer === undefined || !ts.isCallExpression(initializer)) return null;
  const { expression } = initializer;
  return ts.isIdentifier(expression) && makers.has(expression.text) ? node.name.text : null;
}

/** Tells whether the function around a suite's declaration returns it: running it is then the caller's. */
function isReturned(declaration: ts.Node): boolean {
  const maker = enclosingFunction(declaration);
  if (maker?.body === undefined || !ts.isVariableDeclaration(declaration)) return false;
  const name = declaration.name.getText();
  let found = false;
  visit(maker.body, (node) => {
    found ||= ts.isReturnStatement(node) && node.expression?.getText() === name;
  });
  return found;
}

function enclosingFunction(node: ts.Node): ts.FunctionLikeDeclaration | null {
  for (let at = node.parent; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isFunctionDeclaration(at) || ts.isArrowFunction(at) || ts.isFunctionExpression(at)) {
      return at;
    }
  }
  return null;
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => {
    visit(child, see);
  });
}

if (import.meta.main) {
  const offences = await checkTests(process.argv[2] ?? process.cwd());
  for (const offence of offences) console.error(offence);
  process.exitCode = offences.length === 0 ? 0 : 1;
}
