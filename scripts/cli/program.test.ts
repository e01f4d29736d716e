// The command line as a whole: help, wrong use, formats, and the exit codes that it promises.

import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createTerminal, runCli } from '../testing/cli-terminal.ts';
import { runCaisey } from './program.ts';

const VERBS = [
  ...['ls', 'run', 'chat', 'verify'],
  ...['session open', 'session close', 'session ls', 'session show', 'session tail'],
  ...['request ls', 'request show', 'request approve', 'request deny', 'request withdraw'],
  ...['request remind'],
  ...['records export', 'site init', 'site status', 'site people ls', 'site people add'],
  ...['site people rm', 'site approvers ls', 'site approvers add', 'site approvers rm'],
  ...['site level show', 'site level set', 'site policy show', 'site policy set'],
  ...['endpoint token', 'endpoint ls', 'endpoint rm'],
  ...['key create', 'key show', 'appliance run', 'agent enrol', 'agent run'],
  ...['log fsck', 'log export'],
];

const folder = await mkdtemp(join(tmpdir(), 'caisey-program-'));
const home = join(folder, 'home');

const program = suite('runCaisey()');

for (const verb of VERBS) {
  program(`has help with an example for ${verb}`, async () => {
    const { code, out, err } = await runCli([...verb.split(' '), '--help']);
    assert.is(code, 0);
    assert.match(out, `Usage: caisey ${verb}`);
    assert.match(out, /Examples?:\n {2}\$ caisey /);
    assert.is(err, '');
  });
}

program('documents its exit codes, and answers 0 for help and version', async () => {
  const help = await runCli(['--help']);
  assert.is(help.code, 0);
  assert.match(help.out, '3  refused, denied or stopped');
  assert.match((await runCli(['--version'])).out, /^\d+\.\d+\.\d+\n$/);
  assert.is((await runCli(['help', 'run'])).code, 0);
});

program('wraps its description as wide as the terminal, and names every first step', async () => {
  const { out } = await runCli(['--help']);
  const [, said = ''] = /\n\n(Repair machines [\s\S]*?)\n\n/.exec(out) ?? [];
  const [first = '', second = ''] = said.split('\n');
  assert.match(said.replace('\n', ' '), 'leave a record that anybody can verify.');
  assert.ok(`${first} ${second.split(' ')[0] ?? ''}`.length > 100, 'broken where it is full');
  const steps = [...out.matchAll(/^ {2}\$ caisey (\w+(?: [a-z]+)?)/gm)].map(([, verb]) => verb);
  assert.equal(steps, [
    ...['site init', 'appliance run', 'endpoint token', 'agent enrol', 'agent run'],
    ...['endpoint verify', 'run web'],
  ]);
});

program('names the options of every verb in the help of each', async () => {
  for (const verb of ['session open', 'run', 'request']) {
    const { out } = await runCli([...verb.split(' '), '--help']);
    for (const option of ['--home <dir>', '--key <file>', '--format <format>']) {
      assert.match(out, option);
    }
  }
});

program('shows usage and verbs when no verb is named', async () => {
  const { code, out, err } = await runCli([]);
  assert.is(code, 2);
  assert.is(out, '');
  assert.match(err, 'Usage: caisey [options] [command]');
  assert.match(err, 'run a command on an endpoint, on record');
});

program('names the verb that was meant, also when help is wanted', async () => {
  for (const argv of [
    ['help', 'sesion'],
    ['sesion', '--help'],
    ['--format', 'json', 'sesion'],
  ]) {
    const { code, out, err } = await runCli(argv);
    assert.is(code, 2, argv.join(' '));
    assert.is(out, '');
    assert.match(err, 'no verb');
    assert.match(err, 'Did you mean session? There are: ls, run,');
  }
  const nested = await runCli(['session', 'opn', '--help']);
  assert.match(nested.err, 'Did you mean session open? There are: open, close, ls, show, tail.');
  assert.match((await runCli(['enroll', '--help'])).err, 'Did you mean agent enrol?');
  assert.match((await runCli(['help', 'session', 'open'])).out, 'Usage: caisey session open');
  const usage = 'Usage: caisey session open';
  assert.match((await runCli(['--home', home, 'help', 'session', 'open'])).out, usage);
  assert.match((await runCli(['--format', 'table', 'help', 'session', 'open'])).out, usage);
  assert.match((await runCli(['--format=json', 'help'])).out, 'Usage: caisey [options] [command]');
});

