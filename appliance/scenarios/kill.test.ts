// Kill -9, at any moment, of real processes. What was acknowledged is there afterwards; nothing ran that is not
// in the log; what was interrupted is closed as such; and everything goes on. On Node and on Deno.

import { access, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openJudge } from '#agent/policy/decide.ts';
import type { Client } from '../protocol/client.ts';
import { type CheckedEntry, checkShownEntry } from '../protocol/shown-entry.ts';
import { verifyEvidence } from '#crypto/evidence.ts';
import { parseVerifierKey } from '#crypto/key.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import { type PolicyRules, presetPolicy } from '#crypto/policy.ts';
import { openProcessSite, type ProcessSite, type Runtime } from '#scripts/testing/process-site.ts';
import { openWorkingSession, type WorkingSession } from '#scripts/testing/technician.ts';

const RUNTIMES: readonly Runtime[] = ['node', 'deno'];

/** Times that the appliance is killed in one test: after so many entries of the session, each. */
const KILLED_AFTER = [2, 5, 11];

const killedAppliance = suite('appliance, kill -9');
const killedAgent = suite('agent, kill -9');

for (const runtime of RUNTIMES) {
  killedAppliance(`loses nothing acknowledged, runs nothing unrecorded (${runtime})`, async () => {
    await using folder = await temporaryFolder();
    await using site = await openProcessSite({ rules: rulesFor(folder.path) });
    const { endpoint } = await site.addAgent({ name: 'srv', runtime });
    const seen = new Map<number, string>();
    const started: string[] = [];
    const sessions: string[] = [];
    for (const [round, after] of KILLED_AFTER.entries()) {
      const work = await workUntilKilled({ site, endpoint, folder: folder.path, round, after });
      for (const { leaf, name } of work.entries) seen.set(leaf.i, name);
      sessions.push(work.session);
      await site.restart();
      await whenOnline(site, endpoint);
    }
    await using client = await site.connect(site.technician);
    for (const session of sessions) {
      const entries = await readSession(client, session);
      for (const { leaf, name } of entries) {
        const known = seen.get(leaf.i);
        if (known !== undefined) assert.is(name, known, `entry ${leaf.i} is what was shown`);
        seen.delete(leaf.i);
        if (leaf.k === 'command.started') started.push(commandOf(entries, name));
      }
      assert.is(entries.at(-1)?.leaf.k, 'session.abandoned');
      assert.equal(unended(entries), [], 'every command of it has an end');
      await checkEvidence(site, client, session);
    }
    assert.is(seen.size, 0, 'every entry that was shown is in the log');
    for (const file of await readdir(folder.path)) {
      assert.ok(started.includes(`touch ${join(folder.path, file)}`), `${file} is on record`);
    }
    await checkLog(site);
  });

  killedAppliance(`ends a command that was running, and kills it (${runtime})`, async () => {
    await using folder = await temporaryFolder();
    await using site = await openProcessSite({ rules: rulesFor(folder.path) });
    const { endpoint } = await site.addAgent({ name: 'srv', runtime });
    let session: string;
    {
      await using client = await site.connect(site.technician);
      const work = await openSession(site, client, endpoint);
      ({ session } = work);
      const command = `tail -n 7 -f ${import.meta.filename}`;
      work.run(command).catch(() => undefined); // the appliance dies under it
      await work.entry(isOutputOf(work, command));
      site.appliance.child.kill('SIGKILL');
      await site.appliance.ended;
    }
    await site.restart();
    await whenOnline(site, endpoint);
    await using client = await site.connect(site.technician);
    const entries = await readSession(client, session);
    const exited = entries.find(({ leaf }) => leaf.k === 'command.exited');
    assert.is(outcomeOf(exited), 'interrupted');
    assert.is(entries.at(-1)?.leaf.k, 'session.abandoned');
    const next = await openSession(site, client, endpoint);
    assert.is((await next.run('true')).outcome, 'exited');
    await next.close();
    await checkEvidence(site, client, session);
  });

  killedAgent(
    `has its command closed as interrupted, and runs none twice (${runtime})`,
    async () => {
      await using folder = await temporaryFolder();
      await using site = await openProcessSite({ rules: rulesFor(folder.path) });
      const agent = await site.addAgent({ name: 'srv', runtime });
      await using client = await site.connect(site.technician);
      const work = await openSession(site, client, agent.endpoint);
      for (let round = 0; round < 3; round++) {
        const command = `tail -n ${round + 1} -f ${import.meta.filename}`;
        const running = work.run(command);
        await work.entry(isOutputOf(work, command));
        agent.daemon.child.kill('SIGKILL');
        await agent.daemon.ended;
        await agent.restart();
        assert.is((await running).outcome, 'interrupted');
        assert.is((await work.run(`touch ${join(folder.path, String(round))}`)).exitCode, 0);
        await access(join(folder.path, String(round)));
      }
      await work.close();
      assert.equal(unended(work.entries), []);
      await checkEvidence(site, client, work.session);
    },
  );
}

