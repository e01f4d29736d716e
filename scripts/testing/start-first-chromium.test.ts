// `npm start`, then a person with a browser: the organisation is founded, the site of this computer comes along by
// the code in the terminal, and a session on its machine runs a command. The command line works before and after.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { caisey } from '../caisey-process.ts';
import { machineRow, openSession, runCommand, unlock } from './console-steps.ts';
import type { StartStage } from './start-stage.ts';
import { runByHand, tellStart, toFirstRoster, typeSecondCode } from './start-steps.ts';

const start = suite('npm start in Chromium');

tellStart(start, {
  title: 'npm start leads to a fleet with this machine in it, ready for a session',
  story: firstDay,
});

start.run();

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
