import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { EndpointSummary } from '#appliance/protocol/endpoint-summary.ts';
import { createTerminal } from '../testing/cli-terminal.ts';
import type { Connection } from './connect.ts';
import { Output } from './output.ts';
import { newestOwn, sessionToSpeakIn } from './own-session.ts';

const endpoint = { endpoint: 'web-id', name: 'web' } as EndpointSummary; // all that is looked at
const choosing = { endpoint, choose: 'its id' };

/** A person with key `mine` at an appliance with these open sessions, newest first. */
function at(...sessions: readonly (readonly [session: string, technicianKey: string])[]) {
  const terminal = createTerminal();
  const listed = sessions.map(([session, technicianKey]) => ({ session, technicianKey }));
  const connection = {
    client: { call: () => Promise.resolve({ sessions: listed, next: null }) },
    key: { key: 'mine' },
  } as unknown as Connection; // all that is looked at
  return { terminal, connection, invocation: { output: new Output(terminal, 'table') } };
}

const newest = suite('newestOwn()');

newest('takes the newest of one’s own, and says which others there are', async () => {
  const { terminal, connection, invocation } = at(['c', 'other'], ['b', 'mine'], ['a', 'mine']);
  assert.is((await newestOwn(invocation, connection, choosing))?.session, 'b');
  assert.match(terminal.err(), 'You have 2 open sessions on web. Taking the newest, b.');
  assert.match(terminal.err(), 'Also open: a. Choose by its id.');
});

newest('says nothing when there is no choice', async () => {
  const one = at(['c', 'other'], ['b', 'mine']);
  assert.is((await newestOwn(one.invocation, one.connection, choosing))?.session, 'b');
  const none = at(['c', 'other']);
  assert.is(await newestOwn(none.invocation, none.connection, choosing), null);
  assert.is(one.terminal.err() + none.terminal.err(), '');
});

newest.run();

const speak = suite('sessionToSpeakIn()');

speak('takes one’s own before others’, and the only one when none is', async () => {
  const own = at(['c', 'other'], ['b', 'mine']);
  assert.is(await sessionToSpeakIn(own.invocation, own.connection, choosing), 'b');
  const only = at(['c', 'other']);
  assert.is(await sessionToSpeakIn(only.invocation, only.connection, choosing), 'c');
});

for (const [code, sessions] of [
  ['no-session', []],
  [
    'ambiguous',
    [
      ['c', 'other'],
      ['d', 'third'],
    ],
  ],
] as const) {
  speak(`refuses with ${code} to guess`, async () => {
    const { connection, invocation } = at(...sessions);
    const refused = await sessionToSpeakIn(invocation, connection, choosing).catch(
      (cause: unknown) => cause,
    );
    assert.is((refused as { code: string }).code, code);
  });
}

speak.run();
