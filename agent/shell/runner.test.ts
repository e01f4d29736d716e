import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { concatBytes, decodeUtf8 } from '#crypto/bytes.ts';
import {
  isRunning,
  processState,
  readProc,
  until,
  withTimeOut,
} from '#scripts/testing/process-state.ts';

import { openShellRunner, type ShellRunner } from './runner.ts';
import { runShell, type ShellRequest } from './shell.ts';

/** Longer than anything here takes, however slow the machine: these pass only where something went wrong. */
const TIMEOUT_MS = 120_000;
const PATIENT = { killMs: 60_000, quietMs: 60_000 };

interface Run extends Partial<Omit<ShellRequest, 'command'>> {
  readonly signal?: AbortSignal;
  /** Told all that it wrote to stdout so far. */
  readonly onSaid?: (stdout: string) => void;
}

/** Runs a command in sh and gathers what it wrote, and by which process. */
async function run(execute: ShellRunner['run'], command: string, changes: Run = {}) {
  const { signal = new AbortController().signal, onSaid, ...request } = changes;
  const said: Record<'stdout' | 'stderr', Uint8Array<ArrayBuffer>[]> = { stdout: [], stderr: [] };
  const textOf = (stream: 'stdout' | 'stderr') => decodeUtf8(concatBytes(...said[stream]));
  let pid = 0;
  const result = await execute(
    {
      ...{ shell: 'sh', command, cwd: null, env: {}, timeoutMs: TIMEOUT_MS, maxOutputBytes: 1e6 },
      ...request,
    },
    {
      signal,
      graces: PATIENT,
      onStarted: (started) => void (pid = started.pid),
      onOutput: async ({ stream, bytes }) => {
        said[stream].push(bytes);
        onSaid?.(textOf('stdout'));
      },
    },
  );
  return { result, pid, stdout: textOf('stdout'), stderr: textOf('stderr') };
}

/** The spare shells among this process's children. */
function spares(): number[] {
  const tasks = readdirSync('/proc/self/task');
  const pids = tasks.flatMap((task) => readProc(`self/task/${task}/children`).match(/\d+/g) ?? []);
  return pids.map(Number).filter((pid) => isRunning(pid) && isSpare(pid));
}

function isSpare(pid: number): boolean {
  return readProc(`${pid}/cmdline`).includes('A spare shell of the Caisey');
}

/** Waits until a spare waits, and gives its pid. */
async function spareOf(): Promise<number> {
  await until(() => spares().length > 0);
  const [pid = 0, ...others] = spares();
  assert.equal(others, []);
  return pid;
}

/** Opens a runner that has a spare. */
async function openReady(options?: { maxAgeMs: number }) {
  const runner = openShellRunner(options);
  await run(runner.run, 'true');
  await spareOf();
  return runner;
}

const test = suite('openShellRunner()');
let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caisey-runner-'));
});
test.after(() => rm(folder, { recursive: true }));

