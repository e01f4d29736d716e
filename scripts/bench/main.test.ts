import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { runCommand } from '../command.ts';
import { closestWord } from '../closest-word.ts';
import { formatFigures, listBenches, loadBench } from './main.ts';
import { quantile } from './quantile.ts';

const TIMEOUT_MS = 200_000;

const load = suite('loadBench()');

load('finds a function for every name that is listed', async () => {
  for (const name of listBenches()) {
    assert.type((await loadBench(name))?.bench, 'function', name);
  }
});

load('answers null for other names, also those of files beside it', async () => {
  for (const name of ['nonsense', 'main', 'quantile', '../gate', 'constructor']) {
    assert.is(await loadBench(name), null, name);
  }
});

load.run();

const format = suite('formatFigures()');

format('writes a line for each figure, and says what was not measured', () => {
  const text = formatFigures({ p50_ms: 1.5, shell: 'sh', ssh_p50_ms: null });
  assert.is(text, 'p50_ms      1.5\nshell       sh\nssh_p50_ms  not measured');
});

format.run();

const closest = suite('closestWord()');

closest('finds what was mistyped, and nothing that is far off', () => {
  const names = ['log', 'command', 'stream', 'verify', 'memory'];
  assert.is(closestWord('comand', names), 'command');
  assert.is(closestWord('logs', names), 'log');
  assert.is(closestWord('verfiy', names), 'verify');
  assert.is(closestWord('database', names), null);
  assert.is(closestWord('', names), null);
});

closest.run();

const quantiles = suite('quantile()');

quantiles('takes the nearest rank, in whatever order the samples come', () => {
  const samples = [3, 1, 2, 4];
  assert.is(quantile(samples, 0), 1);
  assert.is(quantile(samples, 0.5), 2);
  assert.is(quantile(samples, 0.99), 4);
  assert.is(quantile(samples, 1), 4);
  assert.equal(samples, [3, 1, 2, 4]);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

quantiles.run();

const program = suite('bench');

function run(...args: string[]): ReturnType<typeof runCommand> {
  const file = join(import.meta.dirname, 'main.ts');
  return runCommand(['node', file, ...args], { timeoutMs: TIMEOUT_MS });
}

program('lists the benchmarks when none is named', async () => {
  const { code, output } = await run();
  assert.is(code, 0);
  for (const name of listBenches()) assert.match(output, name);
});

program('refuses an unknown name with exit code 2 and a guess', async () => {
  const { code, output } = await run('comand', '--json');
  assert.is(code, 2);
  assert.match(output, 'did you mean "command"?');
});

program('refuses an unknown option with exit code 2', async () => {
  const { code, output } = await run('command', '--jsn');
  assert.is(code, 2);
  assert.match(output, '--jsn');
});

program('shows what there is when help is asked for, also of one', async () => {
  for (const args of [['--help'], ['-h'], ['command', '--help']]) {
    const { code, output } = await run(...args);
    assert.is(code, 0, args.join(' '));
    for (const name of listBenches()) assert.match(output, name);
  }
  assert.is((await run('comand', '--help')).code, 2);
});

program('gives a benchmark its own options, and refuses values that it does not know', async () => {
  const { code, output } = await run('console', '--only', 'nonsense');
  assert.is(code, 2);
  assert.match(output, 'keystroke, load, relay or fleet');
  assert.is((await run('console', '--appliances', 'many')).code, 2);
  assert.is((await run('log', '--only', 'relay')).code, 2);
});

program.run();
