// Paced work, with time that the test lets pass.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { paced } from './paced.ts';

const GAP_MS = 2000;

/** Counts its work; `pass` lets the gap go by. */
class Work {
  count = 0;
  fails: Error | null = null;
  readonly #later: (() => void)[] = [];
  readonly ask = paced(() => this.#work(), {
    gapMs: GAP_MS,
    later: (next, delayMs) => {
      assert.is(delayMs, GAP_MS);
      this.#later.push(next);
    },
  });

  pass(): void {
    for (const next of this.#later.splice(0)) next();
  }

  #work(): Promise<void> {
    this.count += 1;
    return this.fails === null ? Promise.resolve() : Promise.reject(this.fails);
  }
}

const pacing = suite('paced()');

pacing('does the first at once, and all that is asked in the gap once after it', async () => {
  const work = new Work();
  await work.ask();
  assert.is(work.count, 1);
  const asked = [work.ask(), work.ask(), work.ask()];
  assert.is(work.count, 1);
  work.pass();
  await Promise.all(asked);
  assert.is(work.count, 2);
});

pacing('is at once again after a gap in which nobody asked', async () => {
  const work = new Work();
  await work.ask();
  work.pass();
  await work.ask();
  assert.is(work.count, 2);
});

pacing('goes on after work that failed, which is told to who asked for it', async () => {
  const work = new Work();
  work.fails = new Error('the host is away');
  const told = await work.ask().catch((cause: unknown) => cause);
  assert.is(told, work.fails);
  work.fails = null;
  const next = work.ask();
  work.pass();
  await next;
  assert.is(work.count, 2);
});

pacing.run();
