// What a host bears: so many appliances that hold reservations on its relay, its process at rest, and how long a
// browser takes to reach one of them.

import { openClient, openClientNode } from '#appliance/protocol/client-node.ts';
import { createKeyed } from '../testing/live-site.ts';
import { rawKey } from '../testing/mesh.ts';
import { addSites, type ConsolePlace } from './console-place.ts';
import { openLightAppliances } from './light-appliances.ts';
import type { Figures } from './main.ts';
import { cpuSeconds, residentMb } from './process-cost.ts';
import { quantile } from './quantile.ts';
import { round } from './round.ts';

const DIALS = 60;
const DIAL_MS = 20_000;
const REST_MS = 10_000;

/** Answers the host's memory and work at rest with so many appliances, and the times of dials through it. */
export async function measureRelay(
  place: ConsolePlace,
  { appliances, log }: { appliances: number; log: (line: string) => void },
): Promise<Figures> {
  const { stage, owner } = place;
  await owner.go('/'); // one page is open all the time, as in life
  const bareMb = await residentMb(stage.host);
  const sites = await addSites(place, appliances);
  log(`relay: ${appliances} appliances join …`);
  const startedMs = performance.now();
  await using light = await openLightAppliances({
    console: stage.origin,
    sites: sites.map(({ siteId, secret }) => ({ siteId, secret })),
    endpoints: 1,
  });
  const joinedMs = performance.now() - startedMs;
  log('relay: at rest …');
  await rest();
  const before = await cpuSeconds(stage.host);
  await rest();
  const after = await cpuSeconds(stage.host);
  const figures = {
    appliances: light.keys.length,
    joined_s: round(joinedMs / 1000),
    host_rss_bare_mb: bareMb,
    host_rss_mb: await residentMb(stage.host),
    host_idle_cpu_percent:
      before === null || after === null ? null : round(((after - before) / REST_MS) * 1e5),
  };
  log('relay: dials …');
  const dialsMs = await dialAll(place, light.keys);
  return {
    ...figures,
    dial_p50_ms: round(quantile(dialsMs, 0.5)),
    dial_p95_ms: round(quantile(dialsMs, 0.95)),
    dials: dialsMs.length,
  };
}

/** Dials appliances one after the other, each as a page does that was just opened. */
async function dialAll({ own, relay }: ConsolePlace, keys: readonly string[]): Promise<number[]> {
  const device = await createKeyed();
  await own.registerDevice({ peerKey: device.key, lifeMs: 3_600_000 });
  const dialsMs: number[] = [];
  for (let i = 0; i < DIALS; i++) {
    const key = keys[Math.floor((i * keys.length) / DIALS)] ?? '';
    await using node = await openClientNode({ seed: device.seed });
    const startedMs = performance.now();
    await using _client = await openClient(node, {
      publicKey: rawKey(key),
      addresses: [relay.circuit],
      signal: AbortSignal.timeout(DIAL_MS),
    });
    dialsMs.push(performance.now() - startedMs);
  }
  return dialsMs;
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS));
}
