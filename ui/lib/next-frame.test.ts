// Work for the next frame, with a window whose frames and timers the test lets happen.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Frames, inNextFrame, UNSEEN_MS } from './next-frame.ts';

class Window implements Frames {
  readonly frames = new Map<number, () => void>();
  readonly timers = new Map<unknown, { work: () => void; delayMs: number }>();
  #last = 0;

  requestAnimationFrame(work: () => void): number {
    this.frames.set(++this.#last, work);
    return this.#last;
  }

  cancelAnimationFrame(id: number): void {
    this.frames.delete(id);
  }

  setTimeout(work: () => void, delayMs: number): unknown {
    this.timers.set(++this.#last, { work, delayMs });
    return this.#last;
  }

  clearTimeout(id: unknown): void {
    this.timers.delete(id);
  }
}

const next = suite('inNextFrame()');

next('runs with the frame, and then not again', () => {
  const window = new Window();
  let count = 0;
  inNextFrame(() => (count += 1), window);
  assert.is(count, 0);
  for (const work of [...window.frames.values()]) work();
  assert.is(count, 1);
  assert.is(window.timers.size, 0, 'no timer is left to run it a second time');
});

next('runs by its timer in a page that has no frames, and not in a frame that comes after', () => {
  const window = new Window();
  let count = 0;
  inNextFrame(() => (count += 1), window);
  const [timer] = [...window.timers.values()];
  assert.is(timer?.delayMs, UNSEEN_MS);
  timer?.work();
  assert.is(count, 1);
  assert.is(window.frames.size, 0);
});

next.run();
