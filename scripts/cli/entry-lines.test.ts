// A session's entries in plain words: no kind is told by the name that the log has for it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { type Kind, KINDS, shapeOf } from '#crypto/kind.ts';
import { describeEntry, entryJson } from './entry-lines.ts';

const plain = (_style: string, text: string): string => text;

/** An entry of a kind, of which the test shows only some fields. */
function entryOf(
  kind: Kind,
  fields: Readonly<Record<string, unknown>> = {},
  { isErased = false } = {},
): CheckedEntry {
  const leaf: CheckedEntry['leaf'] = {
    ...{ v: 1, log: 'log.example/1', i: 7, t: '2026-11-21T02:09:14.123Z', k: kind, n: 2 },
    ...{ s: 'A'.repeat(22), _sd: [], _sd_alg: 'sha-256' },
  };
  return {
    ...{ leaf, name: 'A'.repeat(43), texts: new Map(), isErased },
    opened: { kind, fields, withheld: [] },
  };
}

const describe = suite('describeEntry()');

describe('names no kind of a session by the name that the log has for it', () => {
  const ofSessions = KINDS.filter((kind) => ['session', 'any'].includes(shapeOf(kind).scope));
  assert.ok(ofSessions.length > 15);
  for (const kind of ofSessions) {
    for (const isErased of [false, true]) {
      const [line = ''] = describeEntry(entryOf(kind, {}, { isErased }), plain);
      assert.match(line, /^#7 {2}2026-11-21 02:09:14Z {2}\S/);
      assert.not.match(line, kind);
    }
    assert.match(JSON.stringify(entryJson(entryOf(kind))), `"kind":"${kind}"`);
  }
});

describe('says who withdrew, reminded, closed, and why', () => {
  for (const [kind, fields, says] of [
    [
      'approval.withdrawn',
      { by: 'Sarah Miller', reason: 'The session was closed.' },
      'withdrawn by Sarah Miller: The session was closed.',
    ],
    [
      'approval.notified',
      { channel: 'on-site page', to: 'Carla Client', by: 'Terry' },
      'Terry reminded Carla Client, by on-site page',
    ],
    [
      'approval.requested',
      { command: 'ls', expires: '2026-11-21T16:28:36.453Z' },
      'until 2026-11-21 16:28:36Z',
    ],
    ['approval.granted', { approver: 'Carla', method: 'pin' }, 'approved by Carla, with a PIN'],
    [
      'session.closed',
      { by: 'appliance', reason: 'client-gone', note: null, ticket: null },
      'closed by appliance: the program that opened it for one command has gone',
    ],
    [
      'command.exited',
      { outcome: 'timed-out', exit_code: null, signal: null, duration_ms: 5, problem: null },
      'timed out after 5 ms',
    ],
  ] as const) {
    const [line = ''] = describeEntry(entryOf(kind, fields), plain);
    assert.ok(line.endsWith(says), line);
  }
});

describe.run();
