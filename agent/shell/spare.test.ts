import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { isRunning, readProc, until } from '#scripts/testing/process-state.ts';

import type { ShellRequest } from './shell.ts';
import { isForSpare, MAX_SPARE_BYTES, openSpare, SPARE_SCRIPT, spareInput } from './spare.ts';

const WORDS = ['/bin/sh', '-c', '--'];

const request = (command: string, changes: Partial<ShellRequest> = {}): ShellRequest => ({
  ...{ shell: 'sh', command, cwd: null, env: {}, timeoutMs: 20_000, maxOutputBytes: 1e6 },
  ...changes,
});

let folder = '';
const before = async (): Promise<void> => {
  folder = await mkdtemp(join(tmpdir(), 'caisey-spare-'));
};
const after = (): Promise<void> => rm(folder, { recursive: true });

const ENV = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', CAISEY_RUN: 'x' };

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** Runs a program on some input, or none, to its end. */
async function run(
  program: string,
  args: string[],
  { input, argv0 = program, env = {} }: Input,
): Promise<Ended> {
  const child: ChildProcess = spawn(program, args, {
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'inherit'],
    ...{ argv0, cwd: folder, env: { ...ENV, ...env } },
  });
  const ended = once(child, 'exit');
  child.stdin?.end(input);
  if (child.stdout === null) throw new Error('unreachable: it is a pipe');
  const said = await text(child.stdout);
  const [code] = (await ended) as [number | null];
  return { code, said };
}

interface Input {
  readonly input?: string;
  readonly argv0?: string;
  readonly env?: Record<string, string>;
}

/** Runs the script on some input to its end, by a shell under the name that it has where it is the system's sh. */
function feed(shell: string, input: string, env: Record<string, string> = {}): Promise<Ended> {
  return run(shell, ['-c', SPARE_SCRIPT], { input, argv0: '/bin/sh', env });
}

/** What one shell or another (bash, BusyBox) adds to the environment of what it starts. */
const UNASKED = { SHLVL: '1', OLDPWD: '/', PWD: '/', _: '/bin/sh' };

const input = suite('spareInput()');
input.before(before);
input.after(after);

input('spareInput() gives any text to the shell as it is', async () => {
  const everything = Array.from({ length: 0x7f }, (_, code) => String.fromCharCode(code + 1));
  const letters = Array.from({ length: 0x180 }, (_, code) => String.fromCodePoint(0x80 + code));
  const texts = [
    '',
    '\n',
    '\n\n\n',
    'a\n',
    '\na',
    ' a ',
    '\t a\t\n \n\t',
    '\\',
    'a\\\nb\\',
    "'",
    `"'$(id)\`id\`$HOME\${HOME}*?~`,
    '1 /bin/sh -c --\nid',
    '-n -e \\c %s',
    '\r\n\r',
    everything.join(''),
    everything.join('\n'),
    letters.join(''),
    'ÁÂ\u0081\u0085 語 \u{1f600}\u{10ffff}\ufeff',
  ];
  for (const shell of ['/bin/sh', '/bin/bash']) {
    for (const each of texts) {
      const { said } = await feed(shell, spareInput(['/usr/bin/printf', '%s'], each));
      assert.is(said, each);
    }
  }
});

input('spareInput() cut short at any place runs nothing', async () => {
  for (const command of [': >ran', ': >ran\n: >ran\n\n']) {
    const whole = spareInput(WORDS, command);
    for (let length = 0; length < whole.length; length++) {
      await feed('/bin/sh', whole.slice(0, length));
      assert.equal(await readdir(folder), [], whole.slice(0, length));
    }
    assert.is((await feed('/bin/sh', whole)).code, 0);
    assert.equal(await readdir(folder), ['ran']);
    await rm(join(folder, 'ran'));
  }
});

input.run();

const fit = suite('isForSpare()');

