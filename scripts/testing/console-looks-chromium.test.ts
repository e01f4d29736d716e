// Every page of the console looked at: under axe in both themes, on a phone without scrolling sideways, and the first
// pages without scripts. A picture of each is left in demo-out/screens, or in the folder that CAISEY_SCREENS names.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatPersonKey } from '#crypto/person-key.ts';
import { importSigner } from '#crypto/webcrypto.ts';

import type { BrowserVisitor } from './browser-visitor.ts';
import { findChromium } from './chromium.ts';
import { type ConsoleStage, openConsoleStage } from './console-stage.ts';
import { PASSWORD, runCommand, shownText, startWork } from './console-steps.ts';

const SCREENS =
  process.env['CAISEY_SCREENS'] ?? join(import.meta.dirname, '../../demo-out/screens');
const DESK = { width: 1280, height: 850 };
const PHONE = { width: 360, height: 700 };
const THEMES = ['light', 'dark'] as const;

const executablePath = findChromium();
const looks = suite('the looks of the console in Chromium');

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so nobody looked at the console');
  looks.skip('the looks of the console: no Chromium found', () => assert.unreachable());
} else {
  looks(
    'every page is legible to axe, fits a phone, and its doors open without scripts',
    async () => {
      await mkdir(SCREENS, { recursive: true });
      await using stage = await openConsoleStage({
        executablePath,
        env: () => ({ SIGN_UP: 'open' }), // a second organisation stays half founded
      });
      await stage.tell(() => lookAround(stage));
      console.log(`Screenshots of the console: ${SCREENS}`);
    },
  );
}

looks.run();

async function lookAround(stage: ConsoleStage): Promise<void> {
  const found: string[] = [];
  const doors = await stage.visitor({ bypassCSP: true, javaScriptEnabled: true });
  await look(doors, [{ name: 'found', path: '/found' }], found);

  await look(await halfFounded(stage), [{ name: 'welcome', path: '/welcome' }], found);

  // axe is put into the page as a script: only then the policy is off
  const { owner, site, endpointPage, session } = await startWork(stage, { bypassCSP: true });
  const { page } = owner;
  await runCommand(page, 'uname -a');
  const asked = await runCommand(page, `touch ${stage.folder}/changed`);
  await asked.getByText('Waits for approval').waitFor();
  await asked.getByRole('button', { name: 'Remind' }).click();
  await asked.getByText(/reminded Carla Client/).waitFor();
  await asked.getByRole('button', { name: /^Remind again in/ }).waitFor();
  await page.getByText(/^Ends by itself .* at the latest at/).waitFor();
  const sitePage = `/sites/${site.id}`;
  await look(
    owner,
    [
      { name: 'session', path: `${sitePage}/sessions/${session}`, shows: 'reminded Carla' },
      { name: 'fleet', path: '/', shows: 'till-1' },
      { name: 'sessions', path: '/sessions', shows: 'till-1' },
      { name: 'requests', path: '/requests', shows: 'till-1' },
      { name: 'site', path: sitePage, shows: 'In force since' },
      { name: 'endpoint', path: endpointPage, shows: 'Enrolled as till-1' },
      { name: 'sites', path: '/settings/sites', shows: 'in service' },
      { name: 'people', path: '/settings/people', shows: 'Signature checked' },
      { name: 'changes', path: '/settings/changes' },
      { name: 'notifications', path: '/settings/notifications', shows: 'Not there yet' },
      { name: 'account', path: '/settings/account', shows: 'In the roster as owner' },
      { name: 'unknown', path: '/nowhere', shows: 'no such page' },
    ],
    found,
  );
  await governs(owner, { sitePage, endpointPage });
  await find(owner, { endpointPage, found });
  await owner.go('/settings/people');
  await page.getByLabel('Mail address').fill('tom@acme.example');
  await page.getByRole('button', { name: 'Make the link' }).click();
  const invitation = new URL(await shownText(page, '/invitation/')).pathname;
  await refused(stage, { owner, sitePage, found });
  const doorPages = [
    { name: 'sign-in', path: '/sign-in' },
    { name: 'sign-in-code', path: '/sign-in/code' },
    { name: 'invitation', path: invitation },
  ];
  await look(doors, doorPages, found);
  assert.equal(found, []);
  await withoutScripts(stage, invitation);
}

/** An owner who has an account and no key yet. */
async function halfFounded(stage: ConsoleStage): Promise<BrowserVisitor> {
  const owner = await stage.visitor({ bypassCSP: true });
  const { page } = owner;
  await owner.go('/found');
  await page.getByLabel('Organisation').fill('Beta IT');
  await page.getByLabel('Your name').fill('Bea Beta');
  await page.getByLabel('Mail address').fill('bea@beta.example');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Go on: make your signing key' }).click();
  await page.waitForURL('**/welcome');
  return owner;
}

