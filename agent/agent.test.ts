import '#scripts/testing/deno-exit.ts';

import { Buffer } from 'node:buffer';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { signCheckpoint } from '#crypto/checkpoint.ts';
import { sha256 } from '#crypto/hash.ts';
import type { WorkOrder } from '#crypto/work-order.ts';
import {
  createInbox,
  enrolDirectly,
  type Inbox,
  nextEvent,
  openAppliance,
  openFolder,
  type ServedLink,
  type TestAppliance,
} from '#scripts/testing/agent-appliance.ts';
import { isRunning } from '#scripts/testing/process-state.ts';
import { workOrderOf } from '#scripts/testing/site-story.ts';
import { storyJudge } from '#scripts/testing/story-policy.ts';
import { type Agent, type AgentEvent, type AgentOptions, openAgent } from './agent.ts';
import { AgentError } from './error.ts';
import {
  type AgentMessageOf,
  type ApplianceMessage,
  MAX_OUTPUT_BYTES,
  MAX_UNACKNOWLEDGED_BYTES,
} from './protocol/link-message.ts';

interface Stage extends AsyncDisposable {
  readonly appliance: TestAppliance;
  readonly folder: string;
  readonly events: Inbox<AgentEvent>;
  /** Opens the agent anew; the last one must have been disposed. */
  open(options?: Partial<AgentOptions>): Promise<Agent>;
}

