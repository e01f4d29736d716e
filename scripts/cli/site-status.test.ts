// `caisey site status`, and what is said of a site whose log an endpoint caught behind itself.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { loadConfig, loadKeyFile, placesIn } from '#appliance/config.ts';
import { runAppliance } from '#appliance/main.ts';
import { type SiteKeys, siteFingerprints } from '#appliance/protocol/site-fingerprints.ts';
import { signCheckpoint } from '#crypto/checkpoint.ts';
import { sha256 } from '#crypto/hash.ts';
import { openCliSite } from '../testing/cli-site.ts';

const ADVICE = 'found a new site in another folder';

const status = suite('caisey site status');

status('shows the site, and that nobody answers when its appliance is stopped', async () => {
  await using site = await openCliSite();
  const { client, log, fingerprints } = (await site.json(['site', 'status'])) as {
    client: string;
    log: string;
    fingerprints: SiteKeys;
  };
  assert.is(client, 'Corner Bakery');
  const { key: appliance } = await loadKeyFile(placesIn(join(site.home, 'appliance')).peerKey);
  assert.equal(fingerprints, siteFingerprints({ appliance, log }));
  await site.stopAppliance();
  assert.is((await site.run(['site', 'status'])).code, 4);
});

status(
  'says what to do when the log was rolled back, and so do fsck and the appliance',
  async () => {
    await using site = await openCliSite();
    await site.stopAppliance();
    const folder = join(site.home, 'appliance');
    const { logKey, second } = placesIn(folder);
    const { origin } = await loadConfig(folder);
    const { signer } = await loadKeyFile(logKey);
    const ahead = await signCheckpoint(
      { origin, size: 99, root: sha256(new Uint8Array(1)) },
      signer,
    );
    await writeFile(join(second, 'witnessed'), ahead);

    const told = await site.run(['site', 'status']);
    assert.is(told.code, 1);
    assert.match(told.err, 'refuses to run: an endpoint holds a newer log');
    assert.match(told.err, ADVICE);

    const examined = await site.run(['log', 'fsck']);
    assert.is(examined.code, 1);
    assert.match(examined.out, 'knows 99 entries');
    assert.match(examined.err, ADVICE);

    const lines: string[] = [];
    const write = (line: string): void => void lines.push(line);
    assert.is(await runAppliance({ folder, log: 'text', write }), 5);
    assert.match(lines.join('\n'), 'an endpoint or witness (see the file "witnessed") knows 99');
    assert.match(lines.at(-1) ?? '', ADVICE);
  },
);

status.run();