interface Face {
  readonly name: string;
  readonly path: string;
  /** What is on it when it is whole. */
  readonly shows?: string;
}

/** Looks at pages in both themes, on a desk and on a phone, and notes what is wrong with them. */
async function look(
  visitor: BrowserVisitor,
  faces: readonly Face[],
  found: string[],
): Promise<void> {
  const { page } = visitor;
  for (const { name, path, shows } of faces) {
    await page.setViewportSize(DESK);
    await visitor.go(path);
    if (shows !== undefined) await page.getByText(shows).first().waitFor();
    await page.evaluate(() => {
      for (const folded of document.querySelectorAll('details')) folded.open = true;
    });
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme });
      await page.screenshot({ path: join(SCREENS, `${name}-${theme}.png`), fullPage: true });
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const { id, nodes } of violations) {
        found.push(`${name}, ${theme}: ${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      }
    }
    await page.setViewportSize(PHONE);
    await page.screenshot({ path: join(SCREENS, `${name}-phone.png`), fullPage: true });
    const beyond = await overflow(page);
    if (beyond > 0) found.push(`${name}: ${beyond} pixels beyond a phone's width`);
  }
}

/** What a site's page and a machine's say of the log: in words, and proved. */
async function governs(
  { page, go }: BrowserVisitor,
  { sitePage, endpointPage }: { sitePage: string; endpointPage: string },
): Promise<void> {
  await go(sitePage);
  const policy = page.getByRole('region', { name: 'Policy in force' });
  await policy.getByText('Reading runs at once').waitFor();
  await policy.getByText('Carla Client').waitFor();
  const roster = page.getByRole('region', { name: 'Who may ask' });
  await roster.getByText('Sarah Miller').waitFor();
  const log = page.getByRole('region', { name: 'The log' });
  await log.getByText(/^✓ (\d+) of \1 entries proved/).waitFor();
  await go(endpointPage);
  await page.getByText('Connected').waitFor();
  await page.getByText(/^Verified by Sarah Miller/).waitFor();
  await page.getByText(/^✓ (?:[3-9]|\d\d) of /).waitFor(); // enrolled, verified, came: and more where it came again
  await page.getByText(/^✓ (\d+) of \1 entries proved/).waitFor();
  await page.getByRole('button', { name: 'Proof of entry' }).first().click();
  await page.getByRole('heading', { name: 'In the signed log' }).waitFor();
}

/** A site's page when this browser does not link with what the console names. */
async function refused(
  { data }: ConsoleStage,
  { owner, sitePage, found }: { owner: BrowserVisitor; sitePage: string; found: string[] },
): Promise<void> {
  using database = new DatabaseSync(join(data, 'console.sqlite'));
  database.exec('pragma busy_timeout = 5000');
  const { publicKey } = await importSigner(new Uint8Array(32).fill(7));
  const other = formatPersonKey({ kind: 'ed25519', publicKey });
  database.prepare('update site set peer_key = ?').run(other);
  const face = { name: 'refused', path: sitePage, shows: 'This browser does not link' };
  await look(owner, [face], found);
}

/** From any page to a machine by a few letters. */
async function find(
  { page, go }: BrowserVisitor,
  { endpointPage, found }: { endpointPage: string; found: string[] },
): Promise<void> {
  await go('/settings/account');
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Where to?').and(page.locator(':focus')).waitFor();
  await page.keyboard.type('till');
  await page.getByRole('option', { name: /till-1/ }).waitFor();
  const { violations } = await new AxeBuilder({ page }).analyze();
  found.push(...violations.map(({ id }) => `palette: ${id}`));
  await page.keyboard.press('Enter');
  await page.waitForURL(`**${endpointPage}`);
}

/** The pages that somebody meets before any script matters: an account by invitation, out, and in again. */
async function withoutScripts(stage: ConsoleStage, invitation: string): Promise<void> {
  const tom = await stage.visitor({ javaScriptEnabled: false });
  const { page } = tom;
  await page.goto(`${stage.origin}${invitation}`);
  await page.getByLabel('Your name').fill('Tom Tanner');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Accept and sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/sign-in');
  await page.getByLabel('Mail address').fill('tom@acme.example');
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('That did not work').waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Fleet' }).waitFor();
}

function overflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    const root = document.documentElement;
    return Math.max(0, root.scrollWidth - root.clientWidth);
  });
}
