// From nothing to the first command, in real Chromium with real processes: the organisation is founded, a site
// installed, claimed and set up, a machine enrolled; then what only reads runs at once, and what changes something
// waits for the client on site, who denies one and approves another.

import { existsSync } from 'node:fs';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { findChromium } from './chromium.ts';
import { decideOnSite, runCommand, startWork } from './console-steps.ts';
import { type ConsoleStage, openConsoleStage } from './console-stage.ts';

const executablePath = findChromium();
const first = suite('the console in Chromium');

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so nobody went from nothing to the first command');
  first.skip('the console in Chromium: no Chromium found', () => assert.unreachable());
} else {
  first('the console leads from nothing to commands that the client allows or denies', async () => {
    await using stage = await openConsoleStage({ executablePath });
    await stage.tell(() => firstDay(stage));
  });
}

first.run();

async function firstDay(stage: ConsoleStage): Promise<void> {
  const { owner, site } = await startWork(stage);
  const { page } = owner;
  const line = page.getByRole('textbox', { name: 'Command' });
  await line.fill('uname -s');
  await page.getByText('Runs at once:').waitFor();
  const reading = await runCommand(page, 'uname -s');
  await reading.getByText('Linux', { exact: true }).waitFor();
  await reading.getByText('Exit code 0').waitFor();

  const marker = `${stage.folder}/changed`;
  await page.getByRole('button', { name: 'Why, state, folder' }).click();
  await page.getByLabel('State by').fill(`ls ${stage.folder}`);
  await line.fill(`touch ${marker}`);
  await page.getByText('Waits for the client:').waitFor();
  const denied = await runCommand(page, `touch ${marker}`);
  await denied.getByText('Waits for approval').waitFor();
  await decideOnSite(stage, site.appliance, 'Deny');
  await denied.getByText('Not run: denied').waitFor();
  assert.not(existsSync(marker));

  await page.getByText(`Goes with the next command, too: state by ls ${stage.folder}`).waitFor();
  const approved = await runCommand(page, `touch ${marker}`);
  await approved.getByText('Waits for approval').waitFor();
  await decideOnSite(stage, site.appliance, 'Approve');
  await approved.getByText('Exit code 0').waitFor();
  assert.ok(existsSync(marker));
  await approved.getByText(/^State by .*: changed$/).waitFor();
  await approved.getByText('added: changed').waitFor();
  assert.equal(owner.complaints, []);
}
