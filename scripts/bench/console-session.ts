// What a technician feels in a session: from Enter to the first output on the screen, and from an address to a page
// that takes commands. Chromium measures itself, by the clock that its events have.

import type { Page } from 'playwright-core';

import { openWorkingSession } from '../testing/technician.ts';
import { machineRow, openSession, unlock } from '../testing/console-steps.ts';
import type { ConsolePlace } from './console-place.ts';
import { MACHINE, type WorkSite } from './console-site.ts';
import type { Figures } from './main.ts';
import { quantile } from './quantile.ts';
import { round } from './round.ts';

interface SessionOptions {
  readonly site: WorkSite;
  readonly log: (line: string) => void;
}

const WARM_UP = 10;
const RUNS = 80;
/** Browser and client are measured in turns, so that a busy moment of the machine falls on both. */
const TURN = 10;
const ROUND_TRIPS = 100;

/** From Enter to the first output on the screen, through the relay; beside a client on the local network. */
export async function measureKeystroke(
  place: ConsolePlace,
  { site, log }: SessionOptions,
): Promise<Figures> {
  const { page } = place.owner;
  await openOwnSession(place, site);
  await using direct = await site.process.connect(site.process.technician);
  const session = await openWorkingSession(direct, {
    ...{ as: site.process.technician, endpoint: site.endpoint },
    log: site.process.log.split('+')[0] ?? '',
  });
  let commands = 0;
  const typed = (): Promise<number> => type(page, `x${++commands}`);
  const sent = async (): Promise<number> => {
    const said = session.entries.length;
    const startedMs = performance.now();
    const ran = session.run(`echo x${++commands}`);
    await session.entry((entry) => {
      return entry.leaf.k === 'command.output' && session.entries.indexOf(entry) >= said;
    });
    const tookMs = performance.now() - startedMs;
    await ran;
    return tookMs;
  };
  await times(WARM_UP, typed);
  await times(WARM_UP, sent);
  const typedMs: number[] = [];
  const sentMs: number[] = [];
  for (let done = 0; done < RUNS; done += TURN) {
    typedMs.push(...(await times(TURN, typed)));
    sentMs.push(...(await times(TURN, sent)));
    log(`keystroke: ${done + TURN} of ${RUNS}`);
  }
  await session.close();
  await using reached = await site.reach();
  const trip = async (client: typeof direct): Promise<number> => {
    const startedMs = performance.now();
    await client.call('site.status', {});
    return performance.now() - startedMs;
  };
  const relayMs: number[] = [];
  const directMs: number[] = [];
  for (let done = 0; done < ROUND_TRIPS; done += TURN) {
    relayMs.push(...(await times(TURN, () => trip(reached.client))));
    directMs.push(...(await times(TURN, () => trip(direct))));
  }
  const keystrokeMs = quantile(typedMs, 0.5);
  const cliMs = quantile(sentMs, 0.5);
  return {
    keystroke_p50_ms: round(keystrokeMs),
    keystroke_p95_ms: round(quantile(typedMs, 0.95)),
    cli_p50_ms: round(cliMs),
    cli_p95_ms: round(quantile(sentMs, 0.95)),
    ratio: round(keystrokeMs / cliMs),
    relay_rtt_ms: round(quantile(relayMs, 0.5)),
    direct_rtt_ms: round(quantile(directMs, 0.5)),
    runs: RUNS,
  };
}

/** Opens a session on the machine, as its owner does: by the site's page. */
async function openOwnSession({ owner }: ConsolePlace, site: WorkSite): Promise<void> {
  await owner.go(`/sites/${site.id}`);
  const lock = owner.page.getByRole('button', { name: 'Unlock with your signing key' });
  await lock.or(machineRow(owner.page, MACHINE)).first().waitFor();
  if (await lock.isVisible()) await unlock(owner.page);
  await machineRow(owner.page, MACHINE).click();
  await openSession(owner, { reason: 'A measurement.' });
}

