// Running one command: find or open its session, sign it with the session's key, follow the session from where it
// stands, and show of it what belongs to this command, each entry when it is durable.

import { constants } from 'node:os';

import type { ClientEvent, CommandOutcome } from '#appliance/protocol/client-message.ts';
import type { EndpointSummary } from '#appliance/protocol/endpoint-summary.ts';
import { ClientError } from '#appliance/protocol/client.ts';
import { VerifyError } from '#crypto/error.ts';
import { type Absence, openAbsence } from './absence.ts';
import { CommandView } from './command-view.ts';
import type { Connection } from './connect.ts';
import { CliError } from './error.ts';
import { BROKEN_PIPE, CANCELLED, EXIT, NOT_STARTED, TIMED_OUT } from './exit-code.ts';
import type { Interrupts } from './interrupts.ts';
import type { Invocation } from './invocation.ts';
import { findUsableSession, openSession, type UsableSession, useSession } from './open-session.ts';
import { readSession } from './read-session.ts';
import { findEndpoint, findSession } from './reference.ts';
import { type RunFields, type SignedRun, signRun } from './sign-run.ts';

export interface RunRequest {
  readonly endpoint: string;
  readonly fields: RunFields;
  readonly why: string | null;
  readonly state: string | null;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly session: string | null;
  readonly isRaw: boolean;
}

interface Running {
  readonly invocation: Invocation;
  readonly connection: Connection;
  readonly interrupts: Interrupts;
}

/** Runs a command to its end; answers the exit code of the command line. */
export async function runCommand(request: RunRequest, running: Running): Promise<number> {
  const { client } = running.connection;
  const endpoint = await findEndpoint(client, request.endpoint);
  const { http } = await client.call('site.status', {});
  const { session, isOwn } = await sessionFor(request, { ...running, endpoint });
  const place = { request, running, endpoint, page: http, isOwn };
  if (!isOwn) return (await runIn(session, place)).exitCode;
  let ran: Ran;
  try {
    ran = await runIn(session, place);
  } catch (cause) {
    await closeOwn(session, running).catch(() => undefined); // why it failed matters more
    throw cause;
  }
  const closing = closeOwn(session, running);
  if (!ran.isLeft) await closing;
  else {
    closing.catch(() => undefined); // it takes as long as the endpoint may; we do not stay for it
    await client.call('site.status', {}); // answered after the closing was taken
  }
  return ran.exitCode;
}

/** How it went; `isLeft` when we did not stay to see its end. */
interface Ran {
  readonly exitCode: number;
  readonly isLeft: boolean;
}

async function closeOwn({ session }: UsableSession, { connection }: Running): Promise<void> {
  try {
    await connection.client.call('session.close', { session, note: null, ticket: null });
  } catch (cause) {
    const isClosed =
      cause instanceof ClientError && /^session-(?:unknown|closed)$/.test(cause.code);
    if (!isClosed) throw cause; // an approver stopped it, or time did
  }
}

/** The session to run in; `isOwn` when it was opened for this command alone. */
async function sessionFor(
  request: RunRequest,
  { endpoint, ...running }: Running & { endpoint: EndpointSummary },
): Promise<{ session: UsableSession; isOwn: boolean }> {
  const { invocation, connection } = running;
  const open = await openSessionFor(request, { invocation, connection, endpoint });
  const { reason, ticket } = request;
  if (open !== null) {
    const unused = [
      ...(reason === null ? [] : ['--reason']),
      ...(ticket === null ? [] : ['--ticket']),
    ];
    if (unused.length > 0) await sayUnused(unused.join(' and '), { invocation, open });
    return { session: open, isOwn: false };
  }
  const opening = { endpoint, reason, ticket, isTied: true };
  return { session: await openSession(invocation, connection, opening), isOwn: true };
}

/** What a session is for stands in its opening, and cannot be said afterwards. */
function sayUnused(
  options: string,
  { invocation: { output }, open }: Pick<Running, 'invocation'> & { open: UsableSession },
): Promise<void> {
  return output.note(
    `Not on record: ${options}. The command runs in session ${open.session}, which is open already and has its own. --why says what a command is for.`,
    'yellow',
  );
}

/**
 * The session that is named, or else the one that this home has open on the endpoint; null when it has none.
 * @throws {CliError} `usage` when the named one is on another endpoint; `no-session`, `unknown`, `ambiguous`
 */
export async function openSessionFor(
  { session: named }: Pick<RunRequest, 'session'>,
  {
    invocation,
    connection,
    endpoint,
  }: Pick<Running, 'invocation' | 'connection'> & { endpoint: EndpointSummary },
): Promise<UsableSession | null> {
  if (named === null) return findUsableSession(invocation, connection, endpoint);
  const summary = await findSession(connection.client, named);
  if (summary.endpoint === endpoint.endpoint) return useSession(invocation, summary);
  throw new CliError(
    'usage',
    `Cannot run in session ${summary.session}: it is on another endpoint`,
  );
}

interface Place {
  readonly request: RunRequest;
  readonly running: Running;
  readonly endpoint: EndpointSummary;
  readonly page: string | null;
  /** Whether the session was opened for this command alone. */
  readonly isOwn: boolean;
}

