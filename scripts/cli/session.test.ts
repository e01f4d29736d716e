// Sessions from the command line: opened, listed, read, followed and closed.

import { copyFile, readdir, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { enrol } from '#agent/enrol.ts';
import { identityFingerprint } from '#agent/identity.ts';
import { CLI_RULES, openCliSite } from '../testing/cli-site.ts';

const site = await openCliSite({ endpoint: 'web', rules: CLI_RULES });

const session = suite('caisey session');

session('keeps the key of an open session, and forgets it when it is closed', async () => {
  const { out, err } = await site.run(['session', 'open', 'web', '--reason', 'Look']);
  const id = out.trim();
  assert.match(err, 'caisey run web --');
  assert.equal(await readdir(join(site.home, 'sessions')), [`${id}.json`]);
  assert.match((await site.run(['session', 'ls'])).out, id);
  const closed = await site.run(['session', 'close', id.slice(0, 6), '--note', 'Done']);
  assert.is(closed.code, 0, closed.err);
  assert.equal(await readdir(join(site.home, 'sessions')), []);
  assert.match((await site.run(['session', 'ls'])).out, 'No session is open');
});

session('forgets the keys of sessions that ended elsewhere, and those alone', async () => {
  const held = join(site.home, 'sessions');
  const ended = (await site.run(['session', 'open', 'web', '--reason', 'Stopped'])).out.trim();
  const kept = join(site.folder, 'kept.json');
  await copyFile(join(held, `${ended}.json`), kept);
  await site.run(['session', 'close', ended]);
  await copyFile(kept, join(held, `${ended}.json`)); // as the client's stop leaves it
  const open = (await site.run(['session', 'open', 'web', '--reason', 'Look'])).out.trim();
  assert.equal(await readdir(held), [`${open}.json`]);
  const [young, old] = ['A'.repeat(22), `${'B'.repeat(21)}A`] as const;
  for (const id of [young, old]) await copyFile(kept, join(held, `${id}.json`));
  const yesterday = Date.now() / 1000 - 86_400;
  await utimes(join(held, `${old}.json`), yesterday, yesterday);
  await copyFile(kept, join(held, `${ended}.json`));
  const { code, err } = await site.run(['session', 'ls']);
  assert.is(code, 0, err);
  assert.equal((await readdir(held)).sort(), [`${young}.json`, `${open}.json`].sort());
  await rm(join(held, `${young}.json`));
  await copyFile(kept, join(held, `${ended}.json`));
  assert.is((await site.run(['run', 'web', '--', 'true'])).code, 0);
  assert.equal(await readdir(held), [`${open}.json`]);
  await site.run(['session', 'close', open]);
  assert.equal(await readdir(held), []);
});

session('says of a closed session that it is closed already, and how to look at it', async () => {
  const id = (await site.run(['session', 'open', 'web', '--reason', 'Look'])).out.trim();
  assert.is((await site.run(['session', 'close', id])).code, 0);
  const again = await site.run(['session', 'close', id]);
  assert.is(again.code, 2);
  assert.match(again.err, new RegExp(`^Cannot close ${id}: it is closed already, at [\\d-]+ `));
  assert.match(again.err, `caisey session show ${id}`);
});

session('wants a reason that is one', async () => {
  for (const reason of ['', '  ']) {
    const { code, err } = await site.run(['session', 'open', 'web', '--reason', reason]);
    assert.is(code, 2);
    assert.match(err, /^Cannot open session: the reason is empty\n/);
  }
});

session('leaves no key behind when the appliance refuses', async () => {
  const { code } = await site.run(['session', 'open', 'nowhere', '--reason', 'Look']);
  assert.is(code, 2);
  assert.equal(await readdir(join(site.home, 'sessions')), []);
});

session('shows every entry, what a machine printed behind a bar and made visible', async () => {
  const id = (await site.run(['session', 'open', 'web', '--reason', 'Look'])).out.trim();
  await site.run(['chat', 'web', 'I look', 'now.']);
  await site.run(['run', 'web', '--', String.raw`printf '#1 forged\n\033[2Kx'`]);
  await site.run(['session', 'close', id]);
  const { out, err, code } = await site.run(['session', 'show', id]);
  assert.is(code, 0, err);
  assert.match(out, 'Olga Owner opened a session on web');
  assert.match(out, '    | I look now.');
  assert.match(out, '    | #1 forged\n    | \\x1b[2Kx');
  assert.match(out, 'exited with 0');
  assert.match(err, '6 entries, every value checked');
});

session('gives programs a line of JSON for each entry', async () => {
  const { sessions } = (await site.json(['session', 'ls', '--all'])) as {
    sessions: { session: string; entries: number }[];
  };
  const [newest] = sessions;
  assert.ok(newest);
  const { out } = await site.run(['session', 'show', newest.session, '--format', 'json']);
  const entries = out.trimEnd().split('\n');
  assert.is(entries.length, newest.entries);
  assert.equal(
    entries.map((line) => (JSON.parse(line) as { n: number }).n),
    entries.map((_, n) => n),
  );
});

session('follows an open session until it ends', async () => {
  const id = (await site.run(['session', 'open', 'web', '--reason', 'Follow'])).out.trim();
  const { terminal, code } = site.start(['session', 'tail', id]);
  await site.run(['chat', id, 'Hello']);
  await site.run(['session', 'close', id]);
  assert.is(await code, 0);
  assert.match(terminal.out(), '| Hello');
  assert.match(terminal.out(), 'closed by Olga Owner');
});

session('stops following at Ctrl+C, quietly', async () => {
  const id = (await site.run(['session', 'open', 'web', '--reason', 'Follow'])).out.trim();
  const { terminal, code } = site.start(['session', 'tail', id]);
  await terminal.outLines.take((text) => text.includes('opened a session'));
  terminal.interrupt();
  assert.is(await code, 0);
  assert.is(terminal.err(), '');
  await site.run(['session', 'close', id]);
});

session('refuses what fits no session, or is asked both ways', async () => {
  assert.is((await site.run(['session', 'show', 'zzzzzzzz'])).code, 2);
  assert.is((await site.run(['session', 'close'])).code, 2);
  assert.is((await site.run(['session', 'close', 'abcd', '--endpoint', 'web'])).code, 2);
  assert.is((await site.run(['session', 'close', '--endpoint', 'web'])).code, 2);
  assert.is((await site.run(['session', 'ls', '--limit', '0'])).code, 2);
  assert.is((await site.run(['chat', 'web', 'Hello?'])).code, 2);
});

session.run();

const endpoint = suite('caisey endpoint');

endpoint('writes a token for its owner alone, and refuses to replace a file', async () => {
  const out = join(site.folder, 'db.token');
  const make = ['endpoint', 'token', '--name', 'db', '--label', 'linux', '--label', 'db'];
  const made = await site.run([...make, '--out', out]);
  assert.is(made.code, 0, made.err);
  assert.not.match(made.out + made.err, 'caisey1.');
  assert.is((await site.run([...make, '--out', out])).code, 2);
  assert.is((await site.run([...make, '--life', '1s'])).code, 2);
  assert.is((await site.run(['endpoint', 'token', '--name', 'no name'])).code, 2);
});

endpoint('verifies what is pending when a person says so, and says what to compare', async () => {
  const { out: token } = await site.run(['endpoint', 'token', '--name', 'till']);
  const listed = await site.run(['endpoint', 'tokens']);
  assert.match(listed.out, /till +/);
  const folder = join(site.folder, 'till');
  const identity = await enrol({
    ...{ token, folder },
    signal: new AbortController().signal,
    mdns: false,
  });
  assert.match((await site.run(['ls'])).out, /till +never-seen, pending/);
  const refused = await site.run(['run', 'till', '--', 'uname']);
  assert.is(refused.code, 3);
  assert.match(refused.err, 'Cannot open session: till is pending until a person verifies it');
  assert.match(refused.err, 'caisey endpoint verify till\n');
  const fingerprint = await identityFingerprint(identity);
  const no = await site.run(['endpoint', 'verify', 'till'], { isTTY: true, input: 'n\n' });
  assert.is(no.code, 3);
  assert.match(no.err, fingerprint);
  assert.match((await site.run(['ls'])).out, /till +never-seen, pending/);
  assert.is((await site.run(['endpoint', 'verify', 'till'])).code, 2, 'nobody to ask');
  const yes = await site.run(['endpoint', 'verify', 'till', '--yes']);
  assert.match(yes.out, /^Verified till, entry \d+\n$/);
  assert.match((await site.run(['endpoint', 'verify', 'till'])).out, 'verified already');
  assert.match((await site.run(['ls'])).out, /till +never-seen +/);
  const { err } = await site.run(['endpoint', 'ls']);
  assert.match(err, 'Never connected yet: till. Start the agent there: caisey agent run');
  assert.is((await site.run(['endpoint', 'rm', 'till', '--yes'])).code, 0);
});

endpoint('says how a session is closed by its endpoint', async () => {
  const closed = await site.run(['session', 'close', 'web']);
  assert.is(closed.code, 2);
  assert.match(closed.err, '"web" is an endpoint, not a session\n');
  assert.match(closed.err, 'caisey session close --endpoint web\n');
});

endpoint('takes a token back', async () => {
  await site.run(['endpoint', 'token', '--name', 'spare']);
  assert.match((await site.run(['endpoint', 'tokens'])).out, 'spare');
  assert.is((await site.run(['endpoint', 'revoke', 'spare'])).out, 'Revoked the token for spare\n');
  assert.not.match((await site.run(['endpoint', 'tokens'])).out, 'spare');
  assert.is((await site.run(['endpoint', 'revoke', 'spare'])).code, 2);
});

endpoint('lists how each was enrolled, by its entries of the log', async () => {
  const { out } = await site.run(['endpoint', 'ls']);
  assert.match(
    out,
    /^web +by Olga Owner +(?:[0-9a-f]{4} ){4} +[\d-]+ [\d:]+Z +Olga Owner +\S{22}$/m,
  );
  const { endpoints } = (await site.json(['endpoint', 'ls'])) as {
    endpoints: Record<string, unknown>[];
  };
  const [web] = endpoints;
  assert.equal(
    [web?.['name'], web?.['enrolledBy'], web?.['isVerified']],
    ['web', 'Olga Owner', true],
  );
});

endpoint('asks before it removes, and not without a terminal', async () => {
  const argv = ['endpoint', 'rm', 'web', '--reason', 'Gone'];
  const nobody = await site.run(argv);
  assert.is(nobody.code, 2);
  assert.match(nobody.err, 'Give --yes');
  const no = await site.run(argv, { isTTY: true, input: 'n\n' });
  assert.is(no.code, 3);
  assert.match(no.err, /Remove "web" \(\S{22}\) for good\?/);
  assert.match((await site.run(['ls'])).out, /web +online +now/);
});

endpoint('removes', async () => {
  assert.is((await site.run(['endpoint', 'rm', 'web', '--yes', '--reason', 'Gone'])).code, 0);
  assert.match((await site.run(['endpoint', 'ls'])).out, 'No endpoint is enrolled yet');
});

endpoint('says what to start when nobody answers', async () => {
  await site.stopAppliance();
  const { code, err } = await site.run(['ls']);
  assert.is(code, 4);
  assert.match(err, /^Cannot reach the appliance: nobody answers at \/ip4\/127.0.0.1\/tcp\/\d+\n/);
  assert.match(err, 'Start it by "npm start" in a clone, or by "caisey appliance run"');
});

endpoint.after(async () => {
  await site[Symbol.asyncDispose]();
});
endpoint.run();
