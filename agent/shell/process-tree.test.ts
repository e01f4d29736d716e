import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { isRunning, processState, until } from '#scripts/testing/process-state.ts';

import {
  hasLeftovers,
  killOrphan,
  killTree,
  markPids,
  parseProcessRow,
  type ProcessRow,
  processStartedAt,
  selectTree,
} from './process-tree.ts';

/** The same tests may run at the same time in another runtime: its runs are not ours. */
const [MARKER, OTHER] = [crypto.randomUUID(), crypto.randomUUID()];

const QUICK = { graceMs: 100 };

/** Starts a shell as a run's leader; it writes one line when it is ready. */
async function start(command: string, env: Record<string, string> = {}) {
  const child = spawn('/bin/sh', ['-c', command], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
    env: { PATH: '/usr/bin:/bin', ...env },
  });
  const [line] = (await once(child.stdout, 'data')) as [Uint8Array];
  const { pid } = child;
  if (pid === undefined) throw new Error('unreachable: it wrote a line');
  return { child, pid, line: new TextDecoder().decode(line).trim() };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const left = once(child, 'exit');
  child.kill('SIGKILL');
  await left;
}

const row = (pid: number, parent: number, changes: Partial<ProcessRow> = {}): ProcessRow => ({
  pid,
  parent,
  group: pid,
  session: pid,
  startTicks: 100,
  isDead: false,
  ...changes,
});

const parse = suite('parseProcessRow()');

parse('parseProcessRow() reads a name that looks like fields', () => {
  const rest = '0 -1 4194304 101 0 1 0 0 0 0 0 20 0 1 0 122820 2654208 389';
  for (const name of ['sh', 'a b', ') S 1 1 1', '((', '))', '\n', '']) {
    const got = parseProcessRow(`42 (${name}) S 7 8 9 ${rest}`);
    const expected = {
      pid: 42,
      parent: 7,
      group: 8,
      session: 9,
      startTicks: 122820,
      isDead: false,
    };
    assert.equal(got, expected, name);
  }
  assert.is(parseProcessRow(`42 (x) Z 7 8 9 ${rest}`)?.isDead, true);
});

parse('parseProcessRow() gives nothing for what is cut short', () => {
  const line = '42 (x) S 7 8 9 0 -1 4194304 101 0 1 0 0 0 0 0 20 0 1 0 122820';
  assert.ok(parseProcessRow(line));
  for (let length = 0; length < line.lastIndexOf(' '); length++) {
    assert.is(parseProcessRow(line.slice(0, length)), null);
  }
});

parse.run();

const select = suite('selectTree()');

const select42 = (
  rows: readonly ProcessRow[],
  { marked = [] as number[], seen = new Map<number, number>() } = {},
) =>
  selectTree(rows, { pid: 42, startTicks: 100, seen, hasMarker: (pid) => marked.includes(pid) })
    .map(({ pid }) => pid)
    .join();

select('selectTree() takes group, session, descendants and what carries the marker', () => {
  const rows = [
    row(1, 0, { startTicks: 1 }),
    row(42, 7),
    row(43, 1, { group: 42 }),
    row(44, 1, { session: 42 }),
    row(47, 46),
    row(46, 45),
    row(45, 42),
    row(50, 1),
    row(51, 1),
    row(52, 51),
    row(60, 1),
  ];
  assert.is(select42(rows, { marked: [50, 51] }), '42,43,44,47,46,45,50,51,52');
});

select('selectTree() keeps what was seen when its parent has ended, by pid and start', () => {
  const rows = [row(45, 1), row(46, 1, { startTicks: 300 })];
  assert.is(select42(rows, { seen: new Map([[45, 100], [46, 200]]) }), '45'); // prettier-ignore
});

select(
  'selectTree() leaves a stranger alone that was given the pid, and the stranger’s group',
  () => {
    const rows = [
      row(42, 1, { startTicks: 900 }),
      row(43, 42, { group: 42, startTicks: 901 }),
      row(44, 1),
    ];
    assert.is(select42(rows, { marked: [44] }), '44');
  },
);

select('selectTree() leaves alone what is older than the run', () => {
  assert.is(
    select42([row(42, 1), row(43, 1, { group: 42, startTicks: 99 })], { marked: [43] }),
    '42',
  );
});

select.run();

const kill = suite('killTree()');

kill('killTree() ends all, and says when it could not wait long enough', async () => {
  const { child, pid } = await start(`trap '' TERM; echo ready; while :; do sleep 1000; done`);
  const startedAt = await processStartedAt(pid);
  const tree = { pid, startedAt, marker: null };
  assert.ok((await killTree(tree, { graceMs: 0, deadlineMs: 0 })).includes(pid));
  assert.ok(isRunning(pid));
  assert.equal(await killTree(tree, QUICK), []);
  assert.not.ok(isRunning(pid));
  await end(child);
  assert.not.ok(hasLeftovers(tree));
});

