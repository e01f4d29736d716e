// What a source file imports, as the TypeScript scanner sees it: statements, types, re-exports and `import()`.

import ts from 'typescript';

/** A specifier as it is written, with its line, from 1. */
export type Import = { specifier: string; line: number };

/** Lists the imports of TypeScript or JavaScript text, or of the scripts inside a Svelte component. */
export function listImports(path: string, text: string): Import[] {
  const source = path.endsWith('.svelte') ? keepScripts(text) : text;
  return ts.preProcessFile(source, true, true).importedFiles.map(({ fileName, pos }) => ({
    specifier: fileName,
    line: source.slice(0, pos).split('\n').length,
  }));
}

/** Blanks everything outside `<script>`, so that lines stay where they are. */
function keepScripts(text: string): string {
  let kept = '';
  let end = 0;
  for (const script of text.matchAll(/(<script[^>]*>)([\s\S]*?)<\/script>/g)) {
    const [, open = '', body = ''] = script;
    const start = script.index + open.length;
    kept += blank(text.slice(end, start)) + body;
    end = start + body.length;
  }
  return kept + blank(text.slice(end));
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
