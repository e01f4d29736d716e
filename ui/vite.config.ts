// How the console is built: SvelteKit, and Tailwind for its styles.

import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';

import { oneCopy } from './one-copy.ts';

export default defineConfig({
  plugins: [oneCopy(), tailwindcss(), sveltekit()],
  build: { target: 'es2024' },
});
