// What the console may know of a site: said by an approver's key alone.

import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openCliSite } from '../testing/cli-site.ts';

const level = suite('caisey site level');

level("is set by an approver's key, and by no other", async () => {
  await using site = await openCliSite();
  assert.match((await site.run(['site', 'level'])).out, 'No approver has said');
  const set = (word: string, ...more: string[]) =>
    site.run(['site', 'level', 'set', word, ...more]);
  const owner = await set('sealed');
  assert.is(owner.code, 3);
  assert.match(owner.err, 'approver');
  assert.is((await set('everything', '--key', site.approverKey)).code, 2);
  const told = await set('sealed', '--key', site.approverKey);
  assert.is(told.code, 0, told.err);
  assert.match(told.out, 'It counts from now: sealed.');
  assert.equal(await site.json(['site', 'level', 'show']), { level: 'sealed', version: 1 });
  assert.is((await set('open', '--key', site.approverKey)).code, 0);
  assert.equal(await site.json(['site', 'level', 'show']), { level: 'open', version: 2 });
  assert.match((await site.run(['site', 'level'])).out, 'Commands, too');
});

level('counts on when the approver who said it is taken out, until another one says', async () => {
  await using site = await openCliSite();
  const dave = join(site.folder, 'dave.key');
  const { out: publicKey } = await site.run(['key', 'create', dave, '--name', 'Dave Deputy']);
  const add = ['site', 'approvers', 'add', '--name', 'Dave Deputy', '--public-key'];
  await site.json([...add, publicKey.trim()]);
  await site.json(['site', 'level', 'set', 'open', '--key', dave]);
  await site.json(['site', 'approvers', 'rm', 'dave-deputy']);
  assert.equal(await site.json(['site', 'level', 'show']), { level: 'open', version: 1 });
  await site.json(['site', 'level', 'set', 'sealed', '--key', site.approverKey]);
  assert.equal(await site.json(['site', 'level', 'show']), { level: 'sealed', version: 2 });
});

level.run();
