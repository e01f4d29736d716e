import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { listen } from './live.ts';

const EVENT = { kind: 'roster', version: 2 } as const;

/** A stream of the host's, in a window that draws no frames, as one behind others. */
class Stream {
  static newest: Stream;
  static begun = Promise.withResolvers<void>();
  readonly CLOSED = 2;
  onmessage: (event: { data: string }) => void = () => undefined;

  constructor() {
    Stream.newest = this;
    Stream.begun.resolve();
    Stream.begun = Promise.withResolvers();
  }

  tell(): void {
    this.onmessage({ data: JSON.stringify(EVENT) });
  }

  close(): void {
    this.onmessage = () => undefined;
  }
}

const live = suite('listen()');

live.before(() => {
  Object.assign(globalThis, {
    EventSource: Stream,
    requestAnimationFrame: () => 1,
    cancelAnimationFrame: () => undefined,
  });
});

live('tells all at once what came together, also in a page behind others', async () => {
  const told = Promise.withResolvers<readonly unknown[]>();
  const begun = Stream.begun.promise;
  const stop = listen('/api/events', { whose: 'sarah', onEvents: told.resolve });
  await begun;
  Stream.newest.tell();
  Stream.newest.tell();
  assert.equal(await told.promise, [EVENT, EVENT]);
  stop();
});

live('tells nothing more when nobody listens', async () => {
  const begun = Stream.begun.promise;
  const stop = listen('/api/events', { whose: 'sarah', onEvents: () => assert.unreachable() });
  await begun;
  Stream.newest.tell();
  stop();
  const told = Promise.withResolvers<readonly unknown[]>();
  const begunLater = Stream.begun.promise;
  const stopLater = listen('/api/events', { whose: 'sarah', onEvents: told.resolve });
  await begunLater;
  Stream.newest.tell(); // after the other: its turn has passed when this one comes
  await told.promise;
  stopLater();
});

live.run();
