// The exit codes by which whoever starts the appliance knows whether starting it again is of use.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createInbox } from '#scripts/testing/agent-appliance.ts';
import { openCliSite } from '#scripts/testing/cli-site.ts';
import { placesIn } from './config.ts';
import { runAppliance } from './main.ts';

const main = suite('runAppliance()');

main(
  'leaves with 1 when its log cannot be written, and with 5 where it cannot be trusted',
  async () => {
    await using site = await openCliSite();
    await site.stopAppliance();
    const folder = join(site.home, 'appliance');
    const lines = createInbox<string>();
    const run = (): Promise<number> =>
      runAppliance({ folder, log: 'text', write: (line) => lines.put(line) });
    const running = run();
    await lines.take((line) => line.endsWith(' ready'));
    await rm(placesIn(folder).second, { recursive: true }); // as a disk does that is taken out
    await site.run(['endpoint', 'token', '--name', 'till']);
    assert.is(await running, 1);
    await lines.take((line) => line.includes('the log failed'));
    assert.is(await run(), 5);
    await lines.take((line) => line.includes('second-place'));
  },
);

main.run();
