// The benchmarks, by name.
//
//   npm run -s bench                     lists them
//   npm run -s bench -- log              runs one, its figures a line each
//   npm run -s bench -- log --json       the same, as one JSON object on the last line of stdout
//
// Progress goes to stderr. Each benchmark is a file beside this one that exports `bench`, and `options` when it has
// some of its own. Exit code 2 for a name or option that does not exist.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs, type ParseArgsConfig } from 'node:util';

import { closestWord } from '../closest-word.ts';
import { BenchUsageError } from './usage-error.ts';

/** What a benchmark is given: whether JSON was asked for, where to say how far it is, and its own options. */
export type BenchOptions = {
  json: boolean;
  log: (line: string) => void;
  own: Readonly<Record<string, unknown>>;
};

/** A benchmark's answer: figures by name with the unit in the name; null for what this machine cannot measure. */
export type Figures = Record<string, number | string | null>;

interface BenchModule {
  readonly bench: (options: BenchOptions) => Promise<Figures>;
  /** Options beside `--json`, as `parseArgs` takes them. */
  readonly options?: ParseArgsConfig['options'];
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  log: 'entries a second, durable and acknowledged, into the log of a site',
  command: 'a recorded command from start to finish, beside ssh over a kept connection',
  stream: 'MB a second of recorded output',
  verify: 'evidence files verified a second, by size',
  console:
    'the console: a keystroke, a page, the relay with 500 appliances, 2,000 endpoints moving',
  memory: 'resident memory of the appliance and of an agent at rest',
};

/** The benchmarks that exist, in the order in which they are listed. */
export function listBenches(): string[] {
  return Object.keys(DESCRIPTIONS).filter((name) => existsSync(fileOf(name)));
}

/** Loads a benchmark by its name; null when there is none of that name. */
export async function loadBench(name: string): Promise<BenchModule | null> {
  if (!listBenches().includes(name)) return null;
  const module: unknown = await import(fileOf(name));
  if (!isBenchModule(module)) throw new TypeError(`${fileOf(name)} exports no function "bench"`);
  return module;
}

/** Writes figures for people: a line each, names padded. */
export function formatFigures(figures: Figures): string {
  const width = Math.max(...Object.keys(figures).map((name) => name.length));
  const lines = Object.entries(figures).map(
    ([name, value]) => `${name.padEnd(width)}  ${value ?? 'not measured'}`,
  );
  return lines.join('\n');
}

function fileOf(name: string): string {
  return join(import.meta.dirname, `${name}.ts`);
}

function isBenchModule(module: unknown): module is BenchModule {
  return (
    typeof module === 'object' &&
    module !== null &&
    'bench' in module &&
    typeof module.bench === 'function'
  );
}

function formatList(): string {
  const names = listBenches();
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = names.map((name) => `  ${name.padEnd(width)}  ${DESCRIPTIONS[name] ?? ''}`);
  return ['npm run -s bench -- <name> [--json]', '', ...lines].join('\n');
}

/** Answers the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const named = args.find((arg) => !arg.startsWith('-'));
  const module = named === undefined ? null : await loadBench(named);
  const options = {
    ...module?.options,
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  } as const;
  const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [name, ...more] = positionals;
  if (name === undefined || (values.help && module !== null)) {
    console.log(formatList());
    return 0;
  }
  if (module === null || more.length > 0) {
    const closest = closestWord(name, listBenches());
    const hint = closest === null ? '' : `; did you mean "${closest}"?`;
    console.error(`There is no benchmark "${positionals.join(' ')}"${hint}\n\n${formatList()}`);
    return 2;
  }
  const { json, help: _, ...own } = values;
  const figures = await module.bench({ json, log: console.error, own });
  console.log(json ? JSON.stringify(figures) : formatFigures(figures));
  return 0;
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    const isOption = error instanceof TypeError && 'code' in error; // as parseArgs throws it
    const isUsage = isOption || error instanceof BenchUsageError;
    console.error(isUsage ? error.message : error);
    process.exitCode = isUsage ? 2 : 1;
  }
}
