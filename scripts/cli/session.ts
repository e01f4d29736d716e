// `caisey session …`: open, close, list, show, follow.

import { listEndpoints, listSessions } from '#appliance/protocol/lists.ts';
import type { SessionSummary } from '#appliance/protocol/session-summary.ts';
import type { Caller, Connection } from './connect.ts';
import { CliError } from './error.ts';
import { type Act, connected, type Invocation } from './invocation.ts';
import { nameToPaste } from './name.ts';
import type { Parent } from './program.ts';
import { formatCount, formatMoment } from './quantity.ts';
import { findEndpoint, findSession } from './reference.ts';
import type { Cell } from './table.ts';

export function addSession(parent: Parent, act: Act): void {
  const session = parent.command('session').description('open, close and read sessions');
  session
    .command('open')
    .description('open a session on an endpoint; "caisey run" then uses it')
    .argument('<endpoint>', 'name or id')
    .requiredOption('--reason <text>', 'why, for the client and the record')
    .option('--ticket <id>', 'the ticket that it belongs to')
    .addHelpText(
      'after',
      '\nExample:\n  $ caisey session open web --reason "Disk is full" --ticket 4711',
    )
    .action((endpoint, options) => act((invocation) => open(invocation, endpoint, options)));
  session
    .command('close')
    .description('close a session: what runs in it is ended and recorded first')
    .argument('[id]', 'id, or the beginning of it')
    .option('--endpoint <name>', 'your newest open session on an endpoint')
    .option('--note <text>', 'what was done, for the record')
    .option('--ticket <id>', 'the ticket that it belonged to')
    .addHelpText(
      'after',
      '\nExample:\n  $ caisey session close --endpoint web --note "Freed 40 GiB"',
    )
    .action((id, options) => act((invocation) => close(invocation, id, options)));
  session
    .command('ls')
    .description('list the sessions that are open')
    .option('--all', 'those that have ended, too')
    .option('--limit <n>', 'at most so many', '100')
    .addHelpText('after', '\nExample:\n  $ caisey session ls --all --limit 20')
    .action((options) => act((invocation) => list(invocation, options)));
  session
    .command('show')
    .description('show a whole session, every value checked against its entry of the log')
    .argument('<id>', 'id, or the beginning of it')
    .addHelpText('after', '\nExample:\n  $ caisey session show 2Xk4')
    .action((id) => act((invocation) => read(invocation, id, { follow: false })));
  session
    .command('tail')
    .description('follow a session live, until it ends or you press Ctrl+C')
    .argument('<id>', 'id, or the beginning of it')
    .addHelpText(
      'after',
      '\nCtrl+C is its ordinary end: exit code 0.\n\nExample:\n  $ caisey session tail 2Xk4 --format json',
    )
    .action((id) =>
      act((invocation) => read(invocation, id, { follow: true }), { interrupts: 'end' }),
    );
}

async function open(
  invocation: Invocation,
  name: string,
  { reason, ticket = null }: { reason: string; ticket?: string | undefined | null },
): Promise<void> {
  const { output } = invocation;
  if (reason.trim() === '') {
    throw new CliError('usage', 'Cannot open session: the reason is empty', {
      hint: 'The client and the record want to know why. Example: --reason "Disk is full"',
    });
  }
  await using connection = await connected(invocation);
  const { openSession } = await import('./open-session.ts');
  const { forgetEndedSessions } = await import('./ended-session.ts');
  await forgetEndedSessions(invocation, connection);
  const endpoint = await findEndpoint(connection.client, name);
  const { session } = await openSession(invocation, connection, { endpoint, reason, ticket });
  await output.result(
    { session, endpoint: endpoint.endpoint, endpointName: endpoint.name },
    () => `${session}\n`,
  );
  await output.advice(
    `Open on ${endpoint.name}. Run in it: caisey run ${nameToPaste(endpoint.name)} -- <command>`,
  );
}

async function close(
  invocation: Invocation,
  id: string | undefined,
  options: {
    endpoint?: string | undefined;
    note?: string | undefined;
    ticket?: string | undefined;
  },
): Promise<void> {
  const { output, home } = invocation;
  await using connection = await connected(invocation);
  const session = await sessionToClose(invocation, { connection, id, endpoint: options.endpoint });
  const { note = null, ticket = null } = options;
  const { index } = await connection.client.call('session.close', { session, note, ticket });
  const { removeHeldSession } = await import('./session-file.ts');
  await removeHeldSession(home, session);
  const { forgetEndedSessions } = await import('./ended-session.ts');
  await forgetEndedSessions(invocation, connection);
  await output.result({ session, index }, () => `Closed ${session}, entry ${index}\n`);
}