program('writes usage and examples as they are typed', async () => {
  const { out } = await runCli(['session', 'open', '--help'], { program: 'npm run -s caisey --' });
  assert.match(out, 'Usage: npm run -s caisey -- session open [options]');
  assert.match(out, '$ npm run -s caisey -- session open web');
  assert.not.match(out, / caisey session/);
});

program('answers 2 for wrong use, and says what was meant', async () => {
  const wrong = await runCli(['sesion', 'ls']);
  assert.is(wrong.code, 2);
  assert.match(wrong.err, 'Did you mean session?');
  for (const argv of [
    [],
    ['session'],
    ['run'],
    ['ls', '--nonsense'],
    ['ls', '--format', 'xml'],
    ['session', 'open', 'web'],
    ['run', 'web', '-x', 'true'],
  ]) {
    const { code, out, err } = await runCli(argv);
    assert.is(code, 2, argv.join(' '));
    assert.is(out, '');
    assert.match(err, /\S/);
  }
  assert.match((await runCli(['session', 'open', 'web'])).err, 'See "caisey help session open".');
});

program('says plainly that a verb takes no argument', async () => {
  const { code, err } = await runCli(['request', 'ls', 'nosuch']);
  assert.is(code, 2);
  assert.match(err, /^Cannot run: "ls" takes no argument, and got nosuch\nIt lists all/);
});

program('says in two lines what went wrong and what to do', async () => {
  const { code, err } = await runCli(['ls', '--home', home]);
  assert.is(code, 2);
  const [what = '', todo = '', ...rest] = err.split('\n');
  assert.match(what, 'Cannot find a site in');
  assert.match(todo, 'caisey site init');
  assert.equal(rest, ['']);
});

program('says errors to programs as JSON', async () => {
  const { err } = await runCli(['ls', '--home', home, '--format', 'json']);
  const { error } = JSON.parse(err) as { error: { code: string; hint: string } };
  assert.is(error.code, 'no-site');
  assert.match(error.hint, 'site init');
});

program('says wrong use to programs as JSON, wherever the format stands', async () => {
  for (const argv of [
    ['--format', 'json', 'lss'],
    ['lss', '--format', 'json'],
    ['lss', '--format=json'],
    ['ls', '--nonsense', '--format', 'json'],
    ['--format', 'json', 'session'],
    ['--format', 'json'],
    ['--format', 'json', 'request', 'ls', 'nosuch'],
  ]) {
    const { code, out, err } = await runCli(argv);
    assert.is(code, 2, argv.join(' '));
    assert.is(out, '');
    const { error } = JSON.parse(err) as { error: { code: string; message: string } };
    assert.is(error.code, 'usage', argv.join(' '));
    assert.match(error.message, /^Cannot run: /);
  }
  const { err } = await runCli(['--format', 'json', 'session']);
  assert.match(err, 'a verb is missing. There are: open, close, ls, show, tail');
  assert.match((await runCli(['lss', '--', '--format', 'json'])).err, /^Cannot run: no verb "lss"/);
});

program('makes hostile text in errors visible', async () => {
  const { err } = await runCli(['ls', '--home', `${home}\x1b[2J\u202e`]);
  assert.match(err, '\\x1b[2J\\u{202e}');
});

program('paints on a terminal alone, and never when NO_COLOR is set', async () => {
  const argv = ['ls', '--home', home];
  assert.match((await runCli(argv, { isTTY: true })).err, '\x1b[31m');
  assert.not.match((await runCli(argv, { isTTY: true, env: { NO_COLOR: '1' } })).err, '\x1b');
  assert.not.match((await runCli(argv)).err, '\x1b');
});

program('takes home and key from the environment, options before them', async () => {
  const env = { CAISEY_HOME: join(folder, 'by-env'), CAISEY_KEY: join(folder, 'env.key') };
  assert.match((await runCli(['ls'], { env })).err, 'by-env');
  assert.match((await runCli(['ls', '--home', home], { env })).err, home);
  assert.match((await runCli(['key', 'show'], { env })).err, 'env.key');
  const named = await runCli(['key', 'show', '--key', join(folder, 'named.key')], { env });
  assert.match(named.err, 'named.key');
});

