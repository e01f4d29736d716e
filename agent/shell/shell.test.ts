import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { concatBytes, decodeUtf8 } from '#crypto/bytes.ts';
import { isRunning, processState, until, withTimeOut } from '#scripts/testing/process-state.ts';

import type { OutputChunk } from './output.ts';
import { availableShells, runShell, type ShellOptions, type ShellRequest } from './shell.ts';

/** Longer than anything here takes, however slow the machine: these pass only where something went wrong. */
const TIMEOUT_MS = 120_000;
const PATIENT = { killMs: 60_000, quietMs: 60_000 };

interface Run extends Partial<ShellRequest>, Partial<Omit<ShellOptions, 'signal'>> {
  readonly signal?: AbortSignal;
}

/** Runs a command in sh and gathers what it wrote. */
async function run(command: string, changes: Run = {}) {
  const chunks: OutputChunk[] = [];
  const { onOutput, onStarted, graces, signal, ...request } = changes;
  const result = await runShell(
    {
      shell: 'sh',
      command,
      cwd: null,
      env: {},
      timeoutMs: TIMEOUT_MS,
      maxOutputBytes: 1e9,
      ...request,
    },
    {
      signal: signal ?? new AbortController().signal,
      graces: { ...PATIENT, ...graces },
      ...(onStarted === undefined ? {} : { onStarted }),
      onOutput: async (chunk) => {
        chunks.push(chunk);
        await onOutput?.(chunk);
      },
    },
  );
  const bytesOf = (stream: string) =>
    concatBytes(...chunks.filter((chunk) => chunk.stream === stream).map(({ bytes }) => bytes));
  return { ...result, chunks, stdout: bytesOf('stdout'), stderr: bytesOf('stderr') };
}

const textOf = async (command: string, changes: Run = {}): Promise<string> =>
  decodeUtf8((await run(command, changes)).stdout);

/** The pid that a command wrote into a file. */
async function pidIn(path: string): Promise<number> {
  const text = await readFile(path, 'utf8');
  assert.match(text, /^\d+\n$/);
  return Number(text);
}

/** Whether a command has written a line into a file. */
const isWritten = (path: string): boolean =>
  existsSync(path) && readFileSync(path, 'utf8').endsWith('\n');

const test = suite('runShell()');
let folder = '';
test.before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'caisey-shell-')));
});
test.after(() => rm(folder, { recursive: true }));

test('runShell() tells exit codes from signals', async () => {
  for (const code of [0, 1, 2, 127, 255]) {
    const { outcome, exitCode, signal, problem } = await run(`exit ${code}`);
    assert.equal([outcome, exitCode, signal, problem], ['exited', code, null, null]);
  }
  for (const name of ['TERM', 'KILL', 'USR1']) {
    const { outcome, exitCode, signal } = await run(`kill -${name} $$`);
    assert.equal([outcome, exitCode, signal], ['signalled', null, `SIG${name}`]);
  }
});

test('runShell() keeps every byte, and the streams apart', async () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const path = join(folder, 'bytes');
  await writeFile(path, all);
  const got = await run(`cat ${path}; cat ${path} >&2; printf '\\377\\000\\r\\n'`);
  assert.equal(got.stdout, concatBytes(all, Uint8Array.of(255, 0, 13, 10)));
  assert.equal(got.stderr, all);
  assert.equal([got.stdoutBytes, got.stderrBytes, got.droppedBytes], [260, 256, 0]);
});

test('runShell() delivers in the order of arrival', async () => {
  // Each step waits until the one before was delivered: the order of arrival is then certain.
  const path = join(folder, 'turn');
  const steps = [1, 2, 3, 4, 5, 6].map(
    (n) => `until [ -e ${path}.${n} ]; do sleep 0.01; done; echo ${n} >&${(n % 2) + 1}`,
  );
  await writeFile(`${path}.1`, '');
  const got = await run(steps.join('; '), {
    onOutput: async ({ bytes }) => writeFile(`${path}.${Number(decodeUtf8(bytes)) + 1}`, ''),
  });
  const said = got.chunks.map(({ stream, bytes }) => `${stream}${decodeUtf8(bytes).trim()}`);
  assert.equal(said, ['stderr1', 'stdout2', 'stderr3', 'stdout4', 'stderr5', 'stdout6']);
});

