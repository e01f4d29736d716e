import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import '#scripts/testing/deno-exit.ts';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { siteFingerprints } from '#crypto/site-fingerprints.ts';
import {
  enrolDirectly,
  openAppliance,
  openFolder,
  type ServedLink,
  type TestAppliance,
} from '#scripts/testing/agent-appliance.ts';
import { isRunning } from '#scripts/testing/process-state.ts';
import { openJournal } from './journal.ts';
import { identityFingerprint, isEnrolled, loadIdentity } from './identity.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/** The agent in a process of its own, on the runtime that runs this test. */
interface Program extends AsyncDisposable {
  readonly child: ChildProcess;
  /** All that it said on stderr and stdout so far. */
  readonly said: { err: string; out: string };
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
}

function startProgram(args: readonly string[], { input = '' } = {}): Program {
  const runtime = 'Deno' in globalThis ? ['run', '-A', MAIN] : [MAIN];
  const child = spawn(process.execPath, [...runtime, ...args], { stdio: 'pipe' });
  const said = { err: '', out: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  child.stdin.end(input);
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  return {
    child,
    said,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** An appliance whose log is at the real time, as the program's clock is. */
async function openApplianceNow(): Promise<TestAppliance> {
  return openAppliance({ startMs: Date.now() });
}

async function welcome(appliance: TestAppliance): Promise<ServedLink> {
  const link = await appliance.link();
  await link.send({ kind: 'welcome', runs: [] });
  return link;
}

/** Orders a command that stays; the real judge takes only lines that it can read. Gives its pid. */
async function startSleeper(
  link: ServedLink,
  { appliance, folder }: { appliance: TestAppliance; folder: string },
): Promise<{ run: string; pid: number }> {
  const { run: name, message } = await appliance.order('echo started; sleep 600');
  await link.send(message);
  await link.next('output');
  const text = await readFile(join(folder, 'running', name), 'utf8');
  return { run: name, pid: (JSON.parse(text) as { pid: number }).pid };
}

const run = suite('main.ts run');

run('runs orders, and leaves with 0 at SIGTERM, when its runs have ended', async () => {
  await using appliance = await openApplianceNow();
  await using folder = await openFolder();
  await enrolDirectly(folder.path, appliance);
  await using program = startProgram(['run', '--dir', folder.path]);
  const link = await welcome(appliance);
  const { run: name, pid } = await startSleeper(link, { appliance, folder: folder.path });
  // not child.kill(): Deno calls any end after that a signal's
  process.kill(program.child.pid ?? 0, 'SIGTERM');
  const exited = await link.next('exited');
  assert.is(exited.outcome, 'cancelled');
  await link.send({ kind: 'ack', run: name, next: exited.seq + 1 });
  assert.equal(await program.ended, { code: 0, signal: null });
  assert.not.ok(isRunning(pid));
  assert.ok(program.said.err.includes(`run ${name}: started`));
  assert.not.ok(program.said.err.includes('sleep'), 'no command is in the log');
  assert.is(program.said.out, '');
});

run('ends what it left running when it was killed, and does not run it again', async () => {
  await using appliance = await openApplianceNow();
  await using folder = await openFolder();
  const identity = await enrolDirectly(folder.path, appliance);
  await using program = startProgram(['run', '--dir', folder.path]);
  const link = await welcome(appliance);
  const { run: name, pid } = await startSleeper(link, { appliance, folder: folder.path });
  await program[Symbol.asyncDispose]();
  assert.ok(isRunning(pid), 'the command outlived its agent');
  assert.equal(await readdir(join(folder.path, 'running')), [name]);
  await using again = startProgram(['run', '--dir', folder.path, '--log', 'json']);
  const next = await welcome(appliance);
  assert.equal(next.hello.runs, [], 'the appliance is told that it is gone');
  assert.not.ok(isRunning(pid), 'it was ended before that');
  await again[Symbol.asyncDispose](); // all that it said has come
  const [first] = again.said.err.split('\n');
  const { event, run: orphan } = JSON.parse(first ?? '') as Record<string, unknown>;
  assert.equal([event, orphan], ['orphan', name]);
  await using journal = await openJournal(folder.path, {
    endpoint: identity.endpoint,
    logKey: appliance.site.log.key,
  });
  assert.is(journal.seen.size, appliance.site.log.size);
});

run('leaves with 4 when it was removed, at once at the next start, too', async () => {
  await using appliance = await openApplianceNow();
  await using folder = await openFolder();
  await enrolDirectly(folder.path, appliance);
  await using program = startProgram(['run', '--dir', folder.path]);
  const link = await welcome(appliance);
  await link.send({ kind: 'removed' });
  assert.is((await program.ended).code, 4);
  assert.match(
    program.said.err,
    /removed: the site removed this endpoint.*new token, and enrol: .*\n/,
  );
  await using again = startProgram(['run', '--dir', folder.path]);
  assert.is((await again.ended).code, 4);
  assert.match(
    again.said.err,
    /^Cannot open agent in ".*": the site removed this .* and enrol: .*\n$/,
  );
});

run('leaves with 4 when it was removed while it was away', async () => {
  await using appliance = await openApplianceNow();
  await using folder = await openFolder();
  await enrolDirectly(folder.path, appliance);
  await using program = startProgram(['run', '--dir', folder.path]);
  const link = await appliance.link();
  await link.send({ kind: 'removed' }); // instead of a welcome
  assert.is((await program.ended).code, 4);
  assert.match(program.said.err, /removed: the site removed this endpoint/);
});

run('runs on when nobody reads what it says any more', async () => {
  await using appliance = await openApplianceNow();
  await using folder = await openFolder();
  await enrolDirectly(folder.path, appliance);
  await using program = startProgram(['run', '--dir', folder.path]);
  const link = await appliance.link();
  const { child } = program;
  for (const stream of [child.stdout, child.stderr]) {
    const closed = once(stream ?? child, 'close');
    stream?.destroy();
    await closed;
  }
  await link.send({ kind: 'welcome', runs: [] });
  const { run: name, message } = await appliance.order('echo here');
  await link.send(message);
  const exited = await Promise.race([link.next('exited'), program.ended]);
  if (!('outcome' in exited)) throw new Error(`The agent ended with ${exited.code}`);
  assert.is(exited.outcome, 'exited');
  await link.send({ kind: 'ack', run: name, next: exited.seq + 1 });
  process.kill(child.pid ?? 0, 'SIGTERM');
  assert.equal(await program.ended, { code: 0, signal: null });
});

run('leaves with 2 for wrong use, and for a folder that it cannot use', async () => {
  await using appliance = await openApplianceNow();
  await using folder = await openFolder();
  await enrolDirectly(folder.path, appliance);
  await writeFile(join(folder.path, 'journal.jsonl'), 'damage\n');
  const uses = [[], ['run'], ['walk', '--dir', '/x'], ['run', '--dir', folder.path, '--log', 'xml'], ['run', '--dir', '/nowhere'], ['run', '--dir', folder.path], ['run', '--token', 'secret'], ['enrol', '--dir', '/x']]; // prettier-ignore
  const programs = uses.map((args) => startProgram(args));
  for (const [i, program] of programs.entries()) {
    assert.is((await program.ended).code, 2, uses[i]?.join(' '));
    assert.is.not(program.said.err, '');
  }
});

run.run();

const enrolling = suite('main.ts enrol');

enrolling('enrols by a token on stdin or in a file, and never names it', async () => {
  await using appliance = await openApplianceNow();
  await using folder = await openFolder();
  const token = appliance.token('frontdesk-1');
  const [one, two] = [join(folder.path, 'one'), join(folder.path, 'two')];
  const file = join(folder.path, 'token');
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  await using piped = startProgram(['enrol', '--dir', one, '--token-file', '-'], { input: token });
  await using read = startProgram(['enrol', '--dir', two, '--token-file', file]);
  for (const [program, path] of [
    [piped, one],
    [read, two],
  ] as const) {
    assert.is((await program.ended).code, 0, program.said.err);
    assert.ok(program.said.out.includes(appliance.site.endpoint));
    const identity = await loadIdentity(path);
    assert.is(identity.name, 'frontdesk-1');
    const fingerprint = await identityFingerprint(identity);
    assert.ok(program.said.out.includes(`Fingerprint of its key: ${fingerprint}\n`));
    const keys = siteFingerprints(appliance.pins);
    assert.ok(
      program.said.out.includes(
        `Keys of its site: appliance ${keys.appliance}, record ${keys.log}\n`,
      ),
    );
    assert.match(program.said.out, `Next, here: caisey agent run --dir ${path}\n`);
    assert.not.ok((program.said.out + program.said.err).includes(token.slice(10, 30)));
  }
});

enrolling(
  'leaves with 3 when the appliance refuses, and with 2 for a folder that is one already',
  async () => {
    await using appliance = await openApplianceNow();
    await using folder = await openFolder();
    const input = appliance.token('frontdesk-1');
    appliance.answerEnrolment = async () => ({
      kind: 'refused',
      code: 'token-used',
      message: 'Used.',
    });
    const args = ['enrol', '--dir', folder.path, '--token-file', '-'];
    await using refused = startProgram(args, { input });
    assert.is((await refused.ended).code, 3);
    assert.is(await isEnrolled(folder.path), false);
    await enrolDirectly(folder.path, appliance);
    await using again = startProgram(args, { input });
    assert.is((await again.ended).code, 2);
  },
);

enrolling('says in plain words what it cannot use, and leaves with 2', async () => {
  await using appliance = await openApplianceNow();
  await using folder = await openFolder();
  const token = appliance.token('frontdesk-1');
  const file = join(folder.path, 'file');
  await writeFile(file, 'caisey1.nonsense', { mode: 0o600 });
  const uses = [
    {
      args: ['--dir', folder.path, '--token-file', join(folder.path, 'none')],
      says: /no such file/,
    },
    { args: ['--dir', folder.path, '--token-file', file], says: /damaged or incomplete/ },
    { args: ['--dir', folder.path, '--token-file', '-'], says: /standard input/ },
    {
      args: ['--dir', join(file, 'below'), '--token-file', '-'],
      says: /is a file, not/,
      input: token,
    },
  ];
  for (const { args, says, input = '' } of uses) {
    await using program = startProgram(['enrol', ...args], { input });
    assert.is((await program.ended).code, 2, args.join(' '));
    assert.match(program.said.err, says);
    assert.not.match(program.said.err, /\n {4}at /, 'no stack');
  }
});

enrolling(
  'leaves with 4 when it reaches no appliance, and says that the token is good',
  async () => {
    await using folder = await openFolder();
    let input = '';
    {
      await using appliance = await openApplianceNow();
      input = appliance.token('frontdesk-1');
    }
    await using program = startProgram(['enrol', '--dir', folder.path, '--token-file', '-'], {
      input,
    });
    assert.is((await program.ended).code, 4);
    assert.match(program.said.err, /^Cannot dial.*\nIs the appliance running.*still good.*\n$/);
  },
);

enrolling.run();
