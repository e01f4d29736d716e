// `caisey site status`, and what is said of a site whose log an endpoint caught behind itself.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type ApplianceEvent, openAppliance } from '#appliance/appliance.ts';
import { loadConfig, loadKeyFile, placesIn } from '#appliance/config.ts';
import { runAppliance } from '#appliance/main.ts';
import { type SiteKeys, siteFingerprints } from '#crypto/site-fingerprints.ts';
import { record } from '#appliance/work/record.ts';
import { signCheckpoint } from '#crypto/checkpoint.ts';
import { sha256 } from '#crypto/hash.ts';
import { createInbox } from '../testing/agent-appliance.ts';
import { openCliSite } from '../testing/cli-site.ts';
import type { ShownAlert } from './log-ls.ts';

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

status(
  'shows the newest alerts, "log ls" all of them, and the appliance each as it comes',
  async () => {
    await using site = await openCliSite();
    assert.match((await site.run(['site', 'status'])).out, /^alerts +none$/m);
    await site.stopAppliance();
    const events = createInbox<ApplianceEvent>();
    await using appliance = await openAppliance({
      folder: join(site.home, 'appliance'),
      software: 'caisey/test',
      onEvent: (event) => {
        events.put(event);
      },
    });
    const detail = 'Wrong PIN for Carla\x1b[2J';
    for (let i = 0; i < 7; i++) {
      await record(appliance.desk.site.ledger, {
        kind: 'alert.raised',
        fields: {
          code: 'wrong-pin',
          severity: 'warning',
          subject: 'carla',
          detail: `${detail} ${i}`,
        },
      });
    }
    const { level, what } = await events.take(({ what: said }) => said.includes('ALERT'));
    assert.is(level, 'warning');
    assert.ok(what.startsWith(`ALERT (wrong-pin) ${detail} 0; on record as entry `), what);
    await events.take(({ what: said }) => said.includes(`${detail} 6`));

    const { alerts } = (await site.json(['site', 'status'])) as { alerts: ShownAlert[] };
    assert.equal(
      alerts.map(({ code, severity, subject, detail: said }) => [code, severity, subject, said]),
      [6, 5, 4, 3, 2].map((i) => ['wrong-pin', 'warning', 'carla', `${detail} ${i}`]),
    );
    const { out } = await site.run(['site', 'status']);
    assert.match(out, /alerts +(?:now|.* ago): Wrong PIN for Carla/);
    assert.match(out, 'more: caisey log ls');
    assert.not.ok(out.includes('\x1b'));

    const listed = await site.run(['log', 'ls']);
    assert.is(listed.out.match(/Wrong PIN/g)?.length, 7, listed.out);
    assert.not.ok(listed.out.includes('\x1b'));
    const two = (await site.json(['log', 'ls', '--kind', 'alert.raised', '--limit', '2'])) as {
      kind: string;
    }[];
    assert.equal(
      two.map(({ kind }) => kind),
      ['alert.raised', 'alert.raised'],
    );
    assert.match((await site.run(['log', 'ls', '--kind', 'site.claimed'])).out, 'Corner Bakery');
    for (const wrong of [
      ['--kind', 'command.output'],
      ['--limit', '0'],
    ]) {
      assert.is((await site.run(['log', 'ls', ...wrong])).code, 2);
    }
  },
);

status.run();