program('refuses a key that others can read, and says how to mend it', async () => {
  const key = join(folder, 'exposed.key');
  await runCli(['key', 'create', key, '--name', 'Terry']);
  assert.is((await runCli(['key', 'show', key])).code, 0);
  await chmod(key, 0o644);
  const refused = await runCli(['key', 'show', key]);
  assert.is(refused.code, 2);
  assert.match(refused.err, `chmod 600 '${key}'`);
});

program('refuses what is no key, and gives no advice on how to keep it', async () => {
  for (const mode of [0o600, 0o644]) {
    const other = join(folder, `other-${mode}.key`);
    await writeFile(other, '{"secret":"hunter2"}', { mode });
    const none = await runCli(['key', 'show', other]);
    assert.is(none.code, 2);
    assert.match(none.err, `Cannot use "${other}" as a key: not of this form`);
    assert.match(none.err, 'Make one by "caisey key create"');
    assert.not.match(none.err, /chmod|hunter2/);
  }
});

program('refuses pins that others can change', async () => {
  const exposed = join(folder, 'open-home');
  await runCli(['key', 'create', '--name', 'Terry', '--home', exposed]);
  await writeFile(join(exposed, 'site.json'), '{}', { mode: 0o666 });
  await chmod(join(exposed, 'site.json'), 0o666);
  const { code, err } = await runCli(['ls', '--home', exposed]);
  assert.is(code, 2);
  assert.match(err, 'others can change it');
});

program('ends quietly when nobody reads', async () => {
  const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  const key = join(folder, 'pipe.key');
  await runCli(['key', 'create', key, '--name', 'Terry']);
  const { code, err } = await runCli(['key', 'show', key], { stdoutFails: gone });
  assert.is(code, 141);
  assert.is(err, '');
});

program('says the exit codes of the programs that it starts', async () => {
  const appliance = await runCli(['appliance', 'run', '--dir', join(folder, 'none')]);
  assert.is(appliance.code, 2);
  assert.match(appliance.err, 'Cannot find an appliance in');
  const agent = await runCli(['agent', 'run', '--dir', join(folder, 'none')]);
  assert.is(agent.code, 2);
  assert.match(agent.err, 'not enrolled');
  const token = join(folder, 'token');
  await writeFile(token, 'caisey1.AAAA');
  const enrol = await runCli(['agent', 'enrol', '--dir', folder, '--token-file', token]);
  assert.is.not(enrol.code, 0);
  assert.not.match(enrol.err, 'caisey1.AAAA');
});

program('ends with 5 when it is interrupted', async () => {
  const terminal = createTerminal({ env: { CAISEY_HOME: home }, isTTY: true });
  const asking = Promise.withResolvers<string>();
  const waiting = { ...terminal, stdin: { ...terminal.stdin, readLine: () => asking.promise } };
  const code = runCaisey(
    [
      ...['site', 'init', '--client', 'C', '--site', 'S', '--msp', 'M', '--owner', 'O'],
      ...['--approver', 'A', '--time-zone', 'UTC'],
    ],
    waiting,
  );
  await terminal.errLines.take((text) => text.includes('PIN'));
  terminal.interrupt();
  assert.is(await code, 5);
  asking.resolve('');
});

program('loads no libp2p before a verb wants it, nor for verify', async () => {
  const root = join(import.meta.dirname, '../..');
  for (const entry of ['scripts/caisey.ts', 'scripts/cli/verify-file.ts']) {
    const loaded = new Set<string>();
    await load(join(root, entry), { root, loaded });
    const network = [...loaded].filter((name) => /libp2p|chainsafe|multiformats/.test(name));
    assert.equal(network, [], entry);
  }
});

/** Follows what a file loads when it starts: no types, no `import()`. */
async function load(
  path: string,
  { root, loaded }: { root: string; loaded: Set<string> },
): Promise<void> {
  if (loaded.has(path)) return;
  loaded.add(path);
  const text = await readFile(path, 'utf8');
  const imports = text.matchAll(/^(?:import|export)(?! type)[^;]*?from '([^']+)'/gm);
  for (const [, specifier = ''] of imports) {
    if (specifier.startsWith('.')) await load(join(path, '..', specifier), { root, loaded });
    else if (specifier.startsWith('#'))
      await load(join(root, specifier.slice(1)), { root, loaded });
    else loaded.add(specifier);
  }
}

program.after(async () => {
  await rm(folder, { recursive: true, force: true });
});
program.run();
