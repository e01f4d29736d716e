// Notifications in Chromium: chosen with and without scripts, refused by a browser, and told while a page is open.

import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { findChromium } from './chromium.ts';
import { type ConsoleStage, openConsoleStage } from './console-stage.ts';
import { decideOnSite, runCommand, startWork } from './console-steps.ts';

type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>;

const executablePath = findChromium();
const test = suite('notifications of the console in Chromium');

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so nobody was told anything');
  test.skip('notifications of the console: no Chromium found', () => assert.unreachable());
} else {
  test('tells what was chosen, names no command, and says why it cannot', async () => {
    await using stage = await openConsoleStage({ executablePath });
    await stage.tell(() => beTold(stage));
  });
}

test.run();

/** Keeps what a page shows as notifications, where the test finds it. */
const RECORDER = `
  window.told = [];
  const Real = window.Notification;
  window.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      window.told.push(title + ' | ' + options.body);
    }
  };`;

async function beTold(stage: ConsoleStage): Promise<void> {
  const { owner, site } = await startWork(stage);
  const { context } = owner;
  const storageState = await context.storageState();
  await withoutScripts(stage, storageState);
  await refused(stage, storageState);

  await context.grantPermissions(['notifications'], { origin: stage.origin });
  await context.addInitScript(RECORDER);
  const page = await context.newPage();
  const begun = page.waitForResponse('**/api/notices');
  await page.goto(`${stage.origin}/settings/notifications`);
  await page.getByText('Allowed', { exact: true }).waitFor();
  await begun;
  assert.ok(await page.getByLabel('A machine or a site went offline').isChecked());
  await page.getByLabel('A request of mine was decided').check();
  const begunAnew = page.waitForResponse('**/api/notices');
  await page.getByRole('button', { name: 'Keep this choice' }).click();
  await page.getByText('Your choice is kept').waitFor();
  await begunAnew; // what is told from now on is told by the new choice
  const told = (pattern: string) =>
    page.waitForFunction((text) => {
      const all = (globalThis as unknown as { told: string[] }).told;
      return all.find((each) => each.includes(text));
    }, pattern);

  const marker = `${stage.folder}/changed`;
  const card = await runCommand(owner.page, `touch ${marker}`);
  await card.getByText('Waits for approval').waitFor();
  await heardOfWaiting(page);
  await decideOnSite(stage, site.appliance, 'Approve');
  const decided = await told('approved your request on till-1');
  assert.not.match(String(await decided.jsonValue()), /touch|changed/);

  await site.appliance.kill();
  await told('cannot be reached | Its appliance is not connected');
  assert.equal(owner.complaints, []);
}

/** Until the page has heard that a request waits. */
async function heardOfWaiting(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const source = new EventSource('/api/events');
    await new Promise<void>((resolve) => {
      source.onmessage = ({ data }: MessageEvent<string>) => {
        if (data.includes('"waiting":1')) resolve();
      };
    });
    source.close();
  });
}

/** The choice is a form; whether this browser may, only a script can ask. */
async function withoutScripts(stage: ConsoleStage, storageState: StorageState): Promise<void> {
  await using plain = await stage.visitor({ javaScriptEnabled: false, storageState });
  const { page } = plain;
  await page.goto(`${stage.origin}/settings/notifications`);
  await page.getByText('This part needs JavaScript').waitFor();
  await page.getByLabel('A machine or a site went offline').check();
  await page.getByRole('button', { name: 'Keep this choice' }).click();
  await page.getByText('Your choice is kept').waitFor();
}

/** A browser that was told no says so, and what to do. */
async function refused(stage: ConsoleStage, storageState: StorageState): Promise<void> {
  await using visitor = await stage.visitor({ storageState });
  const { page, cdp } = visitor;
  await visitor.go('/settings/notifications');
  await page.getByRole('button', { name: 'Allow in this browser' }).waitFor();
  const { targetInfo } = await cdp.send('Target.getTargetInfo');
  await cdp.send('Browser.setPermission', {
    ...{ permission: { name: 'notifications' }, setting: 'denied', origin: stage.origin },
    ...(targetInfo.browserContextId && { browserContextId: targetInfo.browserContextId }),
  });
  await visitor.go('/settings/notifications');
  await page.getByText('This browser refuses notifications from this console').waitFor();
}
