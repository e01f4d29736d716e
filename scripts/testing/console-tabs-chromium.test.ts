// Many tabs of one browser. Over HTTP/1.1 a browser opens six connections to the console, so tabs that held one each
// would stop it.

import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { findChromium } from './chromium.ts';
import { type ConsoleStage, openConsoleStage } from './console-stage.ts';
import { startWork } from './console-steps.ts';

const TABS = 8;

const executablePath = findChromium();
const tabs = suite('many tabs in Chromium');

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so nobody opened eight tabs');
  tabs.skip('many tabs in Chromium: no Chromium found', () => assert.unreachable());
} else {
  tabs('eight tabs load and hear what happens, also when the first of them is closed', async () => {
    await using stage = await openConsoleStage({ executablePath });
    await stage.tell(() => openTabs(stage));
  });
}

tabs.run();

async function openTabs(stage: ConsoleStage): Promise<void> {
  const { owner, site } = await startWork(stage);
  const { context, page: first } = owner;
  await first.getByRole('navigation', { name: 'Main' }).getByText('Fleet').click();
  const others: Page[] = [];
  while (others.length < TABS - 1) {
    const page = await context.newPage();
    await page.goto(`${stage.origin}/`);
    others.push(page);
  }
  const all = [first, ...others];
  await eachShows(all, 'online');

  await site.appliance.kill();
  await eachShows(all, 'site away');
  await first.close();
  await site.appliance.restart();
  await eachShows(others, 'online');
  assert.equal(owner.complaints, []);
}

/** Until the machine is so in every tab. */
async function eachShows(pages: readonly Page[], state: string): Promise<void> {
  const shown = pages.map((page) => page.locator('a[data-row]', { hasText: state }).waitFor());
  await Promise.all(shown);
}