kill('killTree() finds by its marker what has no parent, group or session left', async () => {
  const { child, pid, line } = await start("setsid sh -c 'echo $$; exec sleep 1000' & wait", {
    CAISEY_RUN: MARKER,
  });
  const escaped = Number(line);
  const startedAt = await processStartedAt(pid);
  await end(child); // only the shell: what it started is an orphan now
  assert.not.ok(hasLeftovers({ pid, startedAt, marker: null }));
  const tree = { pid, startedAt, marker: MARKER };
  assert.ok(hasLeftovers(tree));
  assert.equal(await killTree({ ...tree, marker: OTHER }, QUICK), []);
  assert.ok(isRunning(escaped), 'another run’s marker is not ours');
  assert.equal(await killTree(tree, QUICK), []);
  assert.not.ok(isRunning(escaped));
});

kill('hasLeftovers() and killTree() overlook nothing that becomes another program', async () => {
  // Over and over, so that many looks find it without an environment.
  const { child, pid, line } = await start(`setsid sh -c 'echo $$; exec sh -c "$AGAIN"' & wait`, {
    CAISEY_RUN: MARKER,
    AGAIN: 'exec sh -c "$AGAIN"',
  });
  const escaped = Number(line);
  const tree = { pid, startedAt: await processStartedAt(pid), marker: MARKER };
  try {
    await end(child);
    let overlooked = 0;
    for (let i = 0; i < 300; i++) if (!hasLeftovers(tree)) overlooked++;
    assert.is(overlooked, 0);
    assert.equal(await killTree(tree, QUICK), []);
    assert.not.ok(isRunning(escaped));
  } finally {
    if (isRunning(escaped)) process.kill(escaped, 'SIGKILL');
  }
});

kill('hasLeftovers() looks only at what was started since a waiting shell began', async () => {
  const { child, pid } = await start('sleep 1000 & echo ready; wait');
  const tree = { pid, startedAt: await processStartedAt(pid), marker: null };
  const now = markPids();
  if (now === null) throw new Error('unreachable: this is Linux');
  await end(child);
  // Infinity: begun just now, however slow the machine.
  const hasAfter = (last: number) =>
    hasLeftovers({ ...tree, since: { pid: last, atMs: Infinity } });
  const found = [hasAfter(pid - 1), hasAfter(now.pid)];
  assert.equal(await killTree(tree, QUICK), []);
  assert.equal(found, [true, false]);
});

kill('killTree() ends a stopped process, and lets one leave by itself first', async () => {
  const stopped = await start('echo ready; kill -STOP $$; sleep 1000');
  const left = once(stopped.child, 'exit');
  await until(() => processState(stopped.pid) === 'T');
  assert.equal(
    await killTree({ pid: stopped.pid, startedAt: null, marker: null }, { graceMs: 60_000 }),
    [],
  );
  await left;
  assert.is(stopped.child.signalCode, 'SIGTERM');
});

kill.run();

const started = suite('processStartedAt()');

started(
  'processStartedAt() tells two processes apart, and nothing of one that is gone',
  async () => {
    const { child, pid } = await start('echo ready; sleep 1000');
    const [mine, its] = [await processStartedAt(process.pid), await processStartedAt(pid)];
    assert.match(mine ?? '', /^[0-9a-f-]{36}:\d+$/);
    assert.is(await processStartedAt(process.pid), mine);
    assert.is.not(its, mine);
    await killTree({ pid, startedAt: its, marker: null }, QUICK);
    await end(child);
    assert.is(await processStartedAt(pid), null);
  },
);

started.run();

const orphan = suite('killOrphan()');

orphan('killOrphan() ends a run that an earlier life left, with what escaped from it', async () => {
  const { child, pid, line } = await start("setsid sh -c 'echo $$; exec sleep 1000' & wait", {
    CAISEY_RUN: MARKER,
  });
  const startedAt = await processStartedAt(pid);
  assert.is(await killOrphan({ pid, startedAt }, QUICK), true);
  assert.not.ok(isRunning(pid) || isRunning(Number(line)));
  await end(child);
  assert.is(await killOrphan({ pid, startedAt }, QUICK), false);
});

orphan('killOrphan() never touches a pid that was given to another process', async () => {
  const { child, pid } = await start('echo ready; sleep 1000', { CAISEY_RUN: MARKER });
  const startedAt = (await processStartedAt(pid)) ?? '';
  const [boot = '', ticks = ''] = startedAt.split(':');
  const zeros = '00000000-0000-0000-0000-000000000000';
  for (const other of [
    `${boot}:${Number(ticks) - 1}`,
    `${boot}:${ticks}0`,
    `${zeros}:${ticks}`,
    '',
    null,
  ]) {
    assert.is(await killOrphan({ pid, startedAt: other }, QUICK), false);
  }
  assert.ok(isRunning(pid));
  await killTree({ pid, startedAt, marker: null }, QUICK);
  await end(child);
});

orphan(
  'killOrphan() ends the group of a shell that is gone only when it carries a marker',
  async () => {
    for (const [env, isEnded] of [
      [{ CAISEY_RUN: MARKER }, true],
      [{}, false],
    ] as const) {
      // prettier-ignore
      const { child, pid, line } = await start('sh -c \'echo $$; exec sleep 1000\' & wait', env);
      const startedAt = await processStartedAt(pid);
      await end(child);
      assert.is(await killOrphan({ pid, startedAt }, QUICK), isEnded);
      assert.is(isRunning(Number(line)), !isEnded);
      if (!isEnded) process.kill(Number(line), 'SIGKILL');
    }
  },
);

orphan.run();
