// Which session a verb acts in when none is named: the newest open one of the person's own. When there are others
// it could be, that is said, and how to choose.

import type { EndpointSummary } from '#appliance/protocol/endpoint-summary.ts';
import { listSessions } from '#appliance/protocol/lists.ts';
import type { SessionSummary } from '#appliance/protocol/session-summary.ts';
import type { Connection } from './connect.ts';
import { CliError } from './error.ts';
import type { Invocation } from './invocation.ts';

export interface Choosing {
  readonly endpoint: EndpointSummary;
  /** Which of them will do. @default all */
  readonly isUsable?: (session: SessionSummary) => boolean;
  /** What to write to choose another. */
  readonly choose: string;
}

/** The newest open session of the person's own on an endpoint; null when there is none. */
export async function newestOwn(
  { output }: Pick<Invocation, 'output'>,
  { client, key }: Pick<Connection, 'client' | 'key'>,
  { endpoint, isUsable = () => true, choose }: Choosing,
): Promise<SessionSummary | null> {
  const open = await openSessions(client, endpoint);
  const own = open.filter((session) => session.technicianKey === key.key && isUsable(session));
  const [newest, ...others] = own;
  if (newest === undefined) return null;
  if (others.length > 0) {
    const also = others.map(({ session }) => session).join(', ');
    await output.note(
      `You have ${own.length} open sessions on ${endpoint.name}. Taking the newest, ${newest.session}.\n` +
        `Also open: ${also}. Choose by ${choose}.`,
    );
  }
  return newest;
}

/**
 * The session to speak in: the newest of the person's own, or else the only one there is.
 * @throws {CliError} `no-session`, or `ambiguous` when there are several of others
 */
export async function sessionToSpeakIn(
  invocation: Pick<Invocation, 'output'>,
  connection: Connection,
  choosing: Choosing,
): Promise<string> {
  const own = await newestOwn(invocation, connection, choosing);
  if (own !== null) return own.session;
  const { name } = choosing.endpoint;
  const [only, ...others] = await openSessions(connection.client, choosing.endpoint);
  if (only === undefined) {
    throw new CliError('no-session', `Cannot chat: no session is open on ${name}`, {
      hint: 'Open one by "caisey session open".',
    });
  }
  if (others.length === 0) return only.session;
  const ids = [only, ...others].map(({ session }) => session).join(', ');
  throw new CliError('ambiguous', `Cannot choose session: none on ${name} is yours of ${ids}`, {
    hint: `Choose by ${choosing.choose}.`,
  });
}

function openSessions(
  client: Connection['client'],
  { endpoint }: EndpointSummary,
): Promise<SessionSummary[]> {
  return listSessions(client, { state: 'open', endpoint });
}