async function openStage(): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const appliance = stack.use(await openAppliance());
  const folder = stack.use(await openFolder()).path;
  await enrolDirectly(folder, appliance);
  const events = createInbox<AgentEvent>();
  const open = async (options: Partial<AgentOptions> = {}): Promise<Agent> =>
    openAgent({
      folder,
      signal: new AbortController().signal,
      onEvent: (event) => events.put(event),
      judge: storyJudge,
      now: () => appliance.site.nowMs,
      random: () => 0,
      backoff: { firstMs: 1, maxMs: 1 },
      mdns: false,
      stopMs: 1, // most tests leave runs behind whose end nobody acknowledges
      ...options,
    });
  const held = stack.move();
  return { appliance, folder, events, open, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** The next link, welcomed. */
async function welcome(
  appliance: TestAppliance,
  runs: { run: string; next: number }[] = [],
): Promise<ServedLink> {
  const link = await appliance.link();
  await link.send({ kind: 'welcome', runs });
  return link;
}

function textOf(outputs: readonly AgentMessageOf<'output'>[]): string {
  return Buffer.concat(outputs.map(({ data }) => Buffer.from(data, 'base64'))).toString();
}

const agent = suite('openAgent()');

agent('runs an order that holds: output, then its end, each with the next seq', async () => {
  await using stage = await openStage();
  const { appliance } = stage;
  await using _ = await stage.open();
  const link = await welcome(appliance);
  const { run, message } = await appliance.order('printf hello');
  await link.send(message);
  const output = await link.next('output');
  assert.is(textOf([output]), 'hello');
  const { kind, run: _run, seq, offset, stream } = output;
  assert.equal(
    { kind, run: _run, seq, offset, stream },
    {
      kind: 'output',
      run,
      seq: 0,
      offset: 0,
      stream: 'stdout',
    },
  );
  const exited = await link.next('exited');
  assert.is(exited.run, run);
  assert.is(exited.seq, 1);
  assert.is(exited.outcome, 'exited');
  assert.is(exited.exitCode, 0);
  assert.is(exited.stdoutBytes, 5);
  assert.equal((await link.next('seen')).size, appliance.site.log.size);
  await link.send({ kind: 'ack', run, next: 2 });
});

async function untilGone(pid: number): Promise<void> {
  while (isRunning(pid)) await turn();
}

/** Lets timers and the disk go on for a moment. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

/** Starts a command that prints its pid and then stays; gives the pid. */
async function startSleeper(
  link: ServedLink,
  appliance: TestAppliance,
  options: { seen?: number } = {},
): Promise<{ run: string; pid: number }> {
  const { run, message } = await appliance.order('echo $$; exec sleep 600', options);
  await link.send(message);
  return { run, pid: Number(textOf([await link.next('output')])) };
}

agent('says who it is, what it saw, and what it can run', async () => {
  await using stage = await openStage();
  const { appliance } = stage;
  await using _ = await stage.open();
  const { hello } = await welcome(appliance);
  assert.is(hello.endpoint, appliance.site.endpoint);
  assert.match(hello.software, /^caisey-agent\/\d/);
  assert.is(hello.seen, await appliance.site.log.checkpoint(appliance.site.enrolled.leaf.i + 1));
  assert.ok(hello.shells.includes('sh'));
  assert.equal(hello.runs, []);
});

agent('beats while it is connected', async () => {
  await using stage = await openStage();
  await using _ = await stage.open({ heartbeatMs: 1 });
  const link = await welcome(stage.appliance);
  for (let i = 0; i < 3; i++) assert.ok((await link.next('heartbeat')).host.cpuCount > 0);
});

agent('refuses an order that does not hold, and goes on', async () => {
  await using stage = await openStage();
  const { appliance, events } = stage;
  await using _ = await stage.open();
  const link = await welcome(appliance);
  const { message } = await appliance.order('printf one');
  const another = await appliance.order('printf two');
  await link.send({ ...message, run: another.run });
  const { run, code, seenSize } = await link.next('refused');
  assert.equal({ run, code }, { run: another.run, code: 'wrong-run' });
  assert.is((await nextEvent(events, 'refused')).code, 'wrong-run');
  const { seen } = message.order;
  assert.is.not(seenSize, seen, 'its checkpoint held');
  const third = await appliance.order('printf three', { seen: seenSize });
  await link.send(third.message);
  assert.is(textOf([await link.next('output')]), 'three');
});

agent('names the size that a stale proof must start from', async () => {
  await using stage = await openStage();
  const { appliance } = stage;
  await using _ = await stage.open();
  const link = await welcome(appliance);
  const { message } = await appliance.order('printf one', { seen: 2 });
  await link.send(message);
  const { code, seenSize } = await link.next('refused');
  assert.is(code, 'consistency');
  assert.is(seenSize, appliance.site.enrolled.leaf.i + 1);
});

agent('sends again over the next link exactly what was not acknowledged', async () => {
  await using stage = await openStage();
  const { appliance, folder } = stage;
  const gate = join(folder, 'gate');
  await using _ = await stage.open();
  const first = await welcome(appliance);
  const lines = 'for i in 1 2 3; do echo $i; done';
  const command = `${lines}; while [ ! -e ${gate} ]; do sleep 0.01; done; ${lines}`;
  const { run, message } = await appliance.order(command);
  await first.send(message);
  const told: AgentMessageOf<'output'>[] = [];
  while (textOf(told) !== '1\n2\n3\n') told.push(await first.next('output'));
  const acknowledged = told.length - 1;
  await first.send({ kind: 'ack', run, next: acknowledged });
  for (let cuts = 0; cuts < 3; cuts++) {
    appliance.node.disconnect(first.talk.remotePeer);
    const link = await appliance.link();
    const next = link.hello.runs[0]?.next ?? -1;
    assert.ok(next >= 0 && next <= acknowledged, 'the ack may have been lost with the link');
    await link.send({ kind: 'welcome', runs: [{ run, next: acknowledged }] });
    assert.equal(await link.next('output'), told[acknowledged], 'the one, and the same');
    if (cuts < 2) continue;
    await writeFile(gate, '');
    const rest: AgentMessageOf<'output'>[] = [];
    while (textOf(rest) !== '1\n2\n3\n') rest.push(await link.next('output'));
    const exited = await link.next('exited');
    const seqs = [...told, ...rest, exited].map(({ seq }) => seq);
    assert.equal(seqs, [...seqs.keys()], 'no seq twice, none missing');
    assert.is(rest[0]?.offset, 6);
    assert.is(exited.stdoutBytes, 12);
    const sent = link.said.all.filter(({ kind }) => kind === 'output');
    assert.is(sent.length, 1 + rest.length);
  }
});

agent('tells an end that came while there was no link', async () => {
  await using stage = await openStage();
  const { appliance, events } = stage;
  await using _ = await stage.open();
  const link = await welcome(appliance);
  const { run, pid } = await startSleeper(link, appliance);
  appliance.node.disconnect(link.talk.remotePeer);
  const next = await appliance.link();
  process.kill(pid, 'SIGKILL');
  await nextEvent(events, 'ended');
  assert.equal(next.hello.runs, [{ run, next: 0 }]);
  await next.send({ kind: 'welcome', runs: [{ run, next: 1 }] });
  const exited = await next.next('exited');
  assert.is(exited.seq, 1);
  assert.is(exited.signal, 'SIGKILL');
  await next.send({ kind: 'ack', run, next: 2 });
  await next.talk[Symbol.asyncDispose]();
  assert.equal((await appliance.link()).hello.runs, [], 'what the log has is held no more');
});

agent('ends a run that the appliance does not know after a loss', async () => {
  await using stage = await openStage();
  const { appliance, events } = stage;
  await using _ = await stage.open();
  const link = await welcome(appliance);
  const { run, pid } = await startSleeper(link, appliance);
  appliance.node.disconnect(link.talk.remotePeer);
  await welcome(appliance, []);
  assert.is((await nextEvent(events, 'dropped')).run, run);
  await untilGone(pid);
});

for (const [name, next] of [
  ['already let go', -1],
  ['not yet made', 2],
] as const) {
  agent(`ends a run of which the log wants a piece that was ${name}`, async () => {
    await using stage = await openStage();
    const { appliance, events } = stage;
    await using _ = await stage.open();
    const link = await welcome(appliance);
    const { run, pid } = await startSleeper(link, appliance);
    await link.send({ kind: 'ack', run, next: 1 });
    const { message } = await appliance.order('printf x', { seen: appliance.site.log.size });
    await link.send(message);
    await link.next('exited'); // so the ack has arrived
    appliance.node.disconnect(link.talk.remotePeer);
    await welcome(appliance, [{ run, next: next < 0 ? 0 : next }]);
    await events.take((event) => event.kind === 'dropped' && event.run === run);
    await untilGone(pid);
  });
}

agent('ends its runs when no link comes back in time', async () => {
  await using stage = await openStage();
  const { appliance, events } = stage;
  await using _ = await stage.open({ resumeMs: 1 });
  const link = await welcome(appliance);
  const { run, pid } = await startSleeper(link, appliance);
  appliance.node.disconnect(link.talk.remotePeer);
  assert.is((await nextEvent(events, 'dropped')).run, run);
  await nextEvent(events, 'ended'); // its process is gone a moment before it is forgotten
  await untilGone(pid);
  assert.equal(await readdir(join(stage.folder, 'running')), []);
});

agent('cancels a run with all that it started', async () => {
  await using stage = await openStage();
  const { appliance } = stage;
  await using _ = await stage.open();
  const link = await welcome(appliance);
  const { run, message } = await appliance.order('sleep 600 & echo $!; wait');
  await link.send(message);
  const child = Number(textOf([await link.next('output')]));
  await link.send({ kind: 'cancel', run });
  assert.is((await link.next('exited')).outcome, 'cancelled');
  await untilGone(child);
});

agent('holds a run back whose output is not acknowledged, within the bound', async () => {
  await using stage = await openStage();
  const { appliance } = stage;
  await using _ = await stage.open();
  const link = await welcome(appliance);
  const total = 8 * MAX_UNACKNOWLEDGED_BYTES;
  const command = `head -c ${total} /dev/zero`;
  const { run, message } = await appliance.order(command, { outputLimit: total });
  await link.send(message);
  let got = 0;
  let next = 0;
  const take = async (): Promise<void> => {
    const { data, seq } = await link.next('output');
    assert.is(seq, next++);
    got += Buffer.from(data, 'base64').length;
  };
  let acknowledged = 0;
  while (acknowledged < total) {
    const bound = Math.min(acknowledged + MAX_UNACKNOWLEDGED_BYTES, total);
    while (got <= bound - MAX_OUTPUT_BYTES || (bound === total && got < total)) await take();
    // The agent says what it may at once: another run's answer comes after all of that.
    await answerOf(link, appliance);
    const said = link.said.all.filter((each) => each.kind === 'output' && each.run === run).length;
    while (next < said) await take();
    assert.ok(got <= bound, `${got - acknowledged} bytes are in flight`);
    await link.send({ kind: 'ack', run, next });
    acknowledged = got;
  }
  assert.is((await link.next('exited')).stdoutBytes, total);
});

/** Has the agent answer something, so that what it said before has come. */
async function answerOf(link: ServedLink, { site }: TestAppliance): Promise<void> {
  const note = await site.log.checkpoint();
  await link.send({ kind: 'checkpoint', note, seen: 1, consistency: [] }); // not what it saw last
  await link.next('seen');
}

agent('stops at the word that it was removed, and cannot be opened again', async () => {
  await using stage = await openStage();
  const { appliance, events } = stage;
  await using running = await stage.open();
  const link = await welcome(appliance);
  const { pid } = await startSleeper(link, appliance);
  await link.send({ kind: 'removed' });
  assert.is(await running.done, 'removed');
  assert.not.ok(isRunning(pid));
  assert.ok(events.all.some(({ kind }) => kind === 'removed'));
  const error: unknown = await stage.open().catch((cause: unknown) => cause);
  assert.ok(error instanceof AgentError);
  assert.is(error.code, 'removed');
});

agent('ends its runs and tells how, when it is stopped', async () => {
  await using stage = await openStage();
  const { appliance } = stage;
  const stop = new AbortController();
  await using running = await stage.open({ signal: stop.signal, stopMs: 60_000 });
  const link = await welcome(appliance);
  const { run, pid } = await startSleeper(link, appliance);
  stop.abort();
  const exited = await link.next('exited');
  assert.is(exited.outcome, 'cancelled');
  assert.not.ok(isRunning(pid));
  await link.send({ kind: 'ack', run, next: exited.seq + 1 });
  await link.closed;
  assert.is(await running.done, 'stopped');
});

agent('refuses orders while it is being stopped', async () => {
  await using stage = await openStage();
  const { appliance } = stage;
  const stop = new AbortController();
  await using running = await stage.open({ signal: stop.signal, stopMs: 60_000 });
  const link = await welcome(appliance);
  const { run } = await startSleeper(link, appliance);
  stop.abort();
  const { message } = await appliance.order('printf x', { seen: appliance.site.log.size });
  await link.send(message);
  assert.is((await link.next('refused')).code, 'busy');
  const { seq } = await link.next('exited');
  await link.send({ kind: 'ack', run, next: seq + 1 });
  await running.done;
});

agent('holds its folder alone', async () => {
  await using stage = await openStage();
  await using _ = await stage.open();
  const error: unknown = await stage.open().catch((cause: unknown) => cause);
  assert.ok(error instanceof AgentError);
  assert.is(error.code, 'folder-busy');
});

agent('starts no order twice, though it was opened anew in between', async () => {
  await using stage = await openStage();
  const { appliance } = stage;
  const { message } = await appliance.order('printf once');
  {
    await using _ = await stage.open();
    const link = await welcome(appliance);
    await link.send(message);
    await link.next('exited');
  }
  await using _ = await stage.open();
  const link = await welcome(appliance);
  const again = await workOrderAgain(appliance, message.run);
  await link.send({ kind: 'order', run: message.run, order: again });
  assert.is((await link.next('refused')).code, 'replayed');
});

async function workOrderAgain(appliance: TestAppliance, run: string): Promise<WorkOrder> {
  const { site, session } = appliance;
  const started = site.log.entries.find(({ name }) => name === run);
  if (started === undefined) throw new Error('expected the run in the log');
  return workOrderOf({ session }, started, { seen: site.log.size });
}

agent(
  'witnesses checkpoints, raises the alarm over a fork, again on each link, and runs nothing',
  async () => {
    await using stage = await openStage();
    const { appliance, events } = stage;
    const { log, enrolled } = appliance.site;
    const seen = enrolled.leaf.i + 1;
    await using _ = await stage.open();
    const link = await welcome(appliance);
    const note = await log.checkpoint();
    const consistency = log.proveConsistency(seen).map(encodeBase64url);
    await link.send({ kind: 'checkpoint', note, seen, consistency });
    assert.is((await link.next('seen')).size, log.size);
    const root = sha256(encodeUtf8('another history'));
    const forged = await signCheckpoint({ origin: log.origin, size: log.size, root }, log.signer);
    await link.send({ kind: 'checkpoint', note: forged, seen: log.size, consistency: [] });
    const alarm = await link.next('alarm');
    assert.equal([alarm.code, alarm.seen, alarm.offered], ['fork', note, forged]);
    assert.is((await nextEvent(events, 'alarm')).code, 'fork');
    const { message } = await appliance.order('printf x', { seen: log.size });
    await link.send(message);
    assert.is((await link.next('refused')).code, 'fork');
    await link.talk[Symbol.asyncDispose]();
    const next = await welcome(appliance);
    assert.equal(await next.next('alarm'), alarm);
  },
);

for (const way of ['checkpoint', 'order'] as const) {
  agent(
    `drops a link over a proof in no form by ${way}, and holds no fork against it`,
    async () => {
      await using stage = await openStage();
      const { appliance, events } = stage;
      const { log } = appliance.site;
      await using _ = await stage.open();
      const link = await welcome(appliance);
      const { message } = await appliance.order('printf x');
      const { seen } = message.order;
      const consistency = log.proveConsistency(seen).map(encodeBase64url).slice(1);
      await link.send(
        way === 'order'
          ? { ...message, order: { ...message.order, consistency } }
          : { kind: 'checkpoint', note: await log.checkpoint(), seen, consistency },
      );
      if (way === 'order') assert.is((await link.next('refused')).code, 'proof');
      await link.closed;
      const next = await welcome(appliance);
      await next.send(message);
      assert.is(textOf([await next.next('output')]), 'x');
      assert.not.ok(events.all.some(({ kind }) => kind === 'alarm'));
    },
  );
}

agent('bears with a newer appliance: an unknown message is passed over', async () => {
  await using stage = await openStage();
  const { appliance } = stage;
  await using _ = await stage.open();
  const link = await welcome(appliance);
  const dance = { kind: 'dance' } as unknown as ApplianceMessage; // from a later version
  await link.send(dance);
  const { message } = await appliance.order('printf x');
  await link.send(message);
  assert.is(textOf([await link.next('output')]), 'x');
});

for (const [name, messages] of Object.entries<ApplianceMessage[]>({
  'says welcome twice': [
    { kind: 'welcome', runs: [] },
    { kind: 'welcome', runs: [] },
  ],
  'does not say welcome first': [{ kind: 'cancel', run: 'r'.repeat(43) }],
})) {
  agent(`leaves an appliance that ${name}, and tries again`, async () => {
    await using stage = await openStage();
    const { appliance } = stage;
    await using _ = await stage.open();
    const link = await appliance.link();
    for (const message of messages) await link.send(message);
    await link.closed;
    await welcome(appliance);
  });
}

agent.run();