test('runShell() delivers 20 MB intact to a slow consumer, without holding them', async () => {
  const path = join(folder, 'big');
  const block = new Uint8Array(20_000_000);
  for (let i = 0; i < block.length; i++) block[i] = (i * 2654435761) >>> 24;
  await writeFile(path, block);
  const hash = createHash('sha256');
  let busy = 0;
  let largest = 0;
  let writtenWhenFirst = -1;
  const done = join(folder, 'done');
  const { stdoutBytes, outcome } = await run(`cat ${path}; touch ${done}`, {
    onOutput: async ({ bytes }) => {
      assert.is(busy++, 0, 'one piece at a time');
      largest = Math.max(largest, bytes.length);
      hash.update(bytes);
      if (writtenWhenFirst < 0) {
        await wait(100); // long enough for cat to finish, were nobody holding it back
        writtenWhenFirst = existsSync(done) ? 1 : 0;
      }
      await wait(1);
      busy--;
    },
  });
  assert.equal([outcome, stdoutBytes], ['exited', block.length]);
  assert.is(hash.digest('hex'), createHash('sha256').update(block).digest('hex'));
  assert.is(writtenWhenFirst, 0, 'the command had to wait');
  assert.ok(largest <= 256 * 1024);
});

test('runShell() loses nothing that a pipe still holds when the shell has ended', async () => {
  const { stdoutBytes, outcome } = await run('head -c 150000 /dev/zero', {
    onOutput: () => wait(150), // longer than the grace for silence
  });
  assert.equal([outcome, stdoutBytes], ['exited', 150_000]);
});

test('runShell() stops delivering at the limit, counts the rest, and lets the command end', async () => {
  const got = await run('head -c 300000 /dev/zero; echo late >&2; exit 3', {
    maxOutputBytes: 100_000,
  });
  assert.equal(got.stdout.length + got.stderr.length, 100_000);
  assert.equal([got.outcome, got.exitCode, got.droppedBytes], ['exited', 3, 200_005]);
  assert.equal([got.stdoutBytes, got.stderrBytes], [got.stdout.length, got.stderr.length]);
});

test('runShell() gives a fixed environment and the order’s variables, not the agent’s own', async () => {
  process.env['CAISEY_TEST_LEAK'] = 'secret';
  const lines = (await textOf('env', { env: { ORDER: "it's $HOME; `x`\nnext" } })).split('\n');
  delete process.env['CAISEY_TEST_LEAK'];
  assert.not.ok(lines.some((line) => line.includes('LEAK')));
  assert.ok(lines.includes("ORDER=it's $HOME; `x`") && lines.includes('next'));
  assert.ok(lines.includes('LANG=C.UTF-8') && lines.includes('TERM=dumb'));
  const names = lines.filter((line) => line.includes('=')).map((line) => line.split('=')[0]);
  const expected = [
    'CAISEY_RUN',
    'HOME',
    'LANG',
    'LOGNAME',
    'ORDER',
    'PATH',
    'PWD',
    'TERM',
    'USER',
  ];
  assert.equal(names.filter((name) => name !== '_').sort(), expected);
});

test('runShell() refuses variables that are none, or that would choose other code', async () => {
  const bad: [string, string][] = [
    ['A-B', ''],
    ['', ''],
    ['1A', ''],
    ['A=B', ''],
    ['BASH_FUNC_ls%%', '() { id; }'],
    ['A', 'x\0y'],
    ['BASH_ENV', '/tmp/x'],
    ['ENV', '/tmp/x'],
    ['PATH', '/tmp'],
    ['Path', '/tmp'],
    ['LD_PRELOAD', '/tmp/x.so'],
    ['SHELLOPTS', 'xtrace'],
    ['CAISEY_RUN', 'x'],
  ];
  for (const [name, value] of bad) {
    const { outcome, problem } = await run('touch ran', { env: { [name]: value }, cwd: folder });
    assert.is(outcome, 'not-started', name);
    assert.type(problem, 'string');
  }
  assert.not.ok(existsSync(join(folder, 'ran')));
});

