import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openOnsiteStage, type OnsiteStage, PINS } from '#scripts/testing/onsite-stage.ts';
import { createPageVisitor } from '#scripts/testing/page-visitor.ts';
import { type Course, createCourseReader, isPending } from './course.ts';

/** Approves a request, as Carol. */
async function approve(stage: OnsiteStage, hash: string): Promise<void> {
  const { carol: pin } = PINS;
  await stage.pinDesk.decide({
    ...{ request: hash, approver: 'carol', pin, decision: 'approve', comment: null },
  });
}

/** Resolves when the log holds so many entries of a kind. */
async function untilLogged(stage: OnsiteStage, kind: 'command.started', count = 1): Promise<void> {
  while ((await stage.entries(kind)).length < count) await new Promise(setImmediate);
}

const reader = suite('createCourseReader()');

reader('tells a run that goes on, and its end, by the entries that say so', async () => {
  await using stage = await openOnsiteStage();
  const read = createCourseReader(stage.ledger);
  const course = (): Promise<Course> => read(stage.requests.show(hash));
  stage.hold = 'until-released';
  const { hash, outcome } = await stage.ask();
  assert.equal(await course(), { decisions: [], run: null });
  await approve(stage, hash);
  await untilLogged(stage, 'command.started');
  const [started] = await stage.entries('command.started');
  const { run, decisions } = await course();
  assert.equal(
    decisions.map(({ kind, approver }) => [kind, approver]),
    [['approval.granted', 'Carol Miller']],
  );
  assert.is(run?.state, 'running');
  assert.is(run?.state === 'running' && run.index, started?.index);
  assert.is(isPending(run), true);
  stage.hold = 'no';
  assert.is((await outcome).outcome, 'cancelled');
  const { run: ended } = await course();
  assert.is(ended?.state === 'ended' && ended.fields?.outcome, 'cancelled');
  const [exited] = await stage.entries('command.exited');
  assert.is(ended?.state === 'ended' && ended.index, exited?.index);
  assert.is(isPending(ended), false);
});

reader('tells the run of this request, not that of another in its session', async () => {
  await using stage = await openOnsiteStage();
  const read = createCourseReader(stage.ledger);
  const first = await stage.ask({ command: 'reboot' });
  const second = await stage.ask({ command: 'halt' });
  await approve(stage, second.hash);
  assert.is((await second.outcome).outcome, 'exited');
  assert.is((await read(stage.requests.show(first.hash))).run, null);
  const { run } = await read(stage.requests.show(second.hash));
  assert.is(run?.state === 'ended' && run.fields?.exit_code, 0);
});

reader('tells that an approved command was refused after all', async () => {
  await using stage = await openOnsiteStage();
  const read = createCourseReader(stage.ledger);
  const { hash, outcome } = await stage.ask();
  stage.isOnline = false;
  await approve(stage, hash);
  assert.is((await outcome).outcome, 'refused');
  const { run } = await read(stage.requests.show(hash));
  assert.is(run?.state === 'refused' && run.fields?.code, 'endpoint-offline');
});

reader('tells that a session ended before its command began', async () => {
  await using stage = await openOnsiteStage();
  const read = createCourseReader(stage.ledger);
  const { hash, outcome } = await stage.ask();
  stage.crash('command.started');
  await approve(stage, hash);
  await outcome.catch(() => undefined);
  assert.is((await read(stage.requests.show(hash))).run?.state, 'ahead');
  const session = await stage.session();
  const closing = { by: 'Alice Ash', reason: 'technician', note: null, ticket: null } as const;
  await stage.sessions.closeSession(session, closing);
  const { run } = await read(stage.requests.show(hash));
  const [closed] = await stage.entries('session.closed');
  assert.is(run?.state === 'never' && run.index, closed?.index);
});

reader.run();

const receipt = suite('decidedPage()');

receipt('looks again by itself as long as its command has not ended, and no longer', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  stage.hold = 'until-released';
  const { hash, outcome } = await stage.ask();
  await approve(stage, hash);
  await untilLogged(stage, 'command.started');
  const path = `/requests/${hash}/receipt`;
  const running = await visitor.get(`${path}?refresh=5`);
  assert.is(running.headers.get('Refresh'), '5');
  assert.match(running.text, 'Still running.');
  assert.match(running.text, 'nothing so far');
  const plain = await visitor.get(path);
  assert.is(plain.headers.get('Refresh'), null);
  assert.match(plain.text, `${path}?refresh=5`);
  stage.hold = 'no';
  await outcome;
  const ended = await visitor.get(`${path}?refresh=5`);
  assert.is(ended.headers.get('Refresh'), null);
  assert.match(ended.text, 'It was stopped while it ran.');
});

receipt.run();
