// Runs one test file with uvu, in a process of its own, on Node or Deno.
//
//   node scripts/testing/run-file.ts crypto/tile.test.ts
//
// As uvu's own command does, suites are collected while the file loads and run afterwards. A file that is run
// directly instead would start at its first top-level await, without the suites below it.
//
// Properties (fast-check) are tried with the same values in every run: whether a change can land is no matter of
// luck. To look for new counterexamples, give another seed, or have one drawn for each file:
//
//   CAISEY_SEED=random node scripts/test.ts agent/policy/

import process from 'node:process';
import { pathToFileURL } from 'node:url';

import { configureGlobal } from 'fast-check';

/** After the last test a Node process has this long to end by itself. */
const LINGER_MS = 10_000;

/** Any number would do. */
const SEED = 20_261_118;

// uvu's own switch for this, read while uvu loads; so neither it nor a test file is imported statically here.
declare global {
  var UVU_DEFER: number | undefined;
  var UVU_QUEUE: unknown[][];
}

const file = process.argv[2];
if (file === undefined) throw new TypeError('Usage: run-file.ts <x.test.ts>');

configureGlobal({ seed: seedOf(process.env['CAISEY_SEED']) });

globalThis.UVU_DEFER = 1;
const { exec } = await import('uvu');
globalThis.UVU_QUEUE.push([null]); // one group without a name: suites of the file join it
await import(pathToFileURL(file).href);
await exec();

if ('Deno' in globalThis) {
  // libp2p's BroadcastChannel and pending AbortSignal.timeouts keep Deno alive with nothing left to do. Node
  // shows whether a file closes what it opens.
  process.exit();
}
setTimeout(() => {
  const open = process.getActiveResourcesInfo().join(', ');
  console.error(
    `The process did not end by itself after its tests: something is left open (${open})`,
  );
  process.exit(1);
}, LINGER_MS).unref();

/** A counterexample is told with its seed, so that it can be had again. */
function seedOf(text = String(SEED)): number {
  const seed = text === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(text);
  if (Number.isSafeInteger(seed)) return seed;
  throw new TypeError(`CAISEY_SEED is a whole number or "random", not "${text}"`);
}
