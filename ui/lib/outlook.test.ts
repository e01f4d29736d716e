// Looking ahead, with time that the test lets pass.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ClientError } from '#appliance/protocol/client.ts';
import {
  type Judged,
  judgedWords,
  lookAhead,
  type Outlook,
  PAUSE_MS,
  unjudgedWords,
} from './outlook.ts';

const READS: Judged = { effect: 'allow', access: 'read-only', rule: 'reading', why: 'Only reads.' };

/** A line at rest: `pass` lets the pause go by, and what is asked then waits for `answer`. */
class Line {
  readonly told: (Outlook | null)[] = [];
  readonly asked: AbortSignal[] = [];
  readonly answer = Promise.withResolvers<Judged>();
  readonly stop: () => void;
  #work: (() => void) | null = null;

  constructor() {
    this.stop = lookAhead(
      (signal) => {
        this.asked.push(signal);
        return this.answer.promise;
      },
      {
        onOutlook: (outlook) => this.told.push(outlook),
        after: (delayMs, work) => {
          assert.is(delayMs, PAUSE_MS);
          this.#work = work;
          return () => (this.#work = null);
        },
      },
    );
  }

  pass(): void {
    this.#work?.();
    this.#work = null;
  }

  /** Resolves when all that follows from the answer has happened. */
  async settled(): Promise<void> {
    await this.answer.promise.catch(() => undefined);
    await new Promise(setImmediate);
  }
}

const looking = suite('lookAhead()');

looking('asks once the line has rested, and tells what was answered', async () => {
  const line = new Line();
  assert.is(line.asked.length, 0);
  line.pass();
  assert.is(line.asked.length, 1);
  line.answer.resolve(READS);
  await line.settled();
  assert.equal(line.told, [judgedWords(READS)]);
});

looking('asks nothing about a line that has changed within the pause', async () => {
  const line = new Line();
  line.stop();
  line.pass();
  line.answer.resolve(READS);
  await line.settled();
  assert.equal([line.asked.length, line.told.length], [0, 0]);
});

looking('gives up what it asked when the line changes, and tells no stale answer', async () => {
  const answered = new Line();
  answered.pass();
  answered.stop();
  assert.is(answered.asked[0]?.aborted, true);
  answered.answer.resolve(READS);
  await answered.settled();
  assert.equal(answered.told, []);
  const failed = new Line();
  failed.pass();
  failed.stop();
  failed.answer.reject(new ClientError('endpoint-offline', 'Cannot run command: till is offline'));
  await failed.settled();
  assert.equal(failed.told, []);
});

looking('tells why the site does not say', async () => {
  const line = new Line();
  line.pass();
  line.answer.reject(new ClientError('endpoint-offline', 'Cannot run command: till is offline'));
  await line.settled();
  assert.is(line.told[0]?.text, 'The machine is offline.');
});

looking.run();

const judged = suite('judgedWords()');

judged('says what becomes of it, and why in the words of the site', () => {
  const titles = (['allow', 'ask', 'deny'] as const).map((effect) => {
    const { title, text, rule } = judgedWords({ ...READS, effect });
    assert.equal([text, rule], ['Only reads.', 'reading']);
    return title;
  });
  assert.equal(titles, ['Runs at once', 'Waits for the client', 'Refused by the policy']);
});

judged.run();

const unjudged = suite('unjudgedWords()');

unjudged('says nothing of a link that is away, nor of an appliance that knows no such verb', () => {
  for (const code of ['away', 'stream-lost', 'verb-unknown', 'stopping', 'overloaded']) {
    assert.is(unjudgedWords(new ClientError(code, 'Some words')), null);
  }
});

unjudged('says who refuses what is not in force, in the words of the record', () => {
  const message = 'Cannot accept policy: expired at 2026-11-21T02:00:00.000Z';
  const said = unjudgedWords(new ClientError('expired', message));
  assert.equal([said?.title, said?.text], ['Refused by the appliance', message]);
});

unjudged('never promises anything for what it does not know', () => {
  for (const cause of [new ClientError('internal', 'It failed'), new TypeError('odd'), 'odd']) {
    assert.is(unjudgedWords(cause)?.title, 'Not known before Enter');
  }
});

unjudged.run();