fit('isForSpare() takes what runs at home, with nothing added, in sh or bash', () => {
  assert.ok(isForSpare(request('true')));
  assert.ok(isForSpare(request('true', { shell: 'bash' })));
  assert.ok(isForSpare(request('x'.repeat(MAX_SPARE_BYTES))));
  assert.not.ok(isForSpare(request('x'.repeat(MAX_SPARE_BYTES + 1))));
  assert.not.ok(isForSpare(request('ä'.repeat(MAX_SPARE_BYTES / 2 + 1))));
  assert.not.ok(isForSpare(request('true', { cwd: '/' })));
  assert.not.ok(isForSpare(request('true', { env: { A: '' } })));
  for (const shell of ['pwsh', 'powershell', 'cmd'] as const) {
    assert.not.ok(isForSpare(request('true', { shell })));
  }
});

fit.run();

const spares = suite('openSpare()');
spares.before(before);
spares.after(after);

async function open(place: string) {
  const spare = await openSpare({ folder: place });
  if (spare === null) throw new Error('this machine gives no spare');
  return spare;
}

spares(
  'openSpare() waits for a command, and says in the list of processes what it is',
  async () => {
    await using spare = await open(folder);
    const shell = spare.become(request('echo $$; tr "\\0" "\\n" </proc/$$/cmdline'));
    if (shell === null) throw new Error('it did not take the command');
    const said = await text(shell.pipes.stdout);
    const { pid } = shell.tree;
    assert.is(said, `${pid}\n/bin/sh\n-c\n--\necho $$; tr "\\0" "\\n" </proc/$$/cmdline\n`);
    assert.match(SPARE_SCRIPT, /^# A spare shell of the Caisey agent/);
  },
);

spares('openSpare() runs one command, and no second', async () => {
  await using spare = await open(folder);
  const shell = spare.become(request('echo one'));
  assert.is(spare.become(request('echo two')), null);
  assert.is(shell === null ? '' : await text(shell.pipes.stdout), 'one\n');
});

spares('openSpare() runs nothing where its folder was replaced', async () => {
  const place = join(folder, 'place');
  await mkdir(place);
  await using spare = await open(place);
  await rename(place, `${place}.old`);
  assert.is(spare.become(request('echo x')), null);
  await mkdir(place);
  assert.is(spare.become(request('echo x')), null);
});

spares('openSpare() that was ended runs nothing', async () => {
  const spare = await open(folder);
  await spare[Symbol.asyncDispose]();
  await spare[Symbol.asyncDispose]();
  assert.is(spare.become(request('echo x')), null);
});

spares.run();

const ending = suite('SPARE_SCRIPT');
ending.before(before);
ending.after(after);

ending('SPARE_SCRIPT leaves nothing of its own to what comes after it', async () => {
  const facts =
    'env | sort; set | sort; pwd; export -p; echo $- $# $0 $_; trap; umask; times | wc -l';
  for (const waits of ['/bin/sh', '/bin/bash']) {
    for (const program of [waits, '/bin/bash']) {
      const words = [program, '-c', '--'];
      const direct = await run(program, [...words.slice(1), facts], {});
      const { said } = await feed(waits, spareInput(words, facts), UNASKED);
      const steady = (out: string) => out.replace(/^(PPID|BASHPID|.*RANDOM)=.*$/gm, '$1');
      assert.is(steady(said), steady(direct.said), `${program} after ${waits}`);
    }
  }
});

ending('SPARE_SCRIPT ends with an agent that is killed', async () => {
  const agent = `
    const { openSpare } = await import('${new URL('spare.ts', import.meta.url).href}');
    const spare = await openSpare();
    if (spare === null) throw new Error('no spare');
    setInterval(() => undefined, 1000);
    console.log('waits');`;
  const isDeno = 'Deno' in globalThis;
  const args = isDeno ? ['eval', agent] : ['--input-type=module', '--eval', agent];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const pid = Number.parseInt(readProc(`${child.pid}/task/${child.pid}/children`), 10);
  assert.match(readProc(`${pid}/cmdline`), /spare shell of the Caisey agent/);
  child.kill('SIGKILL');
  // Its own end of a pipe is held by nobody but the spare once the agent is dead.
  await once(child, 'exit');
  await until(() => !isRunning(pid), 'the spare outlived its agent');
});

ending.run();
