// Sessions that ended without this home: stopped by the client, given up after a crash, over by time. Their keys
// sign nothing any more, so they do not stay here.

import { ClientError } from '#appliance/protocol/client.ts';
import { listSessions } from '#appliance/protocol/lists.ts';
import type { Connection } from './connect.ts';
import type { Invocation } from './invocation.ts';
import { heldSinceMs, listHeldSessions, removeHeldSession } from './session-file.ts';

/** As long as an appliance lets a session last. */
export const SESSION_LIFE_MS = 12 * 3_600_000;

/** 128 bits in base64url. What else lies in the folder is not ours. */
const SESSION_ID = /^[\w-]{21}[AQgw]$/;
/** Past the last entry of any session: only whether it is over is asked. */
const NO_ENTRY = 2 ** 31;

/**
 * Removes the keys of the sessions that have ended by the appliance's word. A session that it does not know may be
 * about to be opened, or be of another log: its key stays until no session lasts so long.
 */
export async function forgetEndedSessions(
  { home, terminal }: Pick<Invocation, 'home' | 'terminal'>,
  { client }: Pick<Connection, 'client'>,
): Promise<void> {
  const held = (await listHeldSessions(home)).filter((id) => SESSION_ID.test(id));
  if (held.length === 0) return;
  const open = await listSessions(client, { state: 'open' });
  const ids = new Set(open.map(({ session }) => session));
  for (const id of held.filter((session) => !ids.has(session))) {
    const state = await stateOf(client, id);
    const isOld = async (): Promise<boolean> =>
      terminal.now() - (await heldSinceMs(home, id)) > SESSION_LIFE_MS;
    if (state === 'over' || (state === 'unknown' && (await isOld()))) {
      await removeHeldSession(home, id);
    }
  }
}

async function stateOf(
  client: Connection['client'],
  session: string,
): Promise<'open' | 'over' | 'unknown'> {
  try {
    const { isOver } = await client.call('session.read', {
      ...{ session, from: NO_ENTRY, follow: false },
    });
    return isOver ? 'over' : 'open';
  } catch (cause) {
    if (cause instanceof ClientError && cause.code === 'session-unknown') return 'unknown';
    throw cause;
  }
}
