// Straight to an appliance on the browser's own network: the console and its relay may be away, and the work goes on;
// when the straight way ends, the relay is taken.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { findChromium } from './chromium.ts';
import { type ConsoleStage, openConsoleStage, type StageAppliance } from './console-stage.ts';
import { runCommand, startWork } from './console-steps.ts';
import { freePort } from './free-port.ts';

const STRAIGHT = 'Linked to the site, end to end, straight on its network';
const RELAYED = 'Linked to the site, end to end, by the console’s relay';

const executablePath = findChromium();
const straight = suite('the straight way in Chromium');

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so nobody went straight');
  straight.skip('the straight way in Chromium: no Chromium found', () => assert.unreachable());
} else {
  straight(
    'a page goes straight where it may, works without the relay, and falls back',
    async () => {
      await using stage = await openConsoleStage({ executablePath });
      await stage.tell(() => goStraight(stage));
    },
  );
}

straight.run();

async function goStraight(stage: ConsoleStage): Promise<void> {
  // of what it could not reach a browser says so
  const { owner, site, endpointPage } = await startWork(stage, {
    expected: /ERR_|WebSocket|Failed to load/,
  });
  const { page } = owner;
  const { appliance } = site;
  const opensSocket = `/ip4/127.0.0.1/tcp/${await freePort()}/ws`;
  await page.getByText(RELAYED).waitFor();
  await listenElsewhere(appliance, (listen) => [...listen, opensSocket]);
  await page.getByText('The session has ended').waitFor(); // linked again, by the relay: the page has learnt the address
  await page.getByText(RELAYED).waitFor();

  await owner.go(endpointPage);
  await page.getByText(STRAIGHT).waitFor();
  await page.getByRole('button', { name: 'Open a session' }).click();
  await page.getByLabel('Reason').fill('the relay is away');
  await page.getByRole('button', { name: 'Sign and open' }).click(); // as soon as the machine is back
  await page.waitForURL('**/sessions/*');
  await page.getByText(STRAIGHT).waitFor();
  await stage.killConsole();
  const card = await runCommand(page, 'uname -s');
  await card.getByText('Linux', { exact: true }).waitFor();
  assert.ok(await page.getByText(STRAIGHT).isVisible());

  await stage.startConsole();
  await listenElsewhere(appliance, (listen) => listen.filter((each) => each !== opensSocket));
  await page.getByText(RELAYED).waitFor();
  await page.getByText('The session has ended').waitFor();
  assert.equal(owner.complaints, []);
}

/** Starts the appliance again on other addresses. */
async function listenElsewhere(
  appliance: StageAppliance,
  change: (listen: readonly string[]) => readonly string[],
): Promise<void> {
  await appliance.kill();
  const path = join(appliance.home, 'appliance', 'site.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as { listen: readonly string[] };
  await writeFile(path, JSON.stringify({ ...config, listen: change(config.listen) }));
  await appliance.restart();
}