async function runIn(session: UsableSession, place: Place): Promise<Ran> {
  const { request, running, endpoint, page } = place;
  const { invocation, connection, interrupts } = running;
  const nowMs = invocation.terminal.now();
  const signed = await signRun(request, { session, endpoint, log: connection.origin, nowMs });
  const absence = openAbsence();
  const cancel = (why: string | null) => (): void => {
    cancelCommand(running, {
      ...{ session: session.session, command: signed.hash, why },
      onCancelled: () => absence.cancelled(),
    });
  };
  const view = new CommandView({
    ...{ invocation, page, command: signed.hash, isRaw: request.isRaw },
    endpointName: endpoint.name,
    onBrokenPipe: cancel(null),
  });
  await view.begin(session.session, place);
  if (view.isBroken) return { exitCode: BROKEN_PIPE, isLeft: false }; // nobody reads: nothing is run
  const outcome = await submit(session, {
    ...{ connection, view, absence },
    command: { ...signed.commands, why: request.why },
    onSubmit: () => interrupts.cancelBy(cancel('Cancelling … (Ctrl+C again leaves)')),
  });
  if (outcome === null) await view.leave(session.session);
  else await view.end(outcome, session.session);
  const isLeft = outcome === null;
  if (view.isBroken) return { exitCode: BROKEN_PIPE, isLeft };
  return { exitCode: isLeft ? CANCELLED : exitCodeFor(outcome, interrupts.isCancelling), isLeft };
}

interface Submission {
  readonly connection: Connection;
  readonly view: CommandView;
  readonly absence: Absence;
  readonly command: SignedRun['commands'] & { readonly why: string | null };
  readonly onSubmit: () => void;
}

/** Submits a command and shows the session's entries until its end; null when there is no use in staying for that. */
async function submit(
  { session, entries }: UsableSession,
  { connection, view, absence, command, onSubmit }: Submission,
): Promise<CommandOutcome | null> {
  const { client, origin } = connection;
  const following = new AbortController();
  const reading = readSession(client, {
    ...{ session, origin, from: entries, follow: true },
    signal: following.signal,
    onEntry: (entry) => view.take(entry),
  });
  onSubmit();
  const onEvent = async (event: ClientEvent): Promise<void> => {
    if (event.kind !== 'endpoint') return;
    absence.endpoint(event);
    await view.takePresence(event);
  };
  const submitted = client.call('command.submit', { session, ...command }, { onEvent });
  const outcome = await firstOf(Promise.race([submitted, absence.unheard]), reading);
  if (outcome === null)
    submitted.catch(() => undefined); // we do not stay for it
  else {
    const unseen = reading.then(() => {
      throw new VerifyError('range', 'Cannot follow command: the session ended without its end');
    });
    await firstOf(view.whenSeen(outcome.n), unseen);
  }
  following.abort();
  await reading.catch(() => undefined); // stopped by us; what it would say was seen
  return outcome;
}

/** What is waited for, or the failure of the reading beside it. A reading that ends in order fails nothing. */
function firstOf<T>(wanted: Promise<T>, reading: Promise<unknown>): Promise<T> {
  const failed = new Promise<never>((_, reject) => {
    reading.catch(reject);
  });
  return Promise.race([wanted, failed]);
}

function cancelCommand(
  { invocation, connection }: Running,
  {
    why,
    onCancelled,
    ...target
  }: { session: string; command: string; why: string | null; onCancelled: () => void },
): void {
  const { output } = invocation;
  const cancelling = async (): Promise<void> => {
    const told = why === null ? null : output.note(why, 'yellow');
    told?.catch(() => undefined); // a terminal that has hung up must not keep it from being cancelled
    const { cancelled } = await connection.client.call('command.cancel', target);
    onCancelled();
    if (!cancelled && why !== null) await output.note('It has ended already.', 'dim');
  };
  cancelling().catch(() => undefined); // a lost connection is told by the call that runs
}

/** The exit code for how a command ended. `isCancelling`: it ended because the person pressed Ctrl+C. */
export function exitCodeFor(
  { outcome, exitCode, signal, code, stoppedBy }: CommandOutcome,
  isCancelling: boolean,
): number {
  if (stoppedBy !== null && !isCancelling) return EXIT.refused;
  switch (outcome) {
    case 'exited':
      return exitCode ?? EXIT.failed;
    case 'signalled':
      return signalCode(signal);
    case 'timed-out':
      return TIMED_OUT;
    case 'cancelled':
      return CANCELLED;
    case 'not-started':
      return NOT_STARTED;
    case 'interrupted':
      return EXIT.unreachable;
    case 'refused':
      if (code === 'endpoint-offline') return EXIT.unreachable;
      return isCancelling ? CANCELLED : EXIT.refused;
    case 'withdrawn':
      return isCancelling ? CANCELLED : EXIT.refused;
    case 'denied':
    case 'expired':
      return EXIT.refused;
    default:
      throw new Error(`unreachable: outcome ${String(outcome satisfies never)}`);
  }
}

function signalCode(signal: string | null): number {
  const numbers: Readonly<Record<string, number>> = constants.signals;
  const number = signal === null ? undefined : numbers[signal];
  return number === undefined ? EXIT.failed : 128 + number;
}
