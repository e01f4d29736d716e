// The tree-sitter grammar of PowerShell: loaded once, used synchronously afterwards.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { Language, Parser, type Tree } from 'web-tree-sitter';

import type { Bytes } from '#crypto/bytes.ts';

/** The two WebAssembly modules, for a caller that carries them in a bundle. */
export interface GrammarFiles {
  /** `web-tree-sitter.wasm` */
  readonly runtime: Bytes;
  /** `tree-sitter-powershell.wasm` */
  readonly powershell: Bytes;
}

export interface PowerShellGrammar {
  /** Parses text and hands the tree to `use`; the tree is freed when that returns. */
  readonly parse: <T>(text: string, use: (tree: Tree) => T) => T;
}

/** Loads the grammar from the bytes of its modules, or from the installed packages. */
export async function loadPowerShellGrammar(files?: GrammarFiles): Promise<PowerShellGrammar> {
  const { runtime, powershell } = files ?? (await readGrammarFiles());
  await Parser.init({ wasmBinary: runtime.buffer });
  const parser = new Parser();
  parser.setLanguage(await Language.load(powershell));
  return {
    parse(text, use) {
      const tree = parser.parse(text);
      if (tree === null) throw new Error('unreachable: a parser with a language gives a tree');
      try {
        return use(tree);
      } finally {
        tree.delete();
      }
    },
  };
}

async function readGrammarFiles(): Promise<GrammarFiles> {
  const require = createRequire(import.meta.url);
  const [runtime, powershell] = await Promise.all([
    readFile(require.resolve('web-tree-sitter/web-tree-sitter.wasm')),
    readFile(require.resolve('tree-sitter-powershell/tree-sitter-powershell.wasm')),
  ]);
  return { runtime: new Uint8Array(runtime), powershell: new Uint8Array(powershell) };
}
