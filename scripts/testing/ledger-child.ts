// A process that appends to a log until it is killed. It says on its standard output, a line each, what was
// acknowledged: index and leaf hash, and the sizes that were signed. Arguments: the place's base folder.

import { writeSync } from 'node:fs';
import { join } from 'node:path';

import { openLedger } from '#appliance/ledger/ledger.ts';
import { formatHex } from '#crypto/hex.ts';
import { importSigner } from '#crypto/webcrypto.ts';

import { alert, ORIGIN, RESERVE_BYTES } from './ledger-place.ts';

const base = process.argv[2] ?? '';
const ledger = await openLedger({
  folder: join(base, 'log'),
  secondFolder: join(base, 'second'),
  origin: ORIGIN,
  signer: await importSigner(new Uint8Array(32).fill(7)),
  now: () => 0,
  disk: { reserveBytes: RESERVE_BYTES },
});

/** One of several writers; most signatures fall between batches of the others. */
async function write(writer: number): Promise<never> {
  for (let i = 0; ; i++) {
    const { index, hash } = await ledger.append(alert(`writer ${writer}, entry ${i}`));
    writeSync(1, `${index} ${formatHex(hash)}\n`);
    if (i % 16 !== writer) continue;
    const { size, root } = await ledger.checkpointFor(index + 1);
    writeSync(1, `signed ${size} ${formatHex(root)}\n`);
  }
}

await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(write));
