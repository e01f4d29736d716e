// `npm start` in an organisation that was founded without this computer: its owner brings it in another day, signs its
// keys, and takes its root out of the roster.

import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { SiteKeys } from '#crypto/site-fingerprints.ts';
import { caisey } from '../caisey-process.ts';
import type { StartStage } from './start-stage.ts';
import { isLegible, runByHand, tellStart, toFirstRoster, typeSecondCode } from './start-steps.ts';

const start = suite('npm start in Chromium');

tellStart(start, {
  title: 'npm start brings this computer into an organisation that was founded without it',
  story: secondThoughts,
});

start.run();

/** Somebody who founded without it brings the computer in another day. */
async function secondThoughts(stage: StartStage): Promise<void> {
  await using owner = await stage.visitor({ bypassCSP: true }); // for axe
  const { page } = owner;
  await owner.go('/found');
  await toFirstRoster(owner);
  await page.getByLabel('Code in the terminal').waitFor();
  await isLegible(page);
  await page.getByRole('button', { name: 'Sign with your signing key' }).click();
  await page.waitForURL('**/settings/sites');
  await page.getByText('Does the site run already').click();
  await isLegible(page);
  await page.getByLabel('Code in the terminal').fill(await stage.code());
  await page.getByRole('button', { name: 'Bring in this computer' }).click();
  await page.getByLabel('Second code').waitFor();
  await isLegible(page);
  await typeSecondCode(stage, page);
  await page.getByText('new: may ask there already').waitFor();
  await owner.go('/settings/sites'); // the page was closed before the owner signed: it is offered again
  await page.getByLabel('Code in the terminal').fill(await stage.code());
  await page.getByRole('button', { name: 'Bring in this computer' }).click();
  await typeSecondCode(stage, page);
  await page.getByText('new: may ask there already').waitFor();
  await isLegible(page);
  await page.getByRole('button', { name: 'Sign the roster' }).click();
  await page.getByText('in force').waitFor();
  await signsItsKeys(stage, page);
  await owner.go('/settings/people');
  await page.getByText('Root, Owner').waitFor();
  await takesOutItsRoot(page);
  await runByHand(stage);
  assert.equal(owner.complaints, []);
}

/** Nobody claimed it by a code: the owner compares its keys with what the command line shows, and signs them. */
async function signsItsKeys({ home }: StartStage, page: Page): Promise<void> {
  await page.getByText('One signature more').waitFor();
  const { stdout } = await caisey(['site', 'status', '--format', 'json'], { home });
  const { fingerprints } = JSON.parse(stdout) as { fingerprints: SiteKeys };
  await page.getByText(fingerprints.log).waitFor();
  await page.getByText(fingerprints.appliance).last().waitFor();
  const sign = page.getByRole('button', { name: 'Sign these keys' });
  assert.ok(await sign.isDisabled(), 'not before somebody has compared them');
  await isLegible(page);
  await page.getByLabel('I have compared both keys').check();
  await sign.click();
  await page.getByText('Checked in this browser').waitFor();
}

/** The site keeps the roster that it has when the certificate by its root is taken out; the owner is told so before. */
async function takesOutItsRoot(page: Page): Promise<void> {
  await page.getByText('A site with a root of its own takes this roster, too').waitFor();
  await page.getByRole('button', { name: /^Take out the certificate/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Take out a certified root' });
  await dialog.getByText('The site keeps the last roster that it took').waitFor();
  await isLegible(page);
  await dialog.getByRole('button', { name: 'Take it out' }).click();
  await dialog.getByText('not signed by the pinned root').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByText('with a root of its own').waitFor({ state: 'hidden' });
}
