// A page of its own for tests in a browser: one module built as the console is (Svelte, Tailwind), and served on a
// free port under the console's own content security policy.

import { createServer } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import tailwindcss from '@tailwindcss/vite';
import { build } from 'vite';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html sveltekit-trusted-url',
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript',
  css: 'text/css',
  html: 'text/html; charset=utf-8',
};

export interface BuiltPage extends AsyncDisposable {
  readonly url: string;
}

/** Builds `entry` (a path below the repository) and serves a page with it. */
export async function openBuiltPage(entry: string): Promise<BuiltPage> {
  const root = join(import.meta.dirname, '../..');
  const outDir = await mkdtemp(join(tmpdir(), 'caisey-page-'));
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    plugins: [tailwindcss(), svelte({ configFile: false })],
    build: {
      ...{ outDir, emptyOutDir: false, target: 'es2024', minify: false, copyPublicDir: false },
      rolldownOptions: {
        input: { page: join(root, entry), style: join(root, 'ui/app.css') },
        output: {
          ...{ entryFileNames: '[name].js', chunkFileNames: '[name].js' },
          assetFileNames: '[name][extname]',
        },
      },
    },
  });
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Stage</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css">
</head><body><main class="mx-auto max-w-7xl px-4 py-5"></main><script type="module" src="/page.js"></script></body></html>`;
  const server = createServer((request, response) => {
    const name = basename(new URL(request.url ?? '/', 'http://page').pathname);
    const body = name === '' ? Promise.resolve(html) : readFile(join(outDir, name));
    body.then(
      (bytes) => {
        const type = TYPES[name.split('.').at(-1) ?? ''] ?? TYPES['html'] ?? '';
        response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY });
        response.end(bytes);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(outDir, { recursive: true, force: true });
    },
  };
}
