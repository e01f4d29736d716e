// A process that damages one file of a log in one way after another, opens the log each time and says, a line
// of JSON each, what came of it. In a process of its own, because LevelDB aborts on some of what it reads.
// Arguments: the place's base folder, the file, and the number of the damage to begin with.

import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fsck } from '#appliance/ledger/fsck.ts';
import { type Ledger, openLedger } from '#appliance/ledger/ledger.ts';
import { openStore } from '#appliance/ledger/store.ts';
import { formatHex } from '#crypto/hex.ts';
import { leafHash } from '#crypto/hash.ts';
import { verifierKey } from '#crypto/key.ts';
import { importSigner } from '#crypto/webcrypto.ts';

import { flipBit } from './ledger-faults.ts';
import { ORIGIN, RESERVE_BYTES } from './ledger-place.ts';

/** What came of a damage. `wrong` is what must not be. */
export type Outcome =
  /** The log did not open, and does not open the second time either. */
  | { readonly kind: 'refused'; readonly code: string }
  /** It opened, and everything is there. */
  | { readonly kind: 'whole' }
  /** It opened at its size, and says of the entries that it lost that they are damaged. */
  | { readonly kind: 'told' }
  | { readonly kind: 'wrong'; readonly what: string };

type Damage = (bytes: Uint8Array<ArrayBuffer>, path: string) => Promise<void>;

export const DAMAGES: readonly { readonly name: string; readonly damage: Damage }[] = [
  { name: 'deleted', damage: (_, path) => rm(path) },
  { name: 'emptied', damage: (_, path) => truncate(path, 0) },
  ...[0.3, 0.7].map((part) => ({
    name: `cut at ${part}`,
    damage: (bytes: Uint8Array, path: string) => truncate(path, Math.floor(bytes.length * part)),
  })),
  ...[1, 40].map((cut) => ({
    name: `cut by ${cut}`,
    damage: (bytes: Uint8Array, path: string) => truncate(path, Math.max(0, bytes.length - cut)),
  })),
  ...[0, 0.1, 0.35, 0.5, 0.65, 0.9, 0.999].map((part) => ({
    name: `flipped at ${part}`,
    damage: (bytes: Uint8Array<ArrayBuffer>, path: string) =>
      writeFile(path, flipBit(bytes, Math.floor(bytes.length * part))),
  })),
  {
    name: 'zeroed in the middle',
    damage: (bytes, path) => {
      const third = Math.floor(bytes.length / 3);
      return writeFile(path, new Uint8Array(bytes).fill(0, third, third + 4096));
    },
  },
];

if (import.meta.main) {
  const [base = '', file = '', first = '0'] = process.argv.slice(2);
  const expected = (await readFile(join(base, 'expected'), 'utf8')).trimEnd().split('\n');
  for (const { damage } of DAMAGES.slice(Number(first))) {
    await restore(base);
    const path = join(base, 'log', 'store', file);
    await damage(new Uint8Array(await readFile(path)), path);
    console.log(JSON.stringify(await judge(base, expected)));
  }
}

async function restore(base: string): Promise<void> {
  for (const [from, to] of [
    ['sound', 'log'],
    ['sound-second', 'second'],
  ] as const) {
    await rm(join(base, to), { recursive: true, force: true });
    await cp(join(base, from), join(base, to), { recursive: true });
  }
}

/** Opens the log; `expected` are the root and then every leaf hash of the sound one. */
async function judge(base: string, expected: readonly string[]): Promise<Outcome> {
  const outcome = await open(base, (ledger) => compare(ledger, expected));
  if (outcome.kind === 'wrong') return outcome;
  if (outcome.kind === 'refused') {
    // LevelDB has changed its files: the next opening must not find a smaller log in order.
    const again = await open(base, (ledger) => compare(ledger, expected));
    return again.kind === 'refused' ? outcome : wrong('it opened when it was tried again');
  }
  const { publicKey } = await importSigner(new Uint8Array(32).fill(7));
  await using store = await openStore(join(base, 'log', 'store'));
  const { problems } = await fsck({
    store,
    secondFolder: join(base, 'second'),
    logKey: verifierKey(ORIGIN, 0x01, publicKey),
  });
  if (problems.length > 0 === (outcome.kind === 'told')) return outcome;
  return wrong(
    `the audit found ${JSON.stringify(problems.slice(0, 3))} where reading is ${outcome.kind}`,
  );
}

async function open(base: string, then: (ledger: Ledger) => Promise<Outcome>): Promise<Outcome> {
  try {
    await using ledger = await openLedger({
      folder: join(base, 'log'),
      secondFolder: join(base, 'second'),
      origin: ORIGIN,
      signer: await importSigner(new Uint8Array(32).fill(7)),
      now: () => 0,
      disk: { reserveBytes: RESERVE_BYTES },
      tailBytes: 0, // the least that is read, so that there are entries before it
    });
    return await then(ledger);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'LedgerError' || !('code' in error))
      throw error;
    return { kind: 'refused', code: String(error.code) };
  }
}

async function compare(ledger: Ledger, [root, ...leaves]: readonly string[]): Promise<Outcome> {
  if (ledger.size !== leaves.length) return wrong(`it opened with ${ledger.size} entries`);
  const checkpoint = await ledger.checkpointFor(leaves.length);
  if (formatHex(checkpoint.root) !== root) return wrong('it signed another root');
  let lost = 0;
  for (const [index, leaf] of leaves.entries()) {
    try {
      const { leafBytes } = await ledger.entry(index);
      if (formatHex(leafHash(leafBytes)) !== leaf) return wrong(`entry ${index} is another`);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'damaged')) throw error;
      lost += 1;
    }
  }
  return { kind: lost > 0 ? 'told' : 'whole' };
}

function wrong(what: string): Outcome {
  return { kind: 'wrong', what };
}
