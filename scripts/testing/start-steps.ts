// What a person does after `npm start`, in the browser and at the command line, whichever way it goes on.

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';

import { caisey } from '../caisey-process.ts';
import type { BrowserVisitor } from './browser-visitor.ts';
import { findChromium } from './chromium.ts';
import { PASSWORD } from './console-steps.ts';
import { openStartStage, type StartStage } from './start-stage.ts';

/** A suite of uvu, as far as a story needs it. */
interface Suite {
  (name: string, test: () => Promise<void>): void;
  skip(name: string, test: () => void): void;
}

/** Makes a story of `npm start` a test of the suite; says so where there is no Chromium. */
export function tellStart(
  start: Suite,
  { title, story }: { title: string; story: (stage: StartStage) => Promise<void> },
): void {
  const executablePath = findChromium();
  if (executablePath === null) {
    console.warn(`Skipped: no Chromium found, so nobody saw that ${title}`);
    start.skip(`${title}: no Chromium found`, () => assert.unreachable());
  } else {
    start(title, async () => {
      await using stage = await openStartStage(executablePath);
      await story(stage).catch((cause: unknown) => {
        throw new Error(`${String(cause)}\n\n${stage.spoken.all.slice(-60).join('\n')}`, { cause });
      });
    });
  }
}

/** Founds an organisation, as far as the first roster, which is still to be signed. */
export async function toFirstRoster({ page }: BrowserVisitor): Promise<void> {
  await page.getByLabel('Organisation').fill('Acme IT');
  await page.getByLabel('Your name').fill('Sarah Miller');
  await page.getByLabel('Mail address').fill('sarah@acme.example');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Go on: make your signing key' }).click();
  await page.waitForURL('**/welcome');
  await page.getByRole('button', { name: 'Make the signing key' }).click();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the recovery key' }).click();
  await (await saved).path();
}

/** The person carries what the terminal says that was given out to the page. */
export async function typeSecondCode(stage: StartStage, page: Page): Promise<void> {
  await page.getByLabel('Second code').waitFor();
  await page.getByLabel('Second code').fill(await stage.handedCode());
  await page.getByRole('button', { name: 'Compare the codes' }).click();
}

/** To axe in both themes, and on a phone without scrolling sideways. */
export async function isLegible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    assert.equal(
      violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
      [],
    );
  }
  const size = page.viewportSize();
  await page.setViewportSize({ width: 375, height: 800 });
  const beyond = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
  assert.ok(Number(beyond) <= 0, `${String(beyond)} pixels beyond a phone's width`);
  if (size !== null) await page.setViewportSize(size);
}

/** The command line's own key goes on working. */
export async function runByHand({ home }: StartStage): Promise<void> {
  const { code, stderr } = await caisey(['run', 'this-machine', '--', 'true'], { home });
  assert.is(code, 0, stderr);
}
