// Evidence and log, taken out by the command line and verified by it: what holds, and what was tampered with.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64 } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { CLI_RULES, foundingArguments, openCliSite } from '../testing/cli-site.ts';
import { runCli } from '../testing/cli-terminal.ts';
import { Received } from './log-export.ts';

const site = await openCliSite({ endpoint: 'web', rules: CLI_RULES });
const evidence = join(site.folder, 'look.evidence.json');
const trust = join(site.home, 'trust.json');
await site.run(['run', 'web', '--reason', 'Look', '--', 'echo', 'payroll']);
const { sessions } = (await site.json(['session', 'ls', '--all'])) as {
  sessions: [{ session: string }];
};
const [{ session }] = sessions;

const records = suite('caisey records export');

records('writes evidence that it has verified, for its owner alone', async () => {
  const { code, out, err } = await site.run(['records', 'export', session, '--out', evidence]);
  assert.is(code, 0, err);
  assert.is(out.trim(), evidence);
  assert.match(err, `Verified by ${join(site.home, 'trust.json')}`);
  assert.is((await site.run(['records', 'export', session, '--out', evidence])).code, 2);
});

records('writes nothing when the evidence does not hold by the trust file', async () => {
  const out = join(site.folder, 'none.evidence.json');
  const other = join(site.folder, 'other.trust.json');
  const text = await readFile(trust, 'utf8');
  const { key } = (await site.json(['key', 'show'])) as { key: string };
  await writeFile(other, text.replace(/"msp_root": "[^"]+"/, `"msp_root": "${key}"`));
  const ran = await site.run(['records', 'export', session, '--out', out, '--trust', other]);
  assert.is(ran.code, 1);
  assert.match(ran.err, 'Nothing was written');
  assert.not.ok((await readdir(site.folder)).includes('none.evidence.json'));
});

records('refuses a session that is open', async () => {
  const id = (await site.run(['session', 'open', 'web', '--reason', 'Open'])).out.trim();
  const { code, err } = await site.run(['records', 'export', id]);
  assert.is(code, 2);
  assert.match(err, `Cannot export: session ${id} is open still\n`);
  assert.match(err, `caisey session close ${id}`);
  await site.run(['session', 'close', id]);
});

records.run();

const verify = suite('caisey verify');

verify('names every check, what is withheld and what is not proved', async () => {
  const { code, out } = await runCli(['verify', evidence, '--trust', trust]);
  assert.is(code, 0);
  assert.match(out, /^VERIFIED\n/);
  for (const word of ['✔ log-signature', '– attestation', 'Withheld: nothing', 'Not proved:']) {
    assert.match(out, word);
  }
  assert.match(out, /^from {8}\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/m);
  assert.match(out, /^to {10}\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/m);
});

verify('takes the trust of the home, and none when there is none', async () => {
  const { code: verified, out } = await site.run(['verify', evidence]);
  assert.is(verified, 0);
  assert.match(
    out,
    `\nTrust: ${join(site.home, 'trust.json')}, of your home; --trust names another\n`,
  );
  const { code, err } = await runCli(['verify', evidence, '--home', join(site.folder, 'nobody')]);
  assert.is(code, 2);
  assert.match(err, 'Give --trust FILE');
});

verify('fails for a changed word, and names the check and the entry', async () => {
  const forged = join(site.folder, 'forged.evidence.json');
  const text = await readFile(evidence, 'utf8');
  assert.ok(text.includes('payroll'));
  await writeFile(forged, text.replace('payroll', 'nothing'));
  const { code, out } = await runCli(['verify', forged, '--trust', trust]);
  assert.is(code, 1);
  assert.match(out, /^FAILED: values-bound; first broken at entry \d+\n {2}\S/);
  assert.is(out.split('✘').length, 2, 'one check failed');
  assert.match(out, '✘ values-bound');
  assert.match(out, /\? commands-authorised +not checked: It depends on "values-bound"/);
  assert.match(out, 'What the file claims, without proof:');
  assert.not.match(out, 'order of entries is proved');
  const asJson = await runCli(['verify', forged, '--trust', trust, '--format', 'json']);
  const report = JSON.parse(asJson.out) as { verdict: string; firstBroken: number };
  assert.is(asJson.code, 1);
  assert.is(report.verdict, 'failed');
  assert.type(report.firstBroken, 'number');
});

verify('says plainly that the trust file is of another site', async () => {
  const home = join(site.folder, 'elsewhere');
  const founding = foundingArguments({ approverKey: join(site.folder, 'other.key'), port: 4010 });
  assert.is((await runCli([...founding, '--home', home])).code, 0);
  const other = join(home, 'trust.json');
  const { code, out } = await runCli(['verify', evidence, '--trust', other]);
  assert.is(code, 1);
  assert.match(
    out,
    /^FAILED: log-signature\n {2}This evidence is of another site than the trust file/,
  );
  assert.not.match(out, /^(?:client|commands) |^\w+ +-$/m, 'nothing of it was opened');
});

verify('answers 2 for files that are no evidence, no trust, or not there', async () => {
  const empty = join(site.folder, 'empty.json');
  await writeFile(empty, '{}');
  for (const argv of [
    ['verify', empty, '--trust', trust],
    ['verify', evidence, '--trust', empty],
    ['verify', join(site.folder, 'none.json'), '--trust', trust],
    ['verify', evidence, '--trust', join(site.folder, 'none.json')],
    ['verify', site.folder, '--trust', trust],
  ]) {
    const { code, err } = await runCli(argv);
    assert.is(code, 2, argv.join(' '));
    assert.match(err, /\S/);
  }
});

verify('writes the transcript beside the verdict', async () => {
  const path = join(site.folder, 'look.txt');
  const { code } = await runCli(['verify', evidence, '--trust', trust, '--transcript', path]);
  assert.is(code, 0);
  assert.match(await readFile(path, 'utf8'), '| payroll');
});

verify.run();

const log = suite('caisey log');

log('examines and exports through the appliance', async () => {
  const fsck = (await site.json(['log', 'fsck'])) as { sound: boolean; size: number };
  assert.is(fsck.sound, true);
  const folder = join(site.folder, 'log');
  const ran = await site.run(['log', 'export', folder]);
  assert.is(ran.code, 0, ran.err);
  assert.equal((await readdir(folder)).sort(), ['checkpoint', 'tile', 'vkey']);
  assert.is((await site.run(['log', 'export', folder])).code, 2);
  const nowhere = join(site.folder, 'nowhere', 'log');
  const lost = await site.run(['log', 'export', nowhere]);
  assert.is(lost.code, 2);
  assert.match(lost.err, `Cannot export to "${nowhere}": there is no such file or folder\n`);
  const second = join(site.folder, 'second');
  await mkdir(`${second}.part`);
  const cut = await site.run(['log', 'export', second]);
  assert.is(cut.code, 2);
  assert.match(cut.err, `Cannot export to "${second}": "${second}.part" is in the way\n`);
});

log('reads the folder when no appliance runs, and says what is damaged', async () => {
  await site.stopAppliance();
  const { code, err } = await site.run(['log', 'fsck']);
  assert.is(code, 0, err);
  assert.match(err, 'No appliance runs');
  const folder = join(site.folder, 'offline-log');
  assert.is((await site.run(['log', 'export', folder])).code, 0);
  const checkpoint = join(site.home, 'appliance', 'second', 'checkpoint');
  const note = await readFile(checkpoint, 'utf8');
  await writeFile(checkpoint, note.replace(/\n\d+\n/, '\n999999\n'));
  const broken = await site.run(['log', 'fsck', '--offline']);
  assert.is(broken.code, 1);
  assert.match(broken.out, 'The log is damaged');
});

log('says that there is no way to an appliance that is not here', async () => {
  const home = join(site.folder, 'technician');
  await mkdir(join(home, 'keys'), { recursive: true, mode: 0o700 });
  for (const file of ['site.json', 'keys/me.key']) {
    await writeFile(join(home, file), await readFile(join(site.home, file)), { mode: 0o600 });
  }
  const { code, err } = await runCli(['log', 'fsck', '--home', home]);
  assert.is(code, 4);
  assert.match(err, 'Cannot reach the appliance');
});

log.run();

const received = suite('Received');

received('takes no path but those of a log', () => {
  for (const path of [
    ...['../checkpoint', '/etc/passwd', 'tile/../../x', 'tile/0/000/../x', 'tile/entries/../x'],
    ...['checkpoint/x', 'tile/0/0', 'tile/99/000', 'vkey.txt', '', '.'],
  ]) {
    assert.throws(() => new Received().take(path, new Uint8Array(0)), undefined, path);
  }
});

received(
  'refuses a log of another key, and one whose entries do not hash to its root',
  async () => {
    const folder = join(site.folder, 'log');
    const pinned = (await readFile(join(folder, 'vkey'), 'utf8')).trim();
    const other = new Received();
    other.take('vkey', encodeUtf8('other+00000000+AAAA\n'));
    other.take('checkpoint', new Uint8Array(await readFile(join(folder, 'checkpoint'))));
    await rejects(other.check(pinned));
    const short = new Received();
    short.take('vkey', encodeUtf8(`${pinned}\n`));
    short.take('checkpoint', new Uint8Array(await readFile(join(folder, 'checkpoint'))));
    await rejects(short.check(pinned));
    const outOfOrder = encodeBase64(new Uint8Array(3));
    assert.throws(() => new Received().take('tile/entries/001.p/1', encodeUtf8(outOfOrder)));
  },
);

async function rejects(promise: Promise<unknown>): Promise<void> {
  await promise.then(
    () => {
      throw new Error('it was accepted');
    },
    (error: unknown) => {
      assert.match((error as Error).message, 'Cannot export');
    },
  );
}

received.after(async () => {
  await site[Symbol.asyncDispose]();
});
received.run();
