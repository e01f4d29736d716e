import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type ConsoleEvent, Events } from './events.ts';

const test = suite('Events');

test('tell() reaches every listener of that organisation, and nobody else', () => {
  const events = new Events();
  const heard: string[] = [];
  const listen = (organisation: string, name: string, signal: AbortSignal) =>
    events.listen(organisation, {
      listener: ({ kind }: ConsoleEvent) => heard.push(`${name} ${kind}`),
      signal,
    });
  const leaving = new AbortController();
  const { signal } = new AbortController();
  listen('a', 'one', signal);
  listen('a', 'two', leaving.signal);
  listen('b', 'other', signal);
  events.tell('a', { kind: 'site', siteId: 's' });
  leaving.abort();
  events.tell('a', { kind: 'roster', version: 2 });
  events.tell('nobody', { kind: 'site', siteId: 's' });
  assert.equal(heard, ['one site', 'two site', 'one roster']);
  assert.is(events.count, 2);
});

test('listen() keeps nothing of who has left already', () => {
  const events = new Events();
  events.listen('a', { listener: () => assert.unreachable(), signal: AbortSignal.abort() });
  events.tell('a', { kind: 'site', siteId: 's' });
  assert.is(events.count, 0);
});

test.run();
