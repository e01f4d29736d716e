// People, approvers and policy of a site: what is signed by whom, and what that changes.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openCliSite } from '../testing/cli-site.ts';

const site = await openCliSite();
const terry = join(site.folder, 'terry.key');
const { out } = await site.run(['key', 'create', terry, '--name', 'Terry Technician']);
const publicKey = out.trim();

const people = suite('caisey site people');

people('lets in whom the MSP root signed, and nobody else', async () => {
  const before = await site.run(['ls', '--key', terry]);
  assert.is(before.code, 4);
  assert.match(before.err, 'roster');
  const added = await site.json([
    ...['site', 'people', 'add', '--name', 'Terry Technician', '--public-key', publicKey],
  ]);
  assert.equal(added, { type: 'roster', version: 2 });
  assert.is((await site.run(['ls', '--key', terry])).code, 0);
  assert.match((await site.run(['site', 'people'])).out, 'terry-technician');
});

people('refuses the same id or key twice, and a key that is none', async () => {
  const add = ['site', 'people', 'add', '--name', 'Other', '--public-key'];
  assert.is((await site.run([...add, publicKey])).code, 2);
  assert.is((await site.run([...add, 'ed25519:AAAA'])).code, 2);
});

people('signs by the root key alone', async () => {
  const { key } = (await site.json(['key', 'show'])) as { key: string };
  const { code, err } = await site.run([
    ...['site', 'people', 'add', '--name', 'X', '--public-key', key],
    ...['--id', 'x', '--root-key', join(site.home, 'keys', 'authority.key')],
  ]);
  assert.is(code, 2);
  assert.match(err, /same id or key|another key/);
  const removed = await site.run([
    ...['site', 'people', 'rm', 'terry-technician', '--root-key', terry],
  ]);
  assert.is(removed.code, 2);
  assert.match(removed.err, 'another key');
});

people('lets nobody in any more who was removed', async () => {
  assert.is((await site.run(['site', 'people', 'rm', 'terry-technician'])).code, 0);
  assert.is((await site.run(['ls', '--key', terry])).code, 4);
  assert.is((await site.run(['site', 'people', 'rm', 'terry-technician'])).code, 2);
});

people.run();

const approvers = suite('caisey site approvers');

approvers('adds and removes whom the client’s authority signs', async () => {
  const add = ['site', 'approvers', 'add', '--name', 'Carl Client', '--public-key', publicKey];
  assert.equal(await site.json(add), { type: 'authority', version: 2 });
  assert.is((await site.run(['request', 'ls', '--key', terry])).code, 0);
  assert.is((await site.run(['endpoint', 'token', '--name', 'x', '--key', terry])).code, 3);
  assert.is((await site.run(['site', 'approvers', 'rm', 'carl-client'])).code, 0);
  assert.is((await site.run(['request', 'ls', '--key', terry])).code, 4);
});

approvers.run();

const policy = suite('caisey site policy');

policy('shows rules that can be edited and set', async () => {
  const path = join(site.folder, 'policy.json');
  const shown = await site.run(['site', 'policy', 'show', '--format', 'json']);
  const rules = JSON.parse(shown.out) as { rules: { id: string }[] };
  assert.ok(rules.rules.some(({ id }) => id === 'reading'));
  await writeFile(path, shown.out.replace('"reading"', '"look"'));
  assert.equal(await site.json(['site', 'policy', 'set', path]), { type: 'policy', version: 2 });
  const { out: words } = await site.run(['site', 'policy']);
  assert.match(words, '(look)');
  assert.match(words, /^Runs at once:$/m);
  assert.not.match(words, '{');
});

policy('sets a preset in the time zone in force', async () => {
  assert.is((await site.run(['site', 'policy', 'set', 'after-hours'])).code, 0);
  const { time_zone: zone } = (await site.json(['site', 'policy'])) as { time_zone: string };
  assert.is(zone, 'UTC');
});

policy('refuses a file that is no policy, naming what is wrong', async () => {
  const path = join(site.folder, 'bad.json');
  await writeFile(path, '{"time_zone":"UTC","rules":[{"id":"x","effect":"maybe"}]}');
  const { code, err } = await site.run(['site', 'policy', 'set', path]);
  assert.not.match(err, /\\x0a|✖/, 'one line, in our words');
  assert.is(code, 2);
  assert.match(err, 'effect');
  assert.is((await site.run(['site', 'policy', 'set', join(site.folder, 'none')])).code, 2);
});

policy.run();

const key = suite('caisey key');

key('prints the public half and never the secret', async () => {
  const { secret } = JSON.parse(await readFile(terry, 'utf8')) as { secret: string };
  const shown = await site.run(['key', 'show', terry]);
  assert.is(shown.out.trim(), publicKey);
  assert.not.match(shown.out + shown.err, secret);
});

key('never replaces a key', async () => {
  const before = await readFile(terry, 'utf8');
  assert.is((await site.run(['key', 'create', terry, '--name', 'Again'])).code, 2);
  assert.is(await readFile(terry, 'utf8'), before);
});

key.after(async () => {
  await site[Symbol.asyncDispose]();
});
key.run();