killedAppliance.run();
killedAgent.run();

/** Works in a session, a file a command, and kills the appliance when so many entries were shown. */
async function workUntilKilled({
  site,
  endpoint,
  folder,
  round,
  after,
}: {
  site: ProcessSite;
  endpoint: string;
  folder: string;
  round: number;
  after: number;
}): Promise<WorkingSession> {
  await using client = await site.connect(site.technician);
  const work = await openSession(site, client, endpoint);
  const commands = Array.from({ length: 12 }, (_, i) => join(folder, `${round}-${i}`));
  for (const path of commands) work.run(`touch ${path}`).catch(() => undefined); // it dies under them
  await work.entry(({ leaf }) => (leaf.n ?? 0) >= after);
  site.appliance.child.kill('SIGKILL');
  await site.appliance.ended;
  return work;
}

function openSession(site: ProcessSite, client: Client, endpoint: string): Promise<WorkingSession> {
  return openWorkingSession(client, {
    ...{ as: site.technician, endpoint },
    log: parseVerifierKey(site.log).name,
  });
}

async function readSession(client: Client, session: string): Promise<readonly CheckedEntry[]> {
  const entries: CheckedEntry[] = [];
  await client.call(
    'session.read',
    { session, from: 0, follow: false },
    {
      onEvent: (event) => {
        if (event.kind === 'entry') entries.push(checkShownEntry(event.entry));
      },
    },
  );
  return entries;
}

async function whenOnline(site: ProcessSite, endpoint: string): Promise<void> {
  await using client = await site.connect(site.owner);
  for (;;) {
    const { endpoints } = await client.call('endpoint.list', {});
    const found = endpoints.find((candidate) => candidate.endpoint === endpoint);
    if (found?.state === 'online') return;
  }
}

/** Commands of a session that have no end on record. */
function unended(entries: readonly CheckedEntry[]): readonly string[] {
  const open = new Set<string>();
  for (const { leaf, name } of entries) {
    if (leaf.k === 'command.started') open.add(name);
    if (leaf.k === 'command.exited' || leaf.k === 'command.refused') {
      open.delete(leaf.ref?.command ?? '');
    }
  }
  return [...open];
}

function commandOf(entries: readonly CheckedEntry[], name: string): string {
  const { fields } = entries.find((entry) => entry.name === name)?.opened ?? { fields: {} };
  return (fields as Partial<FieldsOf<'command.started'>>).command ?? '';
}

function outcomeOf(entry: CheckedEntry | undefined): string | undefined {
  return (entry?.opened.fields as Partial<FieldsOf<'command.exited'>> | undefined)?.outcome;
}

/** An entry of output shows that its command runs: the endpoint had the order. */
function isOutputOf(work: WorkingSession, command: string): (entry: CheckedEntry) => boolean {
  return ({ leaf }) =>
    leaf.k === 'command.output' && commandOf(work.entries, leaf.ref?.command ?? '') === command;
}

/** Exports a session and has it verified as an insurer would. */
async function checkEvidence(site: ProcessSite, client: Client, session: string): Promise<void> {
  const chunks: Buffer[] = [];
  await client.call(
    'records.export',
    { session },
    {
      onEvent: (event) => {
        if (event.kind === 'chunk') chunks.push(Buffer.from(event.data, 'base64'));
      },
    },
  );
  const key = parseVerifierKey(site.log);
  const report = await verifyEvidence(Buffer.concat(chunks), {
    trust: {
      policy: { logs: [{ key }], witnesses: [], groups: [], quorum: null },
      sites: [{ log: key.name, mspRoot: site.root.key, authorityKey: site.authority.key }],
    },
    judge: await openJudge(),
  });
  const failed = report.checks.filter(({ outcome }) => outcome === 'failed');
  assert.equal(failed, [], `evidence of ${session}`);
  assert.is(report.verdict, 'verified');
}

/** Has the log examine itself. */
async function checkLog(site: ProcessSite): Promise<void> {
  await using owner = await site.connect(site.owner);
  const { problems, firstBad } = await owner.call('log.fsck', {});
  assert.equal(problems, []);
  assert.is(firstBad, null);
}

/** Touching files of one folder, and following a file for ever, need no approval. */
function rulesFor(folder: string): PolicyRules {
  const standard = presetPolicy('standard', 'UTC');
  return {
    ...standard,
    rules: [
      { id: 'touch', effect: 'allow', programs: ['touch'], arguments: [`${folder}/*`] },
      { id: 'follow', effect: 'allow', programs: ['tail'], arguments: ['**'] },
      ...standard.rules,
    ],
  };
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'caisey-kill-'));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
