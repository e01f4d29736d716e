// What lint refuses. Types carry most of it: promises that nobody awaits, switches that miss a case, `any`.

import { defineConfig } from 'eslint/config';
import svelte from 'eslint-plugin-svelte';
import tseslint from 'typescript-eslint';

export default defineConfig(
  {
    ignores: ['**/node_modules/', '**/.svelte-kit/', 'build/', 'demo-out/', '.caisey/'],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }], // `!= null` is both of null and undefined
      'no-console': 'error', // people are spoken to by scripts and main.ts; the rest has pino or throws
      'no-control-regex': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { ignoreRestSiblings: true, argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      'no-restricted-syntax': [
        'error',
        {
          // The object `z` brings every language of zod's messages into a bundle: 500 kB instead of 150.
          selector:
            'ImportDeclaration[importKind="value"][source.value="zod"] > ImportSpecifier[imported.name="z"]',
          message: "Write `import * as z from 'zod'`.",
        },
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        {
          selector:
            'ExportNamedDeclaration > VariableDeclaration > VariableDeclarator[id.typeAnnotation=undefined] > ArrowFunctionExpression',
          message: 'Write `export function`.',
        },
        {
          selector:
            'PropertyDefinition[accessibility="private"], MethodDefinition[accessibility="private"]',
          message: 'Write `#name`.',
        },
      ],
      // Numbers in messages are what they look like.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Splitting a string into code points is what `[...text]` says.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // Ports are object literals over closures: their methods have no `this` to lose.
      '@typescript-eslint/unbound-method': 'off',
      // `T | void` is what a race with a signal or a bell answers.
      '@typescript-eslint/no-invalid-void-type': 'off',
      // `() => callback()` is how a callback is passed on; the result of a void call is not a bug here.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // A function that must be async for its port's sake need not await.
      '@typescript-eslint/require-await': 'off',
      // `noUncheckedIndexedAccess` asks for conditions that lint's types find needless in tuples and regexps.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Schemas and ports read better with the parameter named even if it appears once.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  ...svelte.configs.recommended,
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: {
      'svelte/no-at-html-tags': 'error', // what endpoints say is text, never markup
      'svelte/button-has-type': 'error',
      'svelte/no-target-blank': 'error',
      'svelte/no-useless-mustaches': 'off', // `{' '}` is the space that a formatter leaves alone
      'svelte/prefer-svelte-reactivity': 'off', // maps are put whole into $state.raw, never mutated there
    },
  },
  {
    files: ['ui/**/*.svelte', 'ui/**/*.ts'],
    rules: { 'svelte/no-navigation-without-resolve': 'off' }, // the console has one base: the root of its host
  },
  {
    files: ['scripts/**/*.ts', '**/main.ts', '**/*.test.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['*.config.js', '**/vite.config.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['scripts/**/*.mjs', '*.config.js', 'ui/**/*.js'],
    extends: [tseslint.configs.base],
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-unused-vars': 'error',
    },
  },
);
