// The channel to `npm start`, with a parent in memory that says what a test lets it say.

import { EventEmitter } from 'node:events';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { codeOf } from '#scripts/testing/console-directory.ts';
import { ConsoleError } from './error.ts';
import { openThisComputer } from './this-computer.ts';
import type { ComputerDown, ComputerUp } from './this-computer-message.ts';

const SITE = { client: 'C', site: 'S', root: 'ed25519:x', joined: null };

/** A parent that answers by a function; what it answers is heard. */
function parentOf(answer: (asked: ComputerDown) => unknown) {
  const events = new EventEmitter();
  return {
    connected: true,
    events,
    on: (event: 'message', listener: (message: unknown) => void) => events.on(event, listener),
    off: (event: 'message', listener: (message: unknown) => void) => events.off(event, listener),
    send(asked: ComputerDown): boolean {
      const said = answer(asked);
      if (said !== undefined) queueMicrotask(() => events.emit('message', said));
      return true;
    },
  };
}

const computer = suite('openThisComputer()');

computer('openThisComputer() gives each question its own answer', async () => {
  const asked: ComputerDown[] = [];
  const parent = parentOf((question) => void asked.push(question));
  using open = openThisComputer(parent);
  const looks = [open.look(), open.look()];
  const [first, second] = asked.map(({ id }) => id);
  parent.events.emit('message', { kind: 'site', id: second, site: { ...SITE, site: 'second' } });
  parent.events.emit('message', { kind: 'site', id: first, site: { ...SITE, site: 'first' } });
  assert.equal(
    (await Promise.all(looks)).map(({ site }) => site),
    ['first', 'second'],
  );
});

computer('openThisComputer() tells a wrong code from what failed', async () => {
  const refused = (code: string) => (asked: ComputerDown) =>
    ({ kind: 'refused', id: asked.id, code, message: 'no' }) as ComputerUp;
  const begin = { code: 'x', rootKeys: 'ed25519:x' };
  for (const [code, expected] of [
    ['wrong-code', 'not-allowed'],
    ['failed', 'conflict'],
    ['not-begun', 'conflict'],
  ] as const) {
    using open = openThisComputer(parentOf(refused(code)));
    assert.is(await codeOf(open.begin(begin)), expected);
  }
});

computer(
  'openThisComputer() takes no answer for another question, of another kind, or malformed',
  async () => {
    for (const strange of [
      (id: number) => ({ kind: 'site', id: id + 1, site: SITE }),
      (id: number) => ({ kind: 'joined', id }),
      (id: number) => ({ kind: 'site', id, site: { ...SITE, more: 1 } }),
      () => 'site',
    ]) {
      using open = openThisComputer(
        parentOf(({ id }) => strange(id)),
        50,
      );
      assert.is(await codeOf(open.look()), 'conflict');
    }
  },
);

computer('openThisComputer() says at once that the other process has gone', async () => {
  using open = openThisComputer({ ...parentOf(() => undefined), connected: false });
  assert.is(await codeOf(open.look()), 'conflict');
});

computer('openThisComputer() is for a process that was given a channel', () => {
  const { on, off } = parentOf(() => undefined);
  assert.throws(
    () => openThisComputer({ on, off }),
    (error: unknown) => error instanceof ConsoleError && error.code === 'config',
  );
});

computer.run();
