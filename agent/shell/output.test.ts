import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Bytes, concatBytes } from '#crypto/bytes.ts';

import { MAX_CHUNK_BYTES, type OutputChunk, OutputQueue, type OutputStream } from './output.ts';

/** A queue whose consumer waits until it is released, and what came out of it. */
function open({ maxBytes = 1e9, ready }: { maxBytes?: number; ready?: Promise<void> } = {}) {
  const chunks: OutputChunk[] = [];
  const pressure: boolean[] = [];
  const failures: unknown[] = [];
  let release: (error?: Error) => void = () => undefined;
  const queue = new OutputQueue({
    maxBytes,
    ready,
    onOutput: (chunk) => {
      chunks.push(chunk);
      return new Promise<void>((resolve, reject) => {
        release = (error) => (error === undefined ? resolve() : reject(error));
      });
    },
    onPressure: (isFull) => pressure.push(isFull),
    onFailure: (error) => failures.push(error),
  });
  /** Takes all that waits. */
  const take = async (): Promise<void> => {
    const drained = queue.drained();
    let isDone = false;
    const done = drained.finally(() => (isDone = true));
    while (!isDone) {
      release();
      await Promise.resolve();
    }
    await done;
  };
  return { queue, chunks, pressure, failures, take, release: (error?: Error) => release(error) };
}

const bytes = (length: number, value = 7): Bytes => new Uint8Array(length).fill(value);

const test = suite('OutputQueue');

test('OutputQueue delivers the first piece at once, and joins neighbours while it is busy', async () => {
  const { queue, chunks, take } = open();
  for (const [stream, value] of [
    ['stdout', 1],
    ['stdout', 2],
    ['stdout', 3],
    ['stderr', 4],
    ['stdout', 5],
  ] as const) {
    // prettier-ignore
    queue.push(stream, bytes(1, value));
  }
  assert.is(chunks.length, 1);
  await take();
  const said = chunks.map(({ stream, bytes: data }) => `${stream} ${data.join()}`);
  assert.equal(said, ['stdout 1', 'stdout 2,3', 'stderr 4', 'stdout 5']);
});

test('OutputQueue keeps every byte in order, whatever comes', async () => {
  const stream = fc.constantFrom<OutputStream>('stdout', 'stderr');
  const piece = fc.tuple(stream, fc.uint8Array({ maxLength: 40 }), fc.boolean());
  await fc.assert(
    fc.asyncProperty(fc.array(piece), fc.nat(500), async (pieces, maxBytes) => {
      const { queue, chunks, take } = open({ maxBytes });
      const order: string[] = [];
      for (const [name, data, isTaken] of pieces) {
        queue.push(name, data);
        for (const byte of data) order.push(`${name} ${byte}`);
        if (isTaken) await take();
      }
      await take();
      const got = chunks.flatMap((chunk) =>
        Array.from(chunk.bytes, (byte) => `${chunk.stream} ${byte}`),
      );
      assert.equal(got, order.slice(0, maxBytes));
      const { stdout, stderr, dropped } = queue.counts;
      assert.equal([stdout + stderr, dropped], [got.length, order.length - got.length]);
    }),
  );
});

test('OutputQueue bounds a piece, and asks the pipes to rest and to flow', async () => {
  const { queue, chunks, pressure, take } = open();
  for (let i = 0; i < 16; i++) queue.push('stdout', bytes(64 * 1024));
  assert.ok(queue.isFull);
  assert.is(pressure.at(-1), true);
  await take();
  assert.not.ok(queue.isFull);
  assert.is(pressure.at(-1), false);
  assert.ok(chunks.every((chunk) => chunk.bytes.length <= MAX_CHUNK_BYTES));
  assert.is(concatBytes(...chunks.map((chunk) => chunk.bytes)).length, 16 * 64 * 1024);
});

test('OutputQueue counts pieces too, as a thousand single bytes cost more than they weigh', async () => {
  const { queue, chunks, take } = open();
  for (let i = 0; i < 1100; i++) queue.push('stderr', bytes(1));
  assert.ok(queue.isFull);
  await take();
  assert.equal(
    chunks.map((chunk) => chunk.bytes.length),
    [1, 1099],
  );
});

test('OutputQueue delivers nothing before it is ready', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { queue, chunks, take } = open({ ready: promise });
  queue.push('stdout', bytes(1));
  await Promise.resolve();
  assert.is(chunks.length, 0);
  resolve();
  await take();
  assert.is(chunks.length, 1);
});

test('OutputQueue stops at a failure, tells it, and lets the pipes flow out', async () => {
  const { queue, chunks, pressure, failures, release } = open();
  const failure = new Error('disk full');
  for (let i = 0; i < 16; i++) queue.push('stdout', bytes(64 * 1024));
  const drained = queue.drained().catch((error: unknown) => error);
  release(failure);
  assert.is(await drained, failure);
  queue.push('stdout', bytes(1));
  assert.is(await queue.drained().catch((error: unknown) => error), failure);
  assert.equal([failures, chunks.length, pressure.at(-1)], [[failure], 1, false]);
});

test.run();
