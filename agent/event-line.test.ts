import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { AgentEvent } from './agent.ts';
import { formatEvent } from './event-line.ts';

const AT_MS = Date.parse('2026-11-21T02:00:00.000Z');
const EVENTS: readonly AgentEvent[] = [
  { kind: 'link', state: 'connecting', failures: 0 },
  { kind: 'link', state: 'connecting', failures: 3 },
  { kind: 'link', state: 'connected', failures: 0 },
  { kind: 'link', state: 'waiting', failures: 1, retryInMs: 1500, error: new Error('no route') },
  { kind: 'link', state: 'waiting', failures: 1, retryInMs: 0 },
  { kind: 'opened', endpoint: 'e', name: 'till', fingerprint: 'aaaa bbbb cccc dddd' },
  { kind: 'ready' },
  { kind: 'started', run: 'r' },
  { kind: 'ended', run: 'r', outcome: 'exited', exitCode: 3 },
  { kind: 'ended', run: 'r', outcome: 'cancelled', exitCode: null },
  { kind: 'dropped', run: 'r', why: 'no link came back in time' },
  { kind: 'refused', run: 'r', code: 'replayed', message: 'no' },
  { kind: 'orphan', run: 'r' },
  { kind: 'alarm', code: 'fork', message: 'two roots' },
  { kind: 'removed' },
  { kind: 'error', error: new Error('outer', { cause: new Error('inner') }) },
  { kind: 'error', error: 7 },
];

const subject = suite('formatEvent()');

subject('formatEvent() gives each event one line with its time', () => {
  for (const event of EVENTS) {
    const text = formatEvent(event, { format: 'text', atMs: AT_MS });
    assert.match(text, /^2026-11-21T02:00:00\.000Z \S.*$/);
    const json = JSON.parse(formatEvent(event, { format: 'json', atMs: AT_MS })) as object;
    assert.is((json as { event: string }).event, event.kind);
  }
});

subject('formatEvent() tells causes, in both forms', () => {
  const event: AgentEvent = {
    kind: 'error',
    error: new Error('outer', { cause: new Error('inner') }),
  };
  assert.match(formatEvent(event, { format: 'text', atMs: AT_MS }), /outer \(inner\)$/);
  assert.match(formatEvent(event, { format: 'json', atMs: AT_MS }), /"error":"outer \(inner\)"/);
});

subject('formatEvent() lets no peer write lines of its own', () => {
  const message = 'no\n2026-11-21T02:00:01.000Z ready\u001b[2J\u202e\ud800';
  for (const format of ['text', 'json'] as const) {
    const event: AgentEvent = { kind: 'refused', run: 'r', code: 'x', message };
    const line = formatEvent(event, { format, atMs: AT_MS });
    assert.not.ok(line.includes('\n') || line.includes('\u001b'));
    assert.ok(line.isWellFormed());
  }
  const text = formatEvent({ kind: 'refused', run: 'r', code: 'x', message }, { format: 'text', atMs: AT_MS }); // prettier-ignore
  assert.not.match(text, /\u202e/);
});

subject.run();
