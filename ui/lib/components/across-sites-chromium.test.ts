// What waits and what is open, over all sites, in real Chromium: listed from the sites themselves, taken back, looked
// at with the keyboard, on a phone, under axe; and said to be away when a site is. Then a token and the machine go.

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { BrowserVisitor } from '#scripts/testing/browser-visitor.ts';
import { findChromium } from '#scripts/testing/chromium.ts';
import {
  addMachine,
  foundOrganisation,
  installSite,
  openSession,
  runCommand,
} from '#scripts/testing/console-steps.ts';
import { type ConsoleStage, openConsoleStage } from '#scripts/testing/console-stage.ts';

const DESK = { width: 1280, height: 850 };
const PHONE = { width: 360, height: 640 };

const executablePath = findChromium();
const across = suite('AcrossSites');

if (executablePath === null) {
  console.warn(
    'Skipped: no Chromium found, so nobody looked at sessions and requests of all sites',
  );
  across.skip('AcrossSites: no Chromium found', () => assert.unreachable());
} else {
  across('AcrossSites lists, and lets one act on, what the sites themselves tell', async () => {
    await using stage = await openConsoleStage({ executablePath });
    await stage.tell(() => lookAround(stage));
  });
}

across.run();

async function lookAround(stage: ConsoleStage): Promise<void> {
  const owner = await stage.visitor({ bypassCSP: true }); // axe is put into the page as a script
  const { page } = owner;
  const shots = await mkdtemp(join(tmpdir(), 'caisey-across-'));
  const look = (name: string): Promise<void> => checkFaces(page, { name, shots });
  await foundOrganisation(owner, {
    ...{ organisation: 'Acme IT', name: 'Sarah Miller', email: 'sarah@acme.example' },
  });
  await owner.go('/sessions');
  await page.getByText('No site is at work yet').waitFor();
  const site = await installSite(stage, owner, { name: 'head-office' });
  await owner.go('/requests');
  await page.getByText('Nothing was asked yet').waitFor();
  await owner.go('/sessions');
  await page.getByText('No session yet').waitFor();
  await look('sessions-none');
  await owner.go(`/sites/${site.id}`);
  await addMachine(stage, owner, { name: 'till-1' });
  await openSession(owner, { reason: 'the printer is offline' });
  const card = await runCommand(page, 'touch /tmp/never');
  await card.getByText('Waits for approval').waitFor();

  await owner.go('/requests');
  const request = page.getByRole('article', { name: /^Request/ });
  await request.getByText('waiting', { exact: true }).waitFor();
  await request.getByText(/left$/).waitFor();
  await look('requests-waiting');
  await page.getByRole('searchbox').fill('no such thing');
  await page.getByText('No request fits').waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();
  await request.getByRole('button', { name: 'Remind' }).click();
  await request.getByRole('button', { name: /^Remind again in/ }).waitFor();
  await request.getByRole('button', { name: 'Withdraw' }).click();
  await page.getByLabel('Why (the client reads it)').fill('Not needed any more');
  await page.getByRole('button', { name: 'Withdraw request' }).click();
  await request.getByText(/withdrawn by .* after/).waitFor();
  await page.getByRole('button', { name: 'Waiting' }).click();
  await page.getByText('Nothing waits.').waitFor();

  await owner.go('/sessions');
  const row = page.locator('a[data-row]', { hasText: 'till-1' });
  await row.getByText('open', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Mine' }).click();
  await row.waitFor();
  await look('sessions');
  await page.locator('h1').click();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/sites/*/sessions/*');
  await lookAtTokens(owner, { site: site.id, look });

  await site.appliance.kill();
  await owner.go('/sessions');
  await page.getByText('One site is away').waitFor();
  await look('sessions-away');
  await site.appliance.restart();
  await page.locator('a[data-row]', { hasText: 'till-1' }).waitFor(); // by the host's word, or the button
  await removeMachine(owner, { site: site.id, look });
  assert.equal(owner.complaints.filter(isUnforeseen), []);
}

/** A token is made, listed, replaced by another, and taken back in two steps. */
async function lookAtTokens(
  owner: BrowserVisitor,
  { site, look }: { site: string; look: (name: string) => Promise<void> },
): Promise<void> {
  const { page } = owner;
  await owner.go(`/sites/${site}`);
  const tokens = page.getByRole('region', { name: 'Tokens that are out' });
  await tokens.getByText('No token can be used now').waitFor();
  await page.getByRole('button', { name: 'Add a machine' }).click();
  await page.getByLabel('Name', { exact: true }).fill('spare');
  await page.getByRole('button', { name: 'Make the command' }).click();
  await tokens.getByText('spare', { exact: true }).waitFor();
  await look('tokens');
  const command = page.getByRole('region', { name: 'Run this on spare' });
  const first = await command.locator('code').first().innerText();
  await tokens.getByRole('button', { name: 'Make another token for spare' }).click();
  await command.getByText(first, { exact: true }).waitFor({ state: 'detached' });
  assert.is(await tokens.getByText('spare', { exact: true }).count(), 1, 'the first is revoked');
  await tokens.getByRole('button', { name: 'Revoke the token for spare' }).click();
  await tokens.getByRole('button', { name: 'Yes, revoke it' }).click();
  await tokens.getByText('No token can be used now').waitFor();
}

/** The owner removes the machine, with a reason. */
async function removeMachine(
  owner: BrowserVisitor,
  { site, look }: { site: string; look: (name: string) => Promise<void> },
): Promise<void> {
  const { page } = owner;
  await owner.go(`/sites/${site}`);
  await page.locator('a[data-row]', { hasText: 'till-1' }).click();
  await page.getByRole('button', { name: 'Remove this machine' }).waitFor();
  await look('machine');
  await page.getByRole('button', { name: 'Remove this machine' }).click();
  await page.getByLabel('Why (for the record)').fill('Replaced');
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByText('No machine is enrolled here yet').waitFor();
}

/** Looks at a page on a desk and on a phone, light and dark: axe finds nothing, and nothing stands out of it. */
async function checkFaces(
  page: Page,
  { name, shots }: { name: string; shots: string },
): Promise<void> {
  for (const [viewport, colorScheme] of [
    [DESK, 'light'],
    [PHONE, 'dark'],
  ] as const) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html ?? ''}`).join('\n');
    assert.is(found, '', `${name}, ${colorScheme}: ${found}`);
    const beyond = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    await page.screenshot({ path: join(shots, `${name}-${colorScheme}.png`), fullPage: true });
    assert.ok(beyond <= 0, `${name} is ${beyond} px too wide, see ${shots}`);
  }
  await page.setViewportSize(DESK);
  await page.emulateMedia({ colorScheme: 'light' });
}

/** An appliance that was killed refuses connections, of which the browser tells. */
function isUnforeseen(complaint: string): boolean {
  return !/WebSocket connection to|ERR_CONNECTION_REFUSED/.test(complaint);
}