async function sessionToClose(
  invocation: Invocation,
  {
    connection,
    id,
    endpoint,
  }: { connection: Connection; id: string | undefined; endpoint: string | undefined },
): Promise<string> {
  if ((id === undefined) === (endpoint === undefined)) {
    throw new CliError('usage', 'Cannot close: give either the id or --endpoint');
  }
  if (id !== undefined) {
    const { session, state, closedAt } = await namedSession(connection.client, id);
    if (state === 'open') return session;
    const when = closedAt === null ? '' : `, at ${formatMoment(closedAt)}`;
    throw new CliError('no-session', `Cannot close ${session}: it is closed already${when}`, {
      hint: `How it ended: caisey session show ${session}`,
    });
  }
  const { newestOwn } = await import('./own-session.ts');
  const found = await findEndpoint(connection.client, endpoint ?? '');
  const choose = 'its id in place of --endpoint';
  const own = await newestOwn(invocation, connection, { endpoint: found, choose });
  if (own !== null) return own.session;
  throw new CliError('no-session', `Cannot close: you have no open session on ${found.name}`, {
    hint: '"caisey session ls" lists what is open.',
  });
}

/** The session by its id; who names an endpoint instead is told how that is done. */
async function namedSession(client: Caller, id: string): Promise<SessionSummary> {
  try {
    return await findSession(client, id);
  } catch (cause) {
    const isEndpoint = (await listEndpoints(client)).some(({ name }) => name === id);
    if (!isEndpoint) throw cause;
    throw new CliError('usage', `Cannot close: "${id}" is an endpoint, not a session`, {
      cause,
      hint: `Your newest session there: caisey session close --endpoint ${id}`,
    });
  }
}

async function list(
  invocation: Invocation,
  { all = false, limit }: { all?: true | undefined | false; limit: string },
): Promise<void> {
  const { output } = invocation;
  await using connection = await connected(invocation);
  const sessions = await listSessions(connection.client, {
    state: all ? 'all' : 'open',
    limit: parseLimit(limit),
  });
  const { forgetEndedSessions } = await import('./ended-session.ts');
  await forgetEndedSessions(invocation, connection);
  await output.result({ sessions }, () => {
    if (sessions.length === 0) return all ? 'No session yet.\n' : 'No session is open.\n';
    return output.table(
      ['SESSION', 'STATE', 'ENDPOINT', 'TECHNICIAN', 'OPENED', 'COMMANDS', 'ENTRIES', 'REASON'],
      sessions.map(rowOf),
    );
  });
}

function rowOf(session: SessionSummary): readonly Cell[] {
  const { state, reason, ticket } = session;
  return [
    session.session,
    { text: state, style: state === 'open' ? 'green' : state === 'closed' ? 'dim' : 'yellow' },
    session.endpointName,
    session.technician,
    formatMoment(session.openedAt),
    String(session.commands),
    String(session.entries),
    [ticket === null ? '' : `[${ticket}]`, reason ?? ''].join(' ').trim(),
  ];
}

/** @throws {CliError} code `usage` */
export function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return limit;
  throw new CliError('usage', `Cannot read limit "${text}": not a number from 1 to 1000`);
}

async function read(
  invocation: Invocation,
  id: string,
  { follow }: { follow: boolean },
): Promise<void> {
  const { output, signal } = invocation;
  await using connection = await connected(invocation);
  const { readSession } = await import('./read-session.ts');
  const { describeEntry, entryJson } = await import('./entry-lines.ts');
  const { session } = await findSession(connection.client, id);
  const count = await readSession(connection.client, {
    ...{ session, follow, signal, origin: connection.origin },
    from: 0,
    onEntry: (entry) =>
      output.item(entryJson(entry), () => `${describeEntry(entry, output.paint).join('\n')}\n`),
  });
  await output.note(
    `${formatCount(count, 'entry', 'entries')}, every value checked against its entry of the log`,
    'dim',
  );
}
