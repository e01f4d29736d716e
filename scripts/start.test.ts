// `npm start` as a process: where it does not start, and what becomes of it when its appliance ends.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { placesIn } from '#appliance/config.ts';
import { lockOwner } from '#appliance/ledger/lock.ts';
import { type Daemon, startDaemon } from './caisey-process.ts';
import { type CliSite, openCliSite } from './testing/cli-site.ts';
import { SpokenLines } from './testing/spoken-lines.ts';

const run = promisify(execFile);
const START = fileURLToPath(new URL('./start.ts', import.meta.url));

const start = suite('npm start');

start('says at once that the site runs already, by which process, and ends with 2', async () => {
  await using site = await openCliSite();
  const env = { ...process.env, CAISEY_HOME: site.home };
  const refused: unknown = await run(process.execPath, [START], { env, timeout: 60_000 }).catch(
    (error: unknown) => error,
  );
  const { code, stdout, stderr } = refused as { code: number; stdout: string; stderr: string };
  assert.is(code, 2);
  assert.is(stdout, '', 'it does not say that anything starts');
  assert.match(stderr, `runs already: process ${process.pid}`);
  assert.match(stderr, '/ip4/127.0.0.1/tcp/');
  assert.match(stderr, 'site status');
});

start('says how it is used, and refuses what it does not know', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-start-'));
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const env = { ...process.env, CAISEY_HOME: join(folder, 'home') };
  for (const args of [['--help'], ['-h'], ['--no-console', '--help']]) {
    const { stdout, stderr } = await run(process.execPath, [START, ...args], { env });
    for (const said of ['--no-console', '4010', 'CAISEY_HOME']) assert.match(stdout, said);
    assert.is(stderr, '');
  }
  assert.equal(await readdir(folder), [], 'nothing was started');
  const refused: unknown = await run(process.execPath, [START, '--now'], { env }).catch(
    (error: unknown) => error,
  );
  const { code, stderr } = refused as { code: number; stderr: string };
  assert.is(code, 2);
  assert.match(stderr, /^Cannot start: Unknown option '--now'\n\nUsage: npm start/);
});

start('founds nothing when the port that PORT names is taken', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-start-'));
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const other = createServer();
  await using _other = other;
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo; // it listens on a port
  const env = { ...process.env, CAISEY_HOME: join(folder, 'home'), PORT: String(port) };
  const refused: unknown = await run(process.execPath, [START], { env }).catch(
    (error: unknown) => error,
  );
  const { code, stderr } = refused as { code: number; stderr: string };
  assert.is(code, 1);
  assert.match(stderr, `port ${port} is taken`);
  assert.equal(await readdir(folder), []);
});

start('starts an appliance that was killed again; all ends when it is stopped', async () => {
  await using stage = await openStage();
  const { spoken, daemon, site } = stage;
  await spoken.when(/Ctrl\+C stops everything/);
  const killed = await applianceOf(site);
  process.kill(killed, 'SIGKILL');
  await spoken.when(/appliance has ended \(by a signal\).*again in 2 s \(try 1 of 3\)/);
  await spoken.when(/The appliance runs again/);
  const next = await applianceOf(site);
  assert.is.not(next, killed);
  assert.is((await site.run(['ls'])).code, 0);
  process.kill(next, 'SIGTERM');
  await spoken.when(/The appliance was stopped, so everything ends/);
  assert.is(await daemon.ended, 1);
});

start(
  'does not start an appliance again that cannot trust its log, and says the way out',
  async () => {
    await using stage = await openStage();
    const { spoken, daemon, site } = stage;
    await spoken.when(/Ctrl\+C stops everything/);
    process.kill(await applianceOf(site), 'SIGKILL'); // first: it writes there
    await rm(placesIn(join(site.home, 'appliance')).second, { recursive: true });
    await spoken.when(/The appliance did not come up \(exit code 5\)/);
    await spoken.when(/It refuses its log, and is not started again/);
    await spoken.when(/log fsck --offline/);
    await spoken.when(/Without its appliance nothing here is of use, so everything ends/);
    assert.is(await daemon.ended, 1);
    const again = stage.start();
    assert.is(await again.ended, 1);
    assert.is(spoken.all.filter((line) => line.includes('It refuses its log')).length, 2);
  },
);

start.run();

/** `npm start` without a console, of a site that was founded before. */
async function openStage() {
  await using stack = new AsyncDisposableStack();
  const site = stack.use(await openCliSite());
  await site.stopAppliance();
  const spoken = new SpokenLines();
  const daemons = stack.use(new AsyncDisposableStack());
  const begin = (): Daemon =>
    daemons.use(
      startDaemon(
        { program: process.execPath, args: [START, '--no-console'] },
        { home: site.home, onLine: spoken.of('start') },
      ),
    );
  const daemon = begin();
  const opened = stack.move();
  return {
    ...{ site, spoken, daemon },
    start: begin,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function applianceOf({ home }: CliSite): Promise<number> {
  const pid = await lockOwner(placesIn(join(home, 'appliance')).log);
  if (pid === null) throw new Error('Cannot find the appliance: none runs');
  return pid;
}
