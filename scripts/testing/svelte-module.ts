// State classes with runes (`*.svelte.ts`) under plain Node, for tests: compiled as for a browser, of which nothing
// but the signals is used. Import this file first, and the modules themselves by `await import(…)` after it.

import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';

import { compileModule } from 'svelte/compiler';

registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith('.svelte.ts')) return nextLoad(url, context);
    const filename = fileURLToPath(url);
    const plain = stripTypeScriptTypes(readFileSync(filename, 'utf8'));
    const { js } = compileModule(plain, { filename, generate: 'client' });
    return { format: 'module', source: js.code, shortCircuit: true };
  },
});
