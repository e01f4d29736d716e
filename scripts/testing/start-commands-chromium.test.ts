// A site that was founded by the command line joins a console by two commands there and a certificate that is pasted.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { caisey } from '../caisey-process.ts';
import { shownText } from './console-steps.ts';
import type { StartStage } from './start-stage.ts';
import { tellStart, toFirstRoster } from './start-steps.ts';

const start = suite('npm start in Chromium');

tellStart(start, {
  title: 'a site that runs already joins by two commands and a certificate that is pasted',
  story: byTwoCommands,
});

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