/** Every fact of its process that a command can find, and texts that would be changed by careless passing on. */
const COMMANDS = [
  'env -0 | sort -z | tr "\\0" "\\n"',
  'export -p',
  'set',
  'pwd; pwd -P; ls -ld /proc/self/cwd | sed "s/.* -> //"',
  'exec find /proc/self/fd -type l -printf "%f %l\\n"',
  'for fd in /proc/$$/fd/*; do sed -n "/^flags/p" /proc/$$/fdinfo/${fd##*/}; done',
  'ps -o args= -o comm= -o tty= -o nice= -p $$; tr "\\0" "\\n" </proc/$$/cmdline',
  'echo "$0 $# $- $? [$!] $_"; echo "$*"',
  'trap; umask; ulimit -a; jobs',
  // By the shell itself: while it waits for a child, others see its masks change.
  'while read -r line; do case $line in Sig[PBIC]*|Shd*) echo "$line";; esac; done </proc/$$/status',
  'exec grep -E "^(Sig[PBIC]|Shd|Uid|Gid|Groups|Cap|NoNew|Secc|Umask|Cpus_allowed_l)" /proc/self/status',
  '[ "$(ps -o pgid= -o sid= -p $$ | tr -d " \\n")" = "$$$$" ]; echo $?',
  'echo $PPID; ps -o ppid= -p $$',
  'cat; read x; echo $?',
  'cat /proc/self/oom_score_adj /proc/self/cgroup /proc/self/limits',
  'echo $SHLVL $BASH_SUBSHELL $BASHOPTS $SHELLOPTS $BASH_EXECUTION_STRING $POSIXLY_CORRECT',
  'shopt 2>/dev/null; set -o; alias; type cd',
  'command -v read exec; echo ${lines-no} ${shell-no} ${command-no} ${line-no} ${IFS-no} $OPTIND',
  'echo out; echo err >&2; exit 7',
  'kill -TERM $$',
  'exit 255',
  'no-such-command-here',
  'echo "unclosed',
  ')',
  '',
  ' ',
  '\n',
  '# only a comment',
  '-c id',
  '--version',
  '-',
  'echo a\\\nb',
  "printf '%s|' 'it'\\''s' \"\\$x\" '\\\\' '`id`' '%d' '\n\n' 'a\tb'\n\n\n",
  "printf %s 'ends in blanks  \n \t '",
  'cat <<E\n  $((1+1)) \\$x \\\\ `echo y`\nE\n',
  "cat <<'E'\n1 /bin/sh -c --\nid\n\nE\n",
  "printf %s 'Größe Á 語 \u{1f600} \ufeff'",
  "printf %s '\u0001\u0002\u007f\u0081\r' | od -c",
  `printf %s '${'x'.repeat(1500)}' | wc -c`,
  `printf %s '${'x'.repeat(60_000)}' | wc -c`,
  'seq 1 40000 | sha256sum',
];

