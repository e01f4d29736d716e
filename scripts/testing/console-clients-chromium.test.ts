// Clients and sites in real Chromium: the page of a client, tokens that are out, another name, and the end of
// both. Each page under axe in both themes and on a phone; with CAISEY_SCREENS set a picture
// of each is left there.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

import { AxeBuilder } from '@axe-core/playwright';
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { BrowserVisitor } from './browser-visitor.ts';
import { findChromium } from './chromium.ts';
import { type ConsoleStage, openConsoleStage } from './console-stage.ts';
import {
  addMachine,
  foundOrganisation,
  installSite,
  invite,
  joinBy,
  type StageSite,
} from './console-steps.ts';

const SCREENS = process.env['CAISEY_SCREENS'];
const FACES = [
  { name: 'light', width: 1280 },
  { name: 'dark', width: 1280 },
  { name: 'light', width: 375 },
] as const;

const executablePath = findChromium();
const clients = suite('clients and sites');

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so nobody renamed or removed a site');
  clients.skip('clients and sites: no Chromium found', () => assert.unreachable());
} else {
  clients('have a page, another name, and an end', async () => {
    await using stage = await openConsoleStage({ executablePath });
    await stage.tell(() => story(stage));
  });
}

clients.run();

async function story(stage: ConsoleStage): Promise<void> {
  const owner = await stage.visitor({ bypassCSP: true }); // axe is put into the page as a script
  await foundOrganisation(owner, {
    ...{ organisation: 'Acme IT', name: 'Sarah Miller', email: 'sarah@acme.example' },
  });
  const site = await installSite(stage, owner, { name: 'head-office' });
  await addMachine(stage, owner, { name: 'till-1' });
  await clientPage(owner, site);
  await onlyLooks(stage, { owner, site });
  await tokens(owner);
  await renameAll(owner);
  await removeAll(owner, site);
}

/** From the fleet to the client's page, and by the keyboard to its site. */
async function clientPage(owner: BrowserVisitor, site: StageSite): Promise<void> {
  const { page } = owner;
  await owner.go('/');
  await page.getByRole('link', { name: 'Trial client', exact: true }).click();
  await page.getByRole('heading', { name: 'Trial client', level: 1 }).waitFor();
  const card = page.locator('a[data-row]', { hasText: 'head-office' });
  await card.getByText('1 machine · 1 online · no session open · nothing waits').waitFor();
  await card.getByText('The console may know: Names and states (standard)').waitFor();
  await page.locator('a[data-row]', { hasText: 'till-1' }).waitFor();
  await look(page, 'client');
  await page.locator('h1').click();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/sites/${site.id}`);
  await page.getByRole('link', { name: 'Trial client', exact: true }).click();
  await page.waitForURL('**/clients/*');
}

/** Somebody whose role only looks sees what the console is told, and why there is no more. */
async function onlyLooks(
  stage: ConsoleStage,
  { owner, site }: { owner: BrowserVisitor; site: StageSite },
): Promise<void> {
  const link = await invite(owner, { email: 'lea@acme.example', role: 'read-only' });
  const lea = await stage.visitor({ bypassCSP: true });
  await joinBy(link, { visitor: lea, name: 'Lea Looks' });
  const { page } = lea;
  await lea.go('/');
  await page.getByRole('searchbox').fill('online');
  await page.locator('a[data-row]', { hasText: 'till-1' }).waitFor();
  await page.getByRole('searchbox').fill('offline');
  await page.getByText('No machine has these words').waitFor();
  assert.is(await page.getByRole('link', { name: 'Add a site or machine' }).count(), 0);
  await lea.go(`/sites/${site.id}`);
  await page.getByText('What happens at a site needs a reviewer’s key').waitFor();
  await page.getByText('Names and states').waitFor();
  await look(page, 'site-looked-at');
  await page.locator('a[data-row]', { hasText: 'till-1' }).click();
  await page.getByRole('heading', { name: 'About it' }).waitFor();
  await look(page, 'machine-looked-at');
  for (const path of ['/sessions', '/requests', `/sites/${site.id}/sessions/x`]) {
    await lea.go(path);
    await page.getByText('Your role sees the fleet').waitFor();
  }
  await page.keyboard.press('?');
  await page.getByText('The command before').waitFor();
  await look(page, 'keys');
}

/** A site that waits says how long its token is good; revoked, it is good no more. */
async function tokens(owner: BrowserVisitor): Promise<void> {
  const { page } = owner;
  await owner.go('/settings/sites');
  await page.getByLabel('Client', { exact: true }).selectOption({ label: 'Trial client' });
  await page.getByLabel('Name of the site').fill('warehouse');
  await page.getByRole('button', { name: 'Add site' }).click();
  const row = page.getByRole('listitem').filter({ hasText: 'Trial client · warehouse' });
  await row.getByText(/^token ends in 2[34] h|^token ends in 1 day/).waitFor();
  await look(page, 'sites-token');
  await row.getByRole('button', { name: 'Revoke the token' }).click();
  await page.getByText('nothing joins by it any more').waitFor();
  await row.getByText('no token is out').waitFor();
}

async function renameAll(owner: BrowserVisitor): Promise<void> {
  const { page } = owner;
  await owner.go('/settings/sites');
  const row = page.getByRole('listitem').filter({ hasText: 'Trial client · warehouse' });
  await fold(row).click();
  await row.getByLabel('Its name').fill('depot');
  await look(page, 'sites-open');
  await row.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('link', { name: 'Trial client · depot' }).waitFor();
  const party = page.getByRole('listitem').filter({ hasText: '2 sites' });
  await fold(party).click();
  await party.getByText('It has sites: remove them first').waitFor();
  await party.getByLabel('Its name').fill('Other client');
  await party.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('link', { name: 'Other client · depot' }).waitFor();
}

/** The sites go, then their client. */
async function removeAll(owner: BrowserVisitor, site: StageSite): Promise<void> {
  const { page } = owner;
  for (const name of ['depot', 'head-office']) {
    const row = page.getByRole('listitem').filter({ hasText: `Other client · ${name}` });
    if (!(await row.getByRole('checkbox').isVisible())) await fold(row).click();
    await row.getByRole('checkbox', { name: `Yes, ${name} is to go` }).check();
    await row.getByRole('button', { name: `Remove the site ${name}` }).click();
    await row.waitFor({ state: 'detached' });
  }
  await owner.go(`/sites/${site.id}`);
  await page.getByText('Cannot find site').first().waitFor();
  await owner.go('/settings/sites');
  const party = page.getByRole('listitem').filter({ hasText: '0 sites' });
  await fold(party).click();
  await party.getByRole('checkbox').check();
  await party.getByRole('button', { name: 'Remove the client' }).click();
  await party.waitFor({ state: 'detached' });
}

/** What unfolds the forms for a name and an end. */
function fold(row: Locator): Locator {
  return row.locator('summary', { hasText: 'Rename or remove' });
}

async function look(page: Page, name: string): Promise<void> {
  for (const face of FACES) {
    await page.emulateMedia({ colorScheme: face.name });
    await page.setViewportSize({ width: face.width, height: 850 });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
    assert.equal(found, [], `${name} ${face.name} ${face.width}`);
    const spare = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.is(spare, 0, `${name} scrolls sideways at ${face.width}`);
    if (SCREENS === undefined) continue;
    await mkdir(SCREENS, { recursive: true });
    const path = join(SCREENS, `${name}-${face.name}-${face.width}.png`);
    await page.screenshot({ path, fullPage: true });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 850 });
}