/** Types `echo` and a word, presses Enter, and answers how long the word took to stand on the screen. */
async function type(page: Page, word: string): Promise<number> {
  const box = page.getByRole('textbox', { name: 'Command' });
  await box.fill(`echo ${word}`);
  const seen = await page.evaluateHandle(watchFor, word);
  await box.press('Enter');
  const { tookMs } = await seen.evaluate(async ({ shown }) => ({ tookMs: await shown }));
  await page.getByRole('article').last().getByText('Exit code 0').waitFor();
  return tookMs;
}

/** In the page: times from the next Enter until a frame was drawn in which a card has the word as a line. */
function watchFor(word: string): { shown: Promise<number> } {
  let startedMs = 0;
  const onKey = ({ key, timeStamp }: KeyboardEvent): void => {
    if (key === 'Enter') startedMs = timeStamp;
  };
  addEventListener('keydown', onKey, { capture: true, once: true });
  const isThere = (): boolean => {
    const card = [...document.querySelectorAll('article')].at(-1);
    const lines = [...(card?.querySelectorAll('span') ?? [])];
    return lines.some(({ textContent }) => textContent === word);
  };
  const shown = new Promise<number>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    // What is posted while a frame is made comes when it was drawn. The page, too, changes while a frame is made.
    const watch = (): void => port2.postMessage(null);
    port1.onmessage = () => {
      if (isThere()) resolve(performance.now() - startedMs);
      else requestAnimationFrame(watch);
    };
    requestAnimationFrame(watch);
  });
  return { shown };
}

const LOADS = 7;

/** The session page from its address to a command line that takes commands: with an empty cache, and with a full one. */
export async function measureLoad(
  place: ConsolePlace,
  { site, log }: SessionOptions,
): Promise<Figures> {
  const { page, cdp } = place.owner;
  if (!page.url().includes('/sessions/')) await openOwnSession(place, site);
  await page.addInitScript(markUsable);
  const coldMs: number[] = [];
  const warmMs: number[] = [];
  for (let i = 0; i < LOADS; i++) {
    await cdp.send('Network.clearBrowserCache');
    coldMs.push(await load(page));
    warmMs.push(await load(page));
    log(`load: ${i + 1} of ${LOADS}`);
  }
  const bytes = await gzipBytes(await page.evaluate(loadedUrls));
  return {
    session_js_gzip_bytes: bytes.js,
    session_css_gzip_bytes: bytes.css,
    usable_cold_ms: round(quantile(coldMs, 0.5)),
    usable_warm_ms: round(quantile(warmMs, 0.5)),
  };
}

async function load(page: Page): Promise<number> {
  await page.reload();
  await page.getByRole('textbox', { name: 'Command' }).waitFor();
  return page.evaluate(() => performance.getEntriesByName('usable')[0]?.startTime ?? NaN);
}

/** In the page, before its own scripts: marks when the command line takes commands. */
function markUsable(): void {
  const observer = new MutationObserver(() => {
    const box = document.querySelector('textarea[aria-label="Command"]');
    if (!(box instanceof HTMLTextAreaElement) || box.disabled) return;
    performance.mark('usable');
    observer.disconnect();
  });
  observer.observe(document, { childList: true, subtree: true, attributes: true });
}

/** In the page: the scripts and styles that it loaded. */
function loadedUrls(): string[] {
  return performance
    .getEntriesByType('resource')
    .map(({ name }) => name)
    .filter((url) => /\.(js|css)$/.test(new URL(url).pathname));
}

/** What the console sends of them to a browser that takes gzip: over TLS brotli would be less. */
async function gzipBytes(urls: readonly string[]): Promise<{ js: number; css: number }> {
  const bytes = { js: 0, css: 0 };
  for (const url of new Set(urls)) {
    const response = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
    await response.arrayBuffer();
    const length = Number(response.headers.get('content-length'));
    bytes[url.endsWith('.css') ? 'css' : 'js'] += length;
  }
  return bytes;
}

async function times(count: number, run: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < count; i++) samples.push(await run());
  return samples;
}