/** Takes out what no two processes have alike. */
function steady(text: string, pid: number): string {
  return text
    .replaceAll(new RegExp(`\\b${pid}\\b`, 'g'), 'PID')
    .replaceAll(/pipe:\[\d+\]/g, 'pipe')
    .replaceAll(/CAISEY_RUN=(["']?)[0-9a-f]{32}/g, 'CAISEY_RUN=$1MARKER');
}

for (const shell of ['sh', 'bash'] as const) {
  test(`openShellRunner() runs ${shell} by a spare as if it had been spawned`, async () => {
    await using runner = await openReady();
    for (const command of COMMANDS) {
      const waiting = await spareOf();
      const spared = await run(runner.run, command, { shell });
      const spawned = await run(runShell, command, { shell });
      assert.is(spared.pid === waiting, command.length < 2000, 'by the spare');
      for (const stream of ['stdout', 'stderr'] as const) {
        const actual = steady(spared[stream], spared.pid);
        assert.is(actual, steady(spawned[stream], spawned.pid), `${stream} of ${command}`);
      }
      const { durationMs: _, ...actual } = spared.result;
      const { durationMs: __, ...expected } = spawned.result;
      // How many digits a pid has may change a length.
      assert.equal([actual.outcome, actual.exitCode], [expected.outcome, expected.exitCode]);
      assert.equal([actual.signal, actual.problem], [expected.signal, expected.problem], command);
    }
  });
}

test('openShellRunner() keeps its spare for what it fits', async () => {
  await using runner = await openReady();
  const waiting = await spareOf();
  assert.is((await run(runner.run, 'pwd', { cwd: '/' })).stdout, '/\n');
  assert.is((await run(runner.run, 'echo $A', { env: { A: 'b' } })).stdout, 'b\n');
  assert.is((await run(runner.run, 'true', { shell: 'cmd' })).result.outcome, 'not-started');
  assert.equal(spares(), [waiting]);
  assert.is((await run(runner.run, 'true')).pid, waiting);
});

test('openShellRunner() makes no spare before a run has ended', async () => {
  await using runner = openShellRunner();
  let during: number[] | null = null;
  await run(runner.run, 'echo x; sleep 0.1', { onSaid: () => void (during = spares()) });
  assert.equal(during, []);
  await spareOf();
});

test('openShellRunner() spawns, once, where its spare was ended by somebody', async () => {
  const path = join(folder, 'once');
  await using runner = await openReady();
  for (const name of ['SIGKILL', 'SIGTERM'] as const) {
    for (const isKnown of [true, false]) {
      const waiting = await spareOf();
      process.kill(waiting, name);
      // Without a turn of the event loop nobody has told us yet that it ended.
      while (isRunning(waiting));
      if (isKnown) await until(() => processState(waiting) === null);
      const { result, pid } = await run(runner.run, `echo $$ >>${path}`);
      assert.equal([result.outcome, result.exitCode], ['exited', 0]);
      assert.is.not(pid, waiting);
      assert.is(await readFile(path, 'utf8'), `${pid}\n`);
      await rm(path);
    }
  }
});

test('openShellRunner() bounds a command whose spare does not wake', async () => {
  await using runner = await openReady();
  const waiting = await spareOf();
  process.kill(waiting, 'SIGSTOP');
  const path = join(folder, 'stopped');
  const { result, pid } = await run(runner.run, `echo x >${path}; sleep 1000`, { timeoutMs: 100 });
  assert.equal([result.outcome, pid], ['timed-out', waiting]);
  assert.not.ok(isRunning(waiting));
});

test('openShellRunner() ends by time-out, by cancel and at the end all that a spare started', async () => {
  await using runner = await openReady();
  const left = 'setsid sh -c "echo \\$\\$; exec sleep 1000" & sleep 1000 >/dev/null 2>&1 & echo $!';
  const pidsOf = (stdout: string) => stdout.match(/\d+(?=\n)/g)?.map(Number) ?? [];
  const hasBoth = ({ stdout }: { stdout: string }) => pidsOf(stdout).length === 2;
  // A spare that has waited for a while is older than all that its command starts.
  for (const ageMs of [0, 600]) {
    const runBySpare = async (command: string, changes: Run) => {
      const waiting = await spareOf();
      await wait(ageMs);
      const ended = await run(runner.run, command, changes);
      assert.is(ended.pid, waiting);
      for (const pid of pidsOf(ended.stdout)) assert.not.ok(isRunning(pid));
      return ended;
    };
    const late = await withTimeOut(
      (timeoutMs) => runBySpare(`${left}; wait`, { timeoutMs }),
      hasBoth,
    );
    assert.is(late.result.outcome, 'timed-out');
    const controller = new AbortController();
    const cancelled = await runBySpare(`${left}; wait`, {
      signal: controller.signal,
      onSaid: (stdout) => {
        if (hasBoth({ stdout })) controller.abort();
      },
    });
    assert.is(cancelled.result.outcome, 'cancelled');
    const ended = await runBySpare(
      'setsid sleep 1000 >/dev/null 2>&1 & echo $!; sleep 1000 >/dev/null 2>&1 & echo $!',
      {},
    );
    assert.is(ended.result.outcome, 'exited');
    assert.ok(hasBoth(ended));
  }
});

test('openShellRunner() runs several at once, each once', async () => {
  await using runner = await openReady();
  for (let round = 0; round < 5; round++) {
    const all = await Promise.all([1, 2, 3].map((n) => run(runner.run, `echo ${n} $$`)));
    assert.equal(
      all.map(({ stdout }) => stdout),
      all.map(({ pid }, i) => `${i + 1} ${pid}\n`),
    );
  }
  await spareOf();
});

test('openShellRunner() lets go of a spare that has waited long, and goes on', async () => {
  await using runner = await openReady({ maxAgeMs: 50 });
  await until(() => spares().length === 0);
  assert.is((await run(runner.run, 'echo x')).stdout, 'x\n');
  await spareOf();
});

test('openShellRunner() leaves no process and no descriptor when it is closed', async () => {
  const openCount = () => readdirSync('/proc/self/fd').length;
  const life = async () => {
    const runner = await openReady();
    await run(runner.run, 'echo x');
    await spareOf();
    process.kill(await spareOf(), 'SIGKILL');
    await run(runner.run, 'echo x');
    await spareOf();
    await runner[Symbol.asyncDispose]();
    assert.equal(spares(), []);
    await runner[Symbol.asyncDispose]();
    assert.is((await run(runner.run, 'echo after')).stdout, 'after\n');
    await wait(0); // a turn in which a spare would be made
    assert.equal(spares(), []);
  };
  await life();
  const before = openCount();
  const lives = 5;
  for (let i = 0; i < lives; i++) await life();
  // A leak is one each life, at least. A runtime may open one of its own, and closes late what was destroyed.
  await until(() => openCount() < before + lives, 'each life leaves one more open');
});

test.run();
