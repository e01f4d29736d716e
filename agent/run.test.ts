import { Buffer } from 'node:buffer';

import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createInbox, type Inbox } from '#scripts/testing/agent-appliance.ts';
import { ProtocolError } from './protocol/error.ts';
import {
  type AgentMessage,
  MAX_OUTPUT_BYTES,
  MAX_UNACKNOWLEDGED_BYTES,
} from './protocol/link-message.ts';
import { type Execute, Run } from './run.ts';
import type { OutputChunk } from './shell/output.ts';
import type { ShellResult } from './shell/shell.ts';

const RESULT: ShellResult = {
  outcome: 'exited',
  exitCode: 0,
  signal: null,
  stdoutBytes: 0,
  stderrBytes: 0,
  droppedBytes: 0,
  durationMs: 1,
  problem: null,
};

const REQUEST = { shell: 'sh', command: 'x', cwd: null, env: {}, timeoutMs: 1, maxOutputBytes: 1 } as const; // prettier-ignore

interface Bench {
  readonly run: Run;
  readonly sent: Inbox<AgentMessage>;
  readonly errors: unknown[];
  readonly gone: () => number;
  /** What was said and told, in order. */
  readonly steps: readonly string[];
}

function open(execute: Execute): Bench {
  const sent = createInbox<AgentMessage>();
  const errors: unknown[] = [];
  const steps: string[] = [];
  let gone = 0;
  const run = new Run({
    name: 'r'.repeat(43),
    request: REQUEST,
    execute,
    onStarted: () => undefined,
    onEnded: (outcome) => steps.push(`ended: ${outcome}`),
    onGone: () => (gone += 1),
    onError: (error) => errors.push(error),
    send: async (message) => {
      steps.push(`sent: ${message.kind}`);
      sent.put(message);
    },
  });
  return { run, sent, errors, gone: () => gone, steps };
}

function bytesOf(message: AgentMessage): number {
  return message.kind === 'output' ? Buffer.from(message.data, 'base64').length : 0;
}

function output(length: number, stream: OutputChunk['stream'] = 'stdout'): OutputChunk {
  return { stream, bytes: new Uint8Array(length).fill(length) };
}

function stepOf(steps: fc.Stream<number>): number {
  const value: unknown = steps.next().value;
  return typeof value === 'number' ? value : 0;
}

/** Gives all that waits its turn; what waits for an acknowledgement waits on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve();
}

const subject = suite('Run');

subject('Run never has more in flight than the bound, whatever is acknowledged when', async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 600_000 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(lengths, fc.infiniteStream(fc.nat({ max: 3 })), async (chunks, steps) => {
      const { run, sent, gone } = open(async (_, { onOutput }) => {
        for (const length of chunks) await onOutput(output(length));
        return RESULT;
      });
      let acknowledged = 0;
      while (gone() === 0) {
        await settle();
        const waiting = sent.all.slice(acknowledged);
        const inFlight = waiting.reduce((sum, message) => sum + bytesOf(message), 0);
        assert.ok(inFlight <= MAX_UNACKNOWLEDGED_BYTES, `${inFlight} in flight`);
        assert.ok(waiting.length > 0, 'it goes on as soon as it may');
        const step = Math.min(1 + stepOf(steps), waiting.length);
        acknowledged += step;
        run.acknowledge(acknowledged);
      }
      const told = sent.all.flatMap((message) => (message.kind === 'output' ? [message] : []));
      assert.is(told.reduce((sum, message) => sum + bytesOf(message), 0), chunks.reduce((a, b) => a + b, 0)); // prettier-ignore
      assert.ok(told.every((message) => bytesOf(message) <= MAX_OUTPUT_BYTES));
      let offset = 0;
      for (const [i, message] of told.entries()) {
        assert.is(message.seq, i);
        assert.is(message.offset, offset);
        offset += bytesOf(message);
      }
      assert.is(sent.all.at(-1)?.kind, 'exited');
    }),
    { numRuns: 30 },
  );
});

subject('Run counts offsets by stream, and seq over both', async () => {
  const { run, sent } = open(async (_, { onOutput }) => {
    for (const stream of ['stdout', 'stderr', 'stdout'] as const) await onOutput(output(3, stream));
    return RESULT;
  });
  await run.ended;
  const seen = sent.all.map((message) =>
    message.kind === 'output' ? [message.seq, message.stream, message.offset] : [],
  );
  assert.equal(seen, [[0, 'stdout', 0], [1, 'stderr', 0], [2, 'stdout', 3], []]);
});

subject('Run takes neither word for what it never said, nor for what it let go', async () => {
  const { run } = open(async (_, { onOutput }) => {
    for (let i = 0; i < 3; i++) await onOutput(output(1));
    return RESULT;
  });
  await run.ended;
  run.acknowledge(2);
  const again: AgentMessage[] = [];
  const send = async (message: AgentMessage): Promise<void> => void again.push(message);
  assert.not.ok(run.resume(1, send));
  assert.not.ok(run.resume(5, send));
  assert.equal(again, []);
  assert.ok(run.resume(3, send));
  assert.equal(
    again.map(({ kind }) => kind),
    ['exited'],
  );
});

subject(
  'Run that is dropped ends its command, though its output waits, and says no more',
  async () => {
    let failure: unknown;
    const aborted = Promise.withResolvers<void>();
    const { run, sent, gone, errors } = open(async (_, { signal, onOutput }) => {
      signal.addEventListener('abort', () => aborted.resolve());
      try {
        for (;;) await onOutput(output(MAX_OUTPUT_BYTES));
      } catch (error) {
        failure = error;
        throw error;
      }
    });
    await settle();
    const before = sent.all.length;
    run.drop();
    run.drop();
    await aborted.promise;
    await run.ended;
    assert.instance(failure, Error);
    assert.is(sent.all.length, before);
    assert.is(gone(), 1);
    assert.equal(errors, []);
  },
);

subject('Run whose command cannot be recorded on is told as interrupted', async () => {
  const broken = new Error('the pipe broke');
  const { run, sent, errors } = open(async (_, { onOutput }) => {
    await onOutput(output(5));
    throw broken;
  });
  await run.ended;
  const last = sent.all.at(-1);
  assert.ok(last?.kind === 'exited');
  assert.equal(
    [last.outcome, last.stdoutBytes, last.problem],
    ['interrupted', 5, 'the pipe broke'],
  );
  assert.equal(errors, [broken]);
});

subject('Run bears a lost link, and tells of any other failure to send', async () => {
  const lost = new ProtocolError('stream-lost', 'Cannot send: the connection was lost');
  const large = new ProtocolError('frame-too-large', 'Cannot encode frame');
  for (const [error, expected] of [
    [lost, []],
    [large, [large]],
  ] as const) {
    const { run, errors } = open(async () => RESULT);
    run.resume(0, () => Promise.reject(error));
    await run.ended;
    await settle();
    assert.equal(errors, expected);
  }
});

subject('Run says its end to the link before anybody else hears of it', async () => {
  const { run, steps } = open(async () => RESULT);
  await run.ended;
  assert.equal(steps, ['sent: exited', 'ended: exited']);
});

subject.run();
