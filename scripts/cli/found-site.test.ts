// `caisey site init`: what is made, for whom, and that nothing is left behind when it fails.

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openSealedKey, type SealedKey } from '#appliance/gate/pin.ts';
import { foundingArguments } from '../testing/cli-site.ts';
import { runCli } from '../testing/cli-terminal.ts';

const PIN = '739152';

const init = suite<{ folder: string; home: string }>('caisey site init');

init.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'caisey-init-'));
  context.home = join(context.folder, 'home');
});
init.after.each(async ({ folder }) => {
  await rm(folder, { recursive: true, force: true });
});

function argumentsIn(home: string, folder: string): string[] {
  const approverKey = join(folder, 'carla.key');
  return [...foundingArguments({ approverKey, port: 4010 }), '--home', home];
}

init('makes keys, log and pins that their owner alone can read', async ({ folder, home }) => {
  const { code, out, err } = await runCli(argumentsIn(home, folder));
  assert.is(code, 0, err);
  assert.match(out, 'msp-root.key');
  assert.match(err, 'Next: caisey appliance run');
  const files = ['site.json', 'trust.json', 'keys/me.key', 'keys/msp-root.key', '../carla.key'];
  for (const file of [...files, 'keys/authority.key', 'appliance/site.json']) {
    assert.is((await stat(join(home, file))).mode & 0o777, 0o600, file);
  }
  for (const dir of ['.', 'keys', 'appliance']) {
    assert.is((await stat(join(home, dir))).mode & 0o777, 0o700, dir);
  }
  const { log, appliance } = JSON.parse(await readFile(join(home, 'site.json'), 'utf8')) as {
    log: string;
    appliance: string;
  };
  assert.match(log, /^caisey\.local\/site\/[0-9a-f]{32}\/1\+/);
  assert.match(appliance, /^ed25519:/);
});

init('never prints a secret', async ({ folder, home }) => {
  const { out, err } = await runCli([...argumentsIn(home, folder), '--format', 'json']);
  for (const file of ['me', 'msp-root', 'authority']) {
    const text = await readFile(join(home, 'keys', `${file}.key`), 'utf8');
    const { secret } = JSON.parse(text) as { secret: string };
    assert.not.match(out + err, secret);
  }
});

init(
  'seals the approver’s key by the PIN of a file, of a pipe, or typed twice',
  async (context) => {
    const { folder } = context;
    const pinFile = join(folder, 'pin');
    await writeFile(pinFile, `${PIN}\n`);
    const ways = [
      { more: ['--pin-file', pinFile], terminal: {} },
      { more: ['--pin-file', '-'], terminal: { input: PIN } },
      { more: [], terminal: { isTTY: true, input: `${PIN}\n${PIN}\n` } },
    ];
    for (const [i, { more, terminal }] of ways.entries()) {
      const home = join(folder, `home-${i}`);
      const approverKey = join(folder, `carla-${i}.key`);
      const base = [...foundingArguments({ approverKey, port: 4010 }), '--home', home];
      const { code, out, err } = await runCli([...base, ...more], terminal);
      assert.is(code, 0, err);
      assert.not.match(out + err, PIN);
      const text = await readFile(join(home, 'appliance', 'approvers.json'), 'utf8');
      const { approvers } = JSON.parse(text) as { approvers: { id: string; sealed: SealedKey }[] };
      assert.is(approvers[0]?.id, 'carla-client');
      const { secret } = JSON.parse(await readFile(approverKey, 'utf8')) as { secret: string };
      const [approver] = approvers;
      assert.ok(approver);
      const seed = await openSealedKey(approver.sealed, PIN);
      assert.is(Buffer.from(seed).toString('base64url'), secret);
    }
  },
);

init('refuses a weak PIN, and two that differ', async ({ folder, home }) => {
  const argv = argumentsIn(home, folder);
  const weak = await runCli([...argv, '--pin-file', '-'], { input: '123456' });
  assert.is(weak.code, 2);
  assert.match(weak.err, 'counts up or down');
  const differ = await runCli(argv, { isTTY: true, input: `${PIN}\n${PIN}1\n` });
  assert.is(differ.code, 2);
  assert.match(differ.err, 'the two differ');
  assert.equal(await readdir(folder), []);
});

init('leaves a home that has a site as it was', async ({ folder, home }) => {
  await runCli(argumentsIn(home, folder));
  const before = await readFile(join(home, 'site.json'), 'utf8');
  const argv = foundingArguments({ approverKey: join(folder, 'other.key'), port: 4010 });
  const { code, err } = await runCli([...argv, '--home', home]);
  assert.is(code, 2);
  assert.match(err, 'is there already');
  assert.is(await readFile(join(home, 'site.json'), 'utf8'), before);
  assert.equal((await readdir(folder)).sort(), ['carla.key', 'home']);
});

init('removes what it made when the site cannot be founded', async ({ folder, home }) => {
  const approverKey = join(folder, 'no-such-folder', 'carla.key');
  const argv = foundingArguments({ approverKey, port: 4010 });
  const { code, err } = await runCli([...argv, '--home', home]);
  assert.is(code, 2);
  assert.match(err, 'no-such-folder');
  assert.equal(await readdir(join(home, 'keys')), []);
  assert.equal(await readdir(home), ['keys']);
});

init('refuses addresses, hosts and zones that are none', async ({ folder, home }) => {
  for (const [more, said] of [
    [['--listen', '0.0.0.0:4010'], 'not like /ip4/'],
    [['--listen', '/ip4/127.0.0.1/tcp/0'], 'not like /ip4/'],
    [['--http', 'localhost'], 'not like 127.0.0.1:8420'],
    [['--console-host', 'no host'], 'not a host name'],
    [['--time-zone', 'Mars/Olympus'], 'unknown'],
    [['--client', 'Corner\u202eBakery'], 'no name'],
  ] as const) {
    const { code, err } = await runCli([...argumentsIn(home, folder), ...more]);
    assert.is(code, 2, more.join(' '));
    assert.match(err, said);
  }
  assert.equal(await readdir(folder), []);
});

init.run();
