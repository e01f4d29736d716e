// `npm start`, then a person with a browser: the organisation is founded, the site of this computer comes along by
// the code in the terminal, and a session on its machine runs a command. The command line works before and after.

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { SiteKeys } from '#crypto/site-fingerprints.ts';
import { caisey } from '../caisey-process.ts';
import { findChromium } from './chromium.ts';
import {
  machineRow,
  openSession,
  PASSWORD,
  runCommand,
  shownText,
  unlock,
} from './console-steps.ts';
import { openStartStage, type StartStage } from './start-stage.ts';
import type { BrowserVisitor } from './browser-visitor.ts';

const executablePath = findChromium();
const start = suite('npm start in Chromium');

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so nobody went from npm start to a session');
  start.skip('npm start in Chromium: no Chromium found', () => assert.unreachable());
} else {
  const tell = async (story: (stage: StartStage) => Promise<void>): Promise<void> => {
    await using stage = await openStartStage(executablePath);
    await story(stage).catch((cause: unknown) => {
      throw new Error(`${String(cause)}\n\n${stage.spoken.all.slice(-60).join('\n')}`, { cause });
    });
  };
  start('npm start leads to a fleet with this machine in it, ready for a session', () =>
    tell(firstDay),
  );
  start('npm start brings this computer into an organisation that was founded without it', () =>
    tell(secondThoughts),
  );
  start('a site that runs already joins by two commands and a certificate that is pasted', () =>
    tell(byTwoCommands),
  );
}

start.run();

/** What an owner of another site does, whose terminal is elsewhere. */
async function byTwoCommands(stage: StartStage): Promise<void> {
  const { home } = stage;
  await using owner = await stage.visitor();
  const { page } = owner;
  await owner.go('/found');
  await toFirstRoster(owner);
  await page.getByRole('button', { name: 'Sign with your signing key' }).click();
  await page.waitForURL('**/settings/sites');
  await page.getByLabel('Name of the client').fill('Corner Bakery');
  await page.getByLabel('Name of the site').fill('Main Street');
  await page.getByRole('button', { name: 'Add site' }).click();
  const first = await shownText(page, 'caisey appliance join');
  await page.getByRole('button', { name: 'It runs a site already' }).click();
  await page.getByText('founded by the command line').waitFor();
  const join = await shownText(page, 'caisey appliance join');
  assert.is.not(join, first, 'a token for a new appliance joins no site that comes with its log');
  const token = join.split(' ').at(-1) ?? '';
  const joined = await caisey(['appliance', 'join', token, '--no-wait'], { home });
  assert.is(joined.code, 0, joined.stderr);
  await page.getByText('Corner Bakery, Main Street has joined as it is').waitFor();
  const command = await shownText(page, 'site certify-root');
  const root = /'([^']+)'/.exec(command)?.[1] ?? '';
  const printed = await caisey(['site', 'certify-root', root, '--yes'], { home });
  assert.is(printed.code, 0, printed.stderr);

  stage.daemon.child.kill('SIGINT'); // the appliance goes by it from its next start on
  assert.is(await stage.daemon.ended, 0);
  const from = stage.spoken.all.length;
  await stage.restart();
  await stage.spoken.when(/the console is reached/, { from });
  await owner.go('/settings/sites');
  await page.getByText('Does the site run already').click();
  await page.getByLabel('Paste what it printed').fill(printed.stdout.slice(0, -9));
  await page.getByText('damaged or incomplete').waitFor();
  await page.getByLabel('Paste what it printed').fill(printed.stdout);
  await page.getByRole('button', { name: 'Sign the roster' }).click();
  await page.getByText('in force').waitFor();
}

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

/** From nothing to a command in the browser, and the next start. */
async function firstDay(stage: StartStage): Promise<void> {
  await runByHand(stage);
  await using owner = await stage.visitor();
  const { page } = owner;
  await owner.go('/');
  await page.waitForURL('**/found');
  await toFirstRoster(owner);

  await page.getByText('Trial client, This computer').waitFor();
  await page.getByLabel('Code in the terminal').fill('0000-0000');
  await page.getByRole('button', { name: 'Bring in this computer' }).click();
  await page.getByText('That is not the code').waitFor();
  const shown = await page.locator('code.select-all').innerText();
  await page.getByLabel('Code in the terminal').fill((await stage.code()).toLowerCase());
  await page.getByRole('button', { name: 'Bring in this computer' }).click();
  await page.getByLabel('Second code').fill('0000-0000-0000');
  await page.getByRole('button', { name: 'Compare the codes' }).click();
  await page.getByText('That is not the code of what this page was given').waitFor();
  await typeSecondCode(stage, page);
  await page.getByText('Trial client, This computer comes along').waitFor();
  const [, said = ''] = await stage.spoken.when(/lets the root ([0-9A-Z-]+) say who may ask/);
  assert.is(said, shown, 'page and terminal name one root');
  await page.getByText('a key file of this computer').waitFor();
  await page.getByRole('button', { name: 'Sign with your signing key' }).click();
  await page.waitForURL(`${stage.origin}/`);

  await machineRow(page, 'this-machine').click();
  await unlock(page);
  await openSession(owner, { reason: 'a first look' });
  const card = await runCommand(page, 'uname -a');
  await card.getByText('Exit code 0').waitFor();
  await runByHand(stage);
  const people = await caisey(['site', 'people', '--format', 'json'], { home: stage.home });
  const { version, members } = JSON.parse(people.stdout) as { version: number; members: unknown[] };
  assert.is(version, 2);
  assert.is(members.length, 2);
  assert.equal(
    owner.complaints.filter((each) => !each.includes('403')),
    [],
  );

  stage.daemon.child.kill('SIGINT');
  assert.is(await stage.daemon.ended, 0);
  await stage.restart();
  await owner.go('/');
  await machineRow(page, 'this-machine').filter({ hasText: 'Online' }).waitFor();
  await runByHand(stage);
}

/** The person carries what the terminal says that was given out to the page. */
async function typeSecondCode(stage: StartStage, page: Page): Promise<void> {
  await page.getByLabel('Second code').waitFor();
  await page.getByLabel('Second code').fill(await stage.handedCode());
  await page.getByRole('button', { name: 'Compare the codes' }).click();
}

/** To axe in both themes, and on a phone without scrolling sideways. */
async function isLegible(page: Page): Promise<void> {
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

async function toFirstRoster({ page }: BrowserVisitor): Promise<void> {
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

/** The command line's own key goes on working. */
async function runByHand({ home }: StartStage): Promise<void> {
  const { code, stderr } = await caisey(['run', 'this-machine', '--', 'true'], { home });
  assert.is(code, 0, stderr);
}
