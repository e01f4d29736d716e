// SvelteKit's options: everything of the console lies under ui/.

import adapter from '@sveltejs/adapter-node';

/** @type {import('@sveltejs/kit').Config} */
export default {
  compilerOptions: {
    runes: ({ filename }) => (filename.includes('node_modules') ? undefined : true),
  },
  kit: {
    adapter: adapter({ out: 'build' }),
    outDir: '.svelte-kit',
    files: {
      src: 'ui',
      appTemplate: 'ui/app.html',
      errorTemplate: 'ui/error.html',
      assets: 'ui/static',
      lib: 'ui/lib',
      params: 'ui/params',
      routes: 'ui/routes',
      hooks: { server: 'ui/hooks.server', client: 'ui/hooks.client', universal: 'ui/hooks' },
    },
    csp: {
      mode: 'nonce',
      directives: {
        'default-src': ['none'],
        'script-src': ['self'],
        'style-src': ['self'],
        // The one inline style there is: SvelteKit's own, on the element that announces pages to screen readers.
        'style-src-attr': ['unsafe-hashes', 'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='],
        'img-src': ['self', 'data:'],
        'font-src': ['self'],
        // The relay is another port or host: which one, the running host says (`ui/server/content-policy.ts`).
        'connect-src': ['self', 'ws:', 'wss:'],
        'form-action': ['self'],
        'base-uri': ['none'],
        'frame-ancestors': ['none'],
        'require-trusted-types-for': ['script'],
        'trusted-types': ['svelte-trusted-html', 'sveltekit-trusted-url'],
      },
    },
    version: { pollInterval: 0 },
  },
};
