// The exit codes by which whoever starts the appliance knows whether starting it again is of use.

import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
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

main('says of each file that it cannot use which it is, and leaves with 2', async () => {
  await using site = await openCliSite();
  await site.stopAppliance();
  const folder = join(site.home, 'appliance');
  const { config, tokens, approvers, logKey } = placesIn(folder);
  const whole = await readFile(config, 'utf8');
  for (const { file, text, says } of [
    { file: config, text: '{', says: /it is not JSON/ },
    { file: config, text: whole.replace('{', '{"more":1,'), says: /has "more", which nobody/ },
    { file: config, text: whole.replace('"mdns": false', '"mdns": 7'), says: /"mdns" is/ },
    { file: tokens, text: '{', says: /it is not JSON.*tokens that were not used/ },
    { file: logKey, text: '{', says: /is damaged/ },
  ]) {
    const before = await readFile(file, 'utf8').catch(() => null);
    await writeFile(file, text, { mode: 0o600 });
    const { code, said } = await runToEnd(folder);
    assert.is(code, 2, said);
    assert.ok(said.includes(file), said);
    assert.match(said, says);
    assert.not.ok(said.includes('\\x0a'), said);
    if (file === config) assert.is((await site.run(['log', 'fsck', '--offline'])).code, 2);
    if (before === null) await rm(file);
    else await writeFile(file, before);
  }
  await writeFile(config, whole.replace('"http": null', '"http": {"host":"127.0.0.1","port":0}'));
  await writeFile(approvers, 'garbage');
  const garbled = await runToEnd(folder);
  assert.is(garbled.code, 2, garbled.said);
  assert.ok(garbled.said.includes(approvers));
  await chmod(logKey, 0o644);
  const exposed = await runToEnd(folder);
  assert.is(exposed.code, 2, exposed.said);
  assert.match(exposed.said, 'run chmod 600 on it');
});

main('says what to do about a log that is damaged or lost, and leaves with 5', async () => {
  await using site = await openCliSite();
  await site.stopAppliance();
  const folder = join(site.home, 'appliance');
  const store = join(placesIn(folder).log, 'store');
  const damage = [
    () => writeFile(join(store, 'CURRENT'), ''),
    () => rm(store, { recursive: true }),
    () => rm(placesIn(folder).log, { recursive: true }),
  ];
  for (const harm of damage) {
    await harm();
    const { code, said } = await runToEnd(folder);
    assert.is(code, 5, said);
    assert.match(said, 'put the newest whole copy of it (log/ and second/ together)');
    assert.match(said, 'caisey log fsck --offline');
    const examined = await site.run(['log', 'fsck', '--offline']);
    assert.is(examined.code, 1, examined.err);
    assert.match(examined.err, 'put the newest whole copy of it (log/ and second/ together)');
  }
});

main.run();

/** Runs an appliance that ends by itself. */
async function runToEnd(folder: string): Promise<{ code: number; said: string }> {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const code = await runAppliance({ folder, log: 'text', write });
  return { code, said: lines.join('\n') };
}