test('runShell() reads no start-up file in bash, though a home has one', async () => {
  await writeFile(join(folder, '.bashrc'), 'echo rc');
  await writeFile(join(folder, '.bash_profile'), 'echo profile');
  process.env['BASH_ENV'] = join(folder, '.bashrc');
  process.env['ENV'] = join(folder, '.bashrc');
  const changes = { env: { HOME: folder } };
  assert.is(
    await textOf('shopt -q login_shell; echo $?$-', { ...changes, shell: 'bash' }),
    '1hBc\n',
  );
  assert.is(await textOf('echo only', changes), 'only\n');
  delete process.env['BASH_ENV'];
  delete process.env['ENV'];
});

test('runShell() starts in the folder asked for, or at home', async () => {
  assert.is(await textOf('pwd -P', { cwd: folder }), `${folder}\n`);
  assert.is(await textOf('pwd -P'), `${await realpath(homedir())}\n`);
});

test('runShell() says why a command cannot start', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  const why = async (changes: Run, command = 'true') => {
    const { outcome, problem, exitCode, durationMs } = await run(command, changes);
    assert.equal([outcome, exitCode, durationMs], ['not-started', null, 0]);
    return problem ?? '';
  };
  assert.match(await why({ cwd: join(folder, 'nowhere') }), /does not exist/);
  assert.match(await why({ cwd: file }), /is not a folder/);
  assert.match(await why({ cwd: 'relative' }), /no absolute folder/);
  assert.match(await why({ cwd: '/tmp\0/x' }), /no absolute folder/);
  assert.match(await why({ shell: 'cmd' }), /no cmd/);
  assert.match(await why({ shell: 'powershell' }), /no powershell/);
  assert.match(await why({}, 'true\0; id'), /NUL/);
  assert.match(await why({}, 'echo \ud800'), /surrogate/);
  assert.match(await why({}, `: ${'x'.repeat(200_000)}`), /E2BIG|[Aa]rgument list too long/);
  assert.is((await run('echo again')).outcome, 'exited');
});

