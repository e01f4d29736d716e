// The fleet page with 2,000 endpoints, of which 200 change every second: how soon it shows a row, and whether it
// stays smooth. Beside it, in the same page, as many seconds in which nothing changes.

import type { Page } from 'playwright-core';

import { addSites, type ConsolePlace } from './console-place.ts';
import { openLightAppliances } from './light-appliances.ts';
import type { Figures } from './main.ts';
import { round } from './round.ts';

const SITES = 20;
const ENDPOINTS = 2000;
const PER_SECOND = 200;
const WATCH_MS = 15_000;
/** A frame that comes later than this after the one before let another one go. */
const DROPPED_MS = 34;
const LOOK_MS = 100;

/** Answers the time to the first row, and the frames of both spans. */
export async function measureFleet(
  place: ConsolePlace,
  { log }: { log: (line: string) => void },
): Promise<Figures> {
  const { owner, stage } = place;
  const { page } = owner;
  const sites = await addSites(place, SITES);
  log(`fleet: ${SITES} sites with ${ENDPOINTS} endpoints …`);
  await using light = await openLightAppliances({
    console: stage.origin,
    sites: sites.map(({ siteId, secret }) => ({ siteId, secret })),
    endpoints: ENDPOINTS / SITES,
  });
  await untilTold(
    place,
    sites.map(({ siteId }) => siteId),
  );
  await page.addInitScript(markFirstRow);
  await owner.go('/');
  await page.getByText(`${ENDPOINTS} machines`).waitFor();
  const firstRowMs = await page.evaluate(
    () => performance.getEntriesByName('first-row')[0]?.startTime ?? NaN,
  );
  const text = await page.locator('main').innerText();
  log('fleet: at rest …');
  const still = await watch(page);
  await light.stir(PER_SECOND);
  log(`fleet: ${PER_SECOND} changes a second …`);
  const moving = await watch(page);
  await light.stir(0);
  if ((await page.locator('main').innerText()) === text) {
    throw new Error('Cannot measure: nothing moved on the page');
  }
  return {
    fleet_endpoints: ENDPOINTS,
    fleet_updates_per_s: PER_SECOND,
    fleet_first_row_ms: round(firstRowMs),
    fleet_frames: moving.frames,
    fleet_dropped_frames: moving.dropped,
    fleet_long_tasks: moving.longTasks,
    fleet_longest_task_ms: round(moving.longestTaskMs),
    fleet_still_frames: still.frames,
    fleet_still_dropped_frames: still.dropped,
  };
}

async function untilTold({ own }: ConsolePlace, siteIds: readonly string[]): Promise<void> {
  const deadline = AbortSignal.timeout(60_000);
  const limit = ENDPOINTS / SITES;
  for (const siteId of siteIds) {
    while ((await own.endpoints({ siteId, limit })).items.length < limit) {
      deadline.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

interface Smoothness {
  readonly frames: number;
  readonly dropped: number;
  /** Tasks of more than 50 ms, in which the page hears nobody. */
  readonly longTasks: number;
  readonly longestTaskMs: number;
}

/** Counts the page's frames for a while. */
function watch(page: Page): Promise<Smoothness> {
  return page.evaluate(
    async ({ watchMs, droppedMs }) => {
      const tasksMs: number[] = [];
      const observer = new PerformanceObserver((list) => {
        tasksMs.push(...list.getEntries().map(({ duration }) => duration));
      });
      observer.observe({ type: 'longtask' });
      const startedMs = performance.now();
      let [frames, dropped, lastMs] = [0, 0, startedMs];
      while (lastMs - startedMs < watchMs) {
        const nowMs = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
        frames += 1;
        if (nowMs - lastMs > droppedMs) dropped += 1;
        lastMs = nowMs;
      }
      observer.disconnect();
      return { frames, dropped, longTasks: tasksMs.length, longestTaskMs: Math.max(0, ...tasksMs) };
    },
    { watchMs: WATCH_MS, droppedMs: DROPPED_MS },
  );
}

/** In the page, before its own scripts: marks when a row is there. */
function markFirstRow(): void {
  const observer = new MutationObserver(() => {
    if (document.querySelector('a[data-row]') === null) return;
    performance.mark('first-row');
    observer.disconnect();
  });
  observer.observe(document, { childList: true, subtree: true });
}
