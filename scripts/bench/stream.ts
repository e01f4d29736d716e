// `bench stream`: recorded megabytes a second of a command that prints 100 MB: read from the process, sent over
// the link, cut, hashed, durable in the log, acknowledged, and shown to a following client that checks it.

import { useNativeCrypto } from '#agent/protocol/native-crypto.ts';
import { type PolicyRule, presetPolicy } from '#crypto/policy.ts';
import { openProcessSite } from '../testing/process-site.ts';
import { openWorkingSession } from '../testing/technician.ts';
import type { BenchOptions } from './main.ts';

const MEGABYTES = 100;

/** Answers MB/s, and the seconds it took. */
export async function bench({
  log,
}: BenchOptions): Promise<Record<string, number | string | null>> {
  useNativeCrypto();
  const standard = presetPolicy('standard', 'UTC');
  const rule: PolicyRule = { id: 'bench', effect: 'allow', programs: ['head'], arguments: ['**'] };
  const rules = { ...standard, rules: [rule, ...standard.rules] };
  await using site = await openProcessSite({ rules });
  const { endpoint } = await site.addAgent({ name: 'bench' });
  await using client = await site.connect(site.technician);
  const session = await openWorkingSession(client, {
    ...{ as: site.technician, endpoint },
    log: site.log.split('+')[0] ?? '',
  });
  log(`${MEGABYTES} MB of output …`);
  const startedMs = performance.now();
  const { outcome, problem } = await session.run(`head -c ${MEGABYTES}000000 /dev/zero`);
  const seconds = (performance.now() - startedMs) / 1000;
  const recorded = session.output('stdout').length;
  if (outcome !== 'exited' || recorded !== MEGABYTES * 1e6) {
    throw new Error(`Cannot measure: ${outcome}, ${recorded} bytes recorded: ${problem ?? ''}`);
  }
  await session.close();
  return {
    mb_per_s: Math.round((MEGABYTES / seconds) * 10) / 10,
    seconds: Math.round(seconds * 100) / 100,
    entries: session.entries.length,
  };
}
