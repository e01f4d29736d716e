// A daemon that is kept up, with ends that a test makes up and a clock that it moves.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { keepDaemon, type KeptDaemon, NotUpError, PAUSES_MS, WINDOW_MS } from './kept-daemon.ts';
import { createInbox, type Inbox } from './testing/agent-appliance.ts';
import { ManualClock } from './testing/manual-clock.ts';

const [FIRST_MS, SECOND_MS, THIRD_MS] = PAUSES_MS;
const REFUSED = 5;

interface Run extends AsyncDisposable {
  readonly ended: Promise<number | null>;
  end(exitCode: number | null): void;
  readonly isDisposed: boolean;
}

class Place implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly said: Inbox<string> = createInbox();
  readonly runs: Run[] = [];
  readonly stop = new AbortController();
  /** What the next starts do instead of coming up. */
  readonly failing: (number | null)[] = [];
  #kept: KeptDaemon | null = null;

  async keep(): Promise<KeptDaemon> {
    this.#kept = await keepDaemon({
      name: 'appliance',
      open: () => this.#open(),
      refusal: (exitCode) => (exitCode === REFUSED ? 'It refuses; the way out.' : null),
      say: (text) => this.said.put(text),
      ...{ clock: this.clock, signal: this.stop.signal },
    });
    return this.#kept;
  }

  get newest(): Run {
    const run = this.runs.at(-1);
    if (run === undefined) throw new Error('Cannot find a run: there was none');
    return run;
  }

  /** Ends the newest run by itself, waits for the pause, and lets it pass. */
  async fall(exitCode: number | null, pauseMs: number): Promise<void> {
    this.newest.end(exitCode);
    await this.passes(pauseMs);
  }

  async passes(pauseMs: number): Promise<void> {
    await this.said.take((text) => text.includes(`again in ${pauseMs / 1000} s`));
    const before = this.runs.length;
    this.clock.advance(pauseMs - 1);
    await Promise.resolve();
    assert.is(this.runs.length, before, 'not before its time');
    this.clock.advance(1);
  }

  async runsAgain(): Promise<void> {
    await this.said.take((text) => text.includes('runs again'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kept?.[Symbol.asyncDispose]();
  }

  #open(): Promise<Run> {
    const exitCode = this.failing.shift();
    if (exitCode !== undefined) {
      return Promise.reject(new NotUpError('The appliance did not come up', { exitCode }));
    }
    const { promise, resolve } = Promise.withResolvers<number | null>();
    const run = {
      ...{ ended: promise, end: resolve, isDisposed: false },
      [Symbol.asyncDispose]() {
        run.isDisposed = true;
        resolve(0);
        return Promise.resolve();
      },
    };
    this.runs.push(run);
    return Promise.resolve(run);
  }
}

const keep = suite('keepDaemon()');

keep('starts it again with growing pauses, and leaves it off after as many tries', async () => {
  await using place = new Place();
  const kept = await place.keep();
  for (const pauseMs of [FIRST_MS, SECOND_MS, THIRD_MS]) {
    await place.fall(1, pauseMs);
    await place.runsAgain();
  }
  place.newest.end(null);
  await kept.givenUp;
  const words = await place.said.take((text) => text.includes('left off'));
  assert.match(words, 'has ended (by a signal)');
  assert.match(words, 'Ctrl+C');
  assert.match(words, 'npm start');
  assert.is(place.runs.length, 4);
});

keep('counts the tries of the last minutes alone', async () => {
  await using place = new Place();
  await place.keep();
  for (let i = 0; i < 5; i++) {
    await place.fall(1, FIRST_MS);
    await place.runsAgain();
    place.clock.advance(WINDOW_MS);
  }
});

keep('counts a start that fails as a try', async () => {
  await using place = new Place();
  const kept = await place.keep();
  place.failing.push(1, null, 1);
  place.newest.end(1);
  for (const pauseMs of PAUSES_MS) await place.passes(pauseMs);
  await kept.givenUp;
  assert.is(place.runs.length, 1);
});

keep('does not try again what it refuses, whether it ran or comes up', async () => {
  for (const isUp of [true, false]) {
    await using place = new Place();
    const kept = await place.keep();
    if (!isUp) {
      place.failing.push(REFUSED);
      await place.fall(1, FIRST_MS);
    } else place.newest.end(REFUSED);
    await kept.givenUp;
    assert.match(await place.said.take((text) => text.includes('It refuses')), 'the way out');
    place.clock.advance(WINDOW_MS);
    assert.is(place.runs.length, 1);
  }
});

keep('fails when its first start does, with what that means', async () => {
  await using place = new Place();
  place.failing.push(REFUSED);
  const failed: unknown = await place.keep().catch((cause: unknown) => cause);
  assert.instance(failed, NotUpError);
  assert.match((failed as NotUpError).message, /did not come up\nIt refuses; the way out/);
});

keep('takes exit code 0 for a stop on purpose', async () => {
  await using place = new Place();
  const kept = await place.keep();
  place.newest.end(0);
  await kept.stopped;
  place.clock.advance(WINDOW_MS);
  assert.is(place.runs.length, 1);
});

keep('restarts at once when told, with all its tries, also after it was left off', async () => {
  await using place = new Place();
  const kept = await place.keep();
  const [first] = place.runs;
  await kept.restart();
  assert.is(first?.isDisposed, true);
  assert.is(place.runs.length, 2, 'its end was ours');
  place.newest.end(REFUSED);
  await kept.givenUp;
  await kept.restart();
  assert.is(place.runs.length, 3);
  place.newest.end(1);
  await place.said.take((text) => text.includes('try 1 of 3'));
  await kept.restart();
  place.clock.advance(FIRST_MS);
  assert.is(place.runs.length, 4, 'the pause of before is over');
  place.failing.push(1);
  const failed: unknown = await kept.restart().catch((cause: unknown) => cause);
  assert.instance(failed, NotUpError);
  await place.passes(FIRST_MS);
  await place.runsAgain();
});

keep('starts nothing once it is to stop', async () => {
  await using place = new Place();
  await place.keep();
  place.newest.end(1);
  await place.said.take((text) => text.includes('started again'));
  place.stop.abort();
  place.clock.advance(WINDOW_MS);
  await place[Symbol.asyncDispose]();
  assert.is(place.runs.length, 1);
});

keep.run();
