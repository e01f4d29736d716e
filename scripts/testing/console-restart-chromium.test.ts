// What breaks while a command prints: the console with its relay, also while the laptop sleeps, then the appliance. The
// page says what is going on, and what it shows in the end is what was printed: each line once, in order.

import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { findChromium } from './chromium.ts';
import { type ConsoleStage, openConsoleStage } from './console-stage.ts';
import { runCommand, startWork } from './console-steps.ts';

const executablePath = findChromium();
const restart = suite('a broken link in Chromium');

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so nobody watched the link break');
  restart.skip('a broken link in Chromium: no Chromium found', () => assert.unreachable());
} else {
  restart('the session page loses nothing and repeats nothing when things break', async () => {
    await using stage = await openConsoleStage({ executablePath });
    await stage.tell(() => breakThings(stage));
  });
}

restart.run();

async function breakThings(stage: ConsoleStage): Promise<void> {
  // a browser says of each address that it could not reach; here that is what happens
  const { owner, site } = await startWork(stage, { expected: /ERR_|WebSocket|Failed to load/ });
  const { page } = owner;
  const work = new URL(page.url()).pathname;
  const printed = join(stage.folder, 'printed.txt');
  await print(printed, { from: 1, to: 100 });
  const card = await runCommand(page, `tail -n +1 -f ${printed}`);
  await card.getByText('line 100', { exact: true }).waitFor();

  await stage.killConsole();
  await page.getByText('The site cannot be reached').first().waitFor();
  await page.getByRole('button', { name: 'Try now' }).click(); // while there is nothing to reach: it cannot go away
  await print(printed, { from: 101, to: 200 });
  await stage.startConsole();
  await card.getByText('line 200', { exact: true }).waitFor();
  await print(printed, { from: 201, to: 300 });
  await card.getByText('line 300', { exact: true }).waitFor();
  assert.is(await wholeOutput(card), await readFile(printed, 'utf8'));
  await page.reload();
  await card.getByText('line 300', { exact: true }).waitFor();
  assert.is(await wholeOutput(card), await readFile(printed, 'utf8'), 'read anew');

  {
    using _ = await fallAsleep(page);
    await stage.killConsole(); // the link is long gone when the lid is opened
    await print(printed, { from: 301, to: 400 });
    await stage.startConsole();
  }
  await card.getByText('line 400', { exact: true }).waitFor();
  assert.is(await wholeOutput(card), await readFile(printed, 'utf8'), 'after it slept');

  // a page that has not heard of the break yet would begin to load the next one, as any page does
  const heard = page.waitForEvent('requestfailed', (request) =>
    request.url().endsWith('/api/events'),
  );
  await stage.killConsole();
  await heard;
  await page.getByRole('link', { name: 'Requests' }).click();
  await page.getByText('The console cannot be reached').waitFor();
  await stage.startConsole();
  await page.getByRole('heading', { name: 'Requests' }).waitFor(); // by itself
  await owner.go(work);
  await card.getByText('line 400', { exact: true }).waitFor();

  await site.appliance.kill();
  await page.getByText('The site cannot be reached').first().waitFor();
  await site.appliance.restart();
  await page.getByText('The session was given up').waitFor();
  await page.getByText('The session has ended').waitFor();
  assert.is(await wholeOutput(card), await readFile(printed, 'utf8'), 'after the power cut');
  await page.getByRole('button', { name: 'Open a new session' }).click();
  assert.is(await page.getByLabel('Reason').inputValue(), 'the printer is offline');
  await page.getByRole('button', { name: 'Sign and open' }).click(); // as soon as the machine is back
  await page.waitForURL((url) => url.pathname !== work && url.pathname.includes('/sessions/'));
  await runCommand(page, 'uname -a');
  assert.equal(owner.complaints, []);
}

/** Stops every process of the browser, as a laptop that sleeps; disposal wakes it. */
async function fallAsleep(page: Page): Promise<Disposable> {
  const session = await page.context().browser()?.newBrowserCDPSession();
  const { processInfo = [] } = (await session?.send('SystemInfo.getProcessInfo')) ?? {};
  await session?.detach();
  assert.ok(processInfo.length > 1, 'the processes of the browser are known');
  const tell = (signal: 'SIGSTOP' | 'SIGCONT'): void => {
    for (const { id } of processInfo) process.kill(id, signal);
  };
  tell('SIGSTOP');
  return { [Symbol.dispose]: () => tell('SIGCONT') };
}

/** Appends numbered lines, as a command under way would print them. */
async function print(path: string, { from, to }: { from: number; to: number }): Promise<void> {
  const lines = Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}\n`);
  await appendFile(path, lines.join(''));
}

/** The output as it stands on the screen, unfolded. */
async function wholeOutput(card: Locator): Promise<string> {
  const fold = card.getByRole('button', { name: /^Show all/ });
  if ((await fold.count()) > 0) await fold.click();
  const lines = await card.locator('.bg-code-ground > div').allInnerTexts();
  return lines.map((line) => `${line}\n`).join('');
}
