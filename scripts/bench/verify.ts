// How fast evidence is verified: a short session in a busy log, where nearly every leaf of the range is somebody
// else's, and a long one, where every leaf is its own and carries a line of output.

import { useNativeCrypto } from '#agent/protocol/native-crypto.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { sealEntry } from '#crypto/entry.ts';
import { verifyEvidence } from '#crypto/evidence.ts';
import { evidenceOf, trustOf } from '../testing/evidence-story.ts';
import { signCommand, startCommand } from '../testing/story-command.ts';
import { closeSession, openSession, record, type Session } from '../testing/story-session.ts';
import { foundSite } from '../testing/story-site.ts';

import type { BenchOptions, Figures } from './main.ts';

const BUSY_LEAVES = 100_000;
const LONG_ENTRIES = 20_000;
const ROUNDS = 3;
const LINE = encodeUtf8('Nov 21 02:00:07 frontdesk-1 kernel: eth0: link is up at 1000 Mbps\n');

/** Leaves a second, best of three: by the hash of the ground alone, and by the one that Node brings. */
export async function bench({ log }: BenchOptions): Promise<Figures> {
  log(`making ${BUSY_LEAVES} leaves of a busy log`);
  const busy = await busySession();
  log(`making ${LONG_ENTRIES} entries of a long session`);
  const long = await longSession();
  const pure = await leavesPerSecond(busy);
  useNativeCrypto();
  const figures = {
    leaves_per_s: await leavesPerSecond(busy),
    leaves_per_s_without_native_hash: pure,
    own_entries_per_s: await leavesPerSecond(long),
    file_mb_busy: megabytes(busy.bytes),
    file_mb_long: megabytes(long.bytes),
    leaves: BUSY_LEAVES,
  };
  return figures;
}

interface Made {
  readonly bytes: Uint8Array;
  readonly leaves: number;
  readonly session: Session;
}

async function busySession(): Promise<Made> {
  const site = await foundSite();
  const session = await openSession(site);
  const sealed = sealEntry('clock.checked', { source: 'ntp', offset_ms: 1, detail: null });
  while (site.log.size < BUSY_LEAVES + session.opened.leaf.i) site.log.append({ sealed });
  return finish(session);
}

async function longSession(): Promise<Made> {
  const session = await openSession(await foundSite());
  const started = startCommand(session, await signCommand(session, { command: 'cat /var/log' }));
  const ref = { command: started.name };
  for (let i = 0; i < LONG_ENTRIES; i++) {
    const fields = { stream: 'stdout', offset: i * LINE.length, text: { bytes: LINE } } as const;
    record(session, 'command.output', { fields, ref });
  }
  record(session, 'command.exited', {
    fields: {
      outcome: 'exited',
      exit_code: 0,
      signal: null,
      duration_ms: 1,
      stdout_bytes: LONG_ENTRIES * LINE.length,
      stderr_bytes: 0,
      dropped_bytes: 0,
      problem: null,
    },
    ref,
  });
  return finish(session);
}

async function finish(session: Session): Promise<Made> {
  const closed = closeSession(session);
  const bytes = await evidenceOf(session);
  return { bytes, leaves: closed.leaf.i - session.opened.leaf.i + 1, session };
}

async function leavesPerSecond({ bytes, leaves, session }: Made): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    const report = await verifyEvidence(bytes, { trust: trustOf(session.site), judge: null });
    best = Math.min(best, performance.now() - began);
    if (report.verdict !== 'verified') throw new Error('unreachable: honest evidence verifies');
  }
  return Math.round((leaves / best) * 1000);
}

function megabytes(bytes: Uint8Array): number {
  return Math.round(bytes.length / 1e5) / 10;
}