test('runShell() hands any text to the shell as one argument', async () => {
  const attacks = [
    '-c id',
    '--',
    "'; id #",
    '"; id; "',
    '$(id)',
    '`id`',
    '\\',
    '\n',
    '%PATH%',
    '-x',
  ];
  for (const text of attacks) {
    const quoted = `'${text.replaceAll("'", `'\\''`)}'`;
    for (const shell of ['sh', 'bash'] as const) {
      assert.is(await textOf(`printf %s ${quoted}`, { shell }), text);
    }
  }
  // A command that begins with a dash is a command, not a switch: it is looked for, and not found.
  assert.is((await run('--version')).exitCode, 127);
  assert.is((await run('-i', { shell: 'bash' })).exitCode, 127);
});

test('runShell() gives no input and no terminal', async () => {
  assert.is(
    await textOf('cat; test -t 0 || echo none; (: </dev/tty) 2>/dev/null || echo no tty'),
    'none\nno tty\n',
  );
});

test('runShell() gives pipes that can be opened again by name', async () => {
  const got = await run(
    'echo out >/dev/stdout; echo err >/dev/stderr; echo both | tee /dev/stderr',
  );
  assert.is(decodeUtf8(got.stdout), 'out\nboth\n');
  assert.is(decodeUtf8(got.stderr), 'err\nboth\n');
});

test('runShell() leaves no descriptor open, however the command ended', async () => {
  const openCount = () => readdirSync('/proc/self/fd').length;
  const endings = async () => {
    await run('echo x');
    await run('true', { cwd: '/nowhere' });
    await run(`: ${'x'.repeat(200_000)}`);
    await run('sleep 1000', { timeoutMs: 50 });
    await run('sleep 1000 &', { graces: { quietMs: 50 } });
    await run('echo x', { onOutput: () => Promise.reject(new Error('x')) }).catch(() => undefined);
  };
  await Promise.all([endings(), endings()]);
  const before = openCount();
  const rounds = 6;
  for (let i = 0; i < rounds; i++) await endings();
  // A leak is one each round, at least. A runtime may open one of its own, and closes late what was destroyed.
  await until(() => openCount() < before + rounds, 'each round leaves one more open');
});

test('runShell() tells who started, once and before any output', async () => {
  const told: { pid: number; startedAt: string | null }[] = [];
  const { chunks, stdout } = await run('echo $$', {
    onStarted: async (started) => {
      await wait(30);
      assert.equal(told, []);
      told.push(started);
    },
    onOutput: async () => assert.is(told.length, 1),
  });
  const pid = Number(decodeUtf8(stdout));
  const startedAt = told[0]?.startedAt ?? '';
  assert.equal(told, [{ pid, startedAt }]);
  assert.match(startedAt, /^[0-9a-f-]{36}:\d+$/);
  assert.is(chunks.length, 1);
});

test('runShell() ends the command when what it says cannot be recorded', async () => {
  const failure = new Error('disk full');
  let pid = 0;
  const fail = () => Promise.reject(failure);
  const note = (started: { pid: number }) => void (pid = started.pid);
  const throwAtOnce = (started: { pid: number }) => {
    note(started);
    throw failure;
  };
  const failLater = (started: { pid: number }) => {
    note(started);
    return fail();
  };
  const consumers = [
    { onStarted: note, onOutput: fail },
    { onStarted: throwAtOnce },
    { onStarted: failLater },
  ];
  for (const changes of consumers) {
    const caught = await run('echo x; sleep 1000', changes).catch((error: unknown) => error);
    assert.is(caught, failure);
    assert.ok(pid > 0 && !isRunning(pid));
  }
  const afterItsEnd = () => until(() => !isRunning(pid)).then(fail);
  const late = await run('echo x', { onStarted: note, onOutput: afterItsEnd }).catch(
    (error: unknown) => error,
  );
  assert.is(late, failure, 'a failure after the end is told too');
});

test('runShell() ends the whole tree at the time-out, with its output until then', async () => {
  const pids = join(folder, 'pids');
  const command = `echo before; sh -c 'echo $$ > ${pids}; sleep 1000' & wait`;
  const got = await withTimeOut(
    (timeoutMs) => run(command, { timeoutMs }),
    () => isWritten(pids),
  );
  assert.equal([got.outcome, got.exitCode, got.signal], ['timed-out', null, 'SIGTERM']);
  assert.is(decodeUtf8(got.stdout), 'before\n');
  assert.not.ok(isRunning(await pidIn(pids)));
});

test('runShell() ends what ignores SIGTERM, and what left the group', async () => {
  const [stubborn, escaped] = [join(folder, 'stubborn'), join(folder, 'escaped')];
  const command = `trap '' TERM
    setsid sh -c 'trap "" TERM HUP; echo $$ > ${escaped}; sleep 1000; sleep 1000' &
    echo $$ > ${stubborn}; while :; do sleep 1000; done`;
  const got = await withTimeOut(
    (timeoutMs) => run(command, { timeoutMs, graces: { killMs: 100 } }),
    () => isWritten(stubborn) && isWritten(escaped),
  );
  assert.equal([got.outcome, got.signal], ['timed-out', 'SIGKILL']);
  assert.not.ok(isRunning(await pidIn(stubborn)));
  assert.not.ok(isRunning(await pidIn(escaped)));
});

test('runShell() does not start what was cancelled, and ends what is', async () => {
  const path = join(folder, 'cancelled');
  const before = await run(`touch ${path}`, { signal: AbortSignal.abort() });
  assert.is(before.outcome, 'cancelled');
  assert.not.ok(existsSync(path));
  const controller = new AbortController();
  const got = await run('echo going; sleep 1000', {
    signal: controller.signal,
    onOutput: async () => controller.abort(),
  });
  assert.equal([got.outcome, decodeUtf8(got.stdout)], ['cancelled', 'going\n']);
});

test('runShell() calls ended what ended before it was cancelled', async () => {
  const controller = new AbortController();
  let pid = 0;
  const got = await run('echo done', {
    signal: controller.signal,
    onStarted: (started) => void (pid = started.pid),
    onOutput: async () => {
      await until(() => processState(pid) === null); // it was waited for
      await wait(10); // a turn in which the runtime tells so
      controller.abort();
    },
  });
  assert.equal([got.outcome, got.exitCode], ['exited', 0]);
});

test('runShell() is not held up by a child left behind, and leaves none', async () => {
  const left: Record<string, string> = {
    'with its pipes': 'sleep 1000 &',
    'without pipes': 'sleep 1000 >/dev/null 2>&1 &',
    'outside the group': 'setsid sleep 1000 >/dev/null 2>&1 &',
    'outside the group, with pipes': 'setsid sleep 1000 &',
    'twice forked': '(setsid sh -c "sleep 1000 & echo \\$! > PIDS; wait" >/dev/null 2>&1 &)',
    'deaf to SIGTERM': '(trap "" TERM; exec sleep 1000) &',
  };
  for (const [name, command] of Object.entries(left)) {
    const pids = join(folder, name.replaceAll(' ', '-'));
    const tail = command.includes('PIDS')
      ? `until [ -s ${pids} ]; do sleep 0.01; done`
      : `echo $! > ${pids}`;
    const got = await run(`${command.replace('PIDS', pids)}\necho said; ${tail}; exit 4`, {
      graces: { killMs: 100, quietMs: 500 },
    });
    assert.equal(
      [got.outcome, got.exitCode, decodeUtf8(got.stdout)],
      ['exited', 4, 'said\n'],
      name,
    );
    assert.not.ok(isRunning(await pidIn(pids)), name);
  }
});

test('runShell() waits for a child left behind that still speaks', async () => {
  const got = await run('(for i in 1 2 3 4 5 6; do sleep 0.05; echo $i; done) &');
  assert.is(decodeUtf8(got.stdout), '1\n2\n3\n4\n5\n6\n');
  assert.equal([got.outcome, got.exitCode], ['exited', 0]);
});

test('runShell() bounds a child left behind that never falls silent', async () => {
  const got = await withTimeOut(
    (timeoutMs) => run('(while :; do echo x; sleep 0.02; done) & exit 0', { timeoutMs }),
    ({ exitCode }) => exitCode !== null, // the shell itself had ended by then
  );
  assert.equal([got.outcome, got.exitCode, got.problem], ['timed-out', 0, null]);
});

test('runShell() runs several at once without one ending another', async () => {
  const controller = new AbortController();
  const [go, untilGo] = [
    join(folder, 'go'),
    `until [ -e ${join(folder, 'go')} ]; do sleep 0.01; done`,
  ];
  let count = 0;
  const onStarted = () => void (count += 1);
  const ended = run('sleep 1000', { signal: controller.signal, onStarted });
  const others = Promise.all([
    run(`${untilGo}; echo alive`, { onStarted }),
    run(`sleep 1000 & ${untilGo}; kill $! && echo alive`, { onStarted }),
  ]);
  await until(() => count === 3);
  controller.abort();
  assert.is((await ended).outcome, 'cancelled');
  await writeFile(go, '');
  for (const { outcome, stdout } of await others) {
    assert.equal([outcome, decodeUtf8(stdout)], ['exited', 'alive\n']);
  }
});

test.run();

const shells = suite('availableShells()');

shells('availableShells() names what is installed, and only that', async () => {
  const names = await availableShells();
  assert.ok(names.includes('sh') && names.includes('bash'));
  assert.not.ok(names.includes('cmd') || names.includes('powershell'));
});

shells.run();
