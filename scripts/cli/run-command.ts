// Running one command: find or open its session, sign it with the session's key, follow the session from where it
// stands, and show of it what belongs to this command, each entry when it is durable.

import { constants } from 'node:os';

import type { CommandOutcome, SignedCommand } from '#appliance/protocol/client-message.ts';
import type { EndpointSummary } from '#appliance/protocol/endpoint-summary.ts';
import { ClientError } from '#appliance/protocol/client.ts';
import type { CommandFields } from '#appliance/protocol/command-fields.ts';
import { signCommand } from '#appliance/protocol/session-key.ts';
import { VerifyError } from '#crypto/error.ts';
import { CommandView } from './command-view.ts';
import type { Connection } from './connect.ts';
import { CliError } from './error.ts';
import { BROKEN_PIPE, CANCELLED, EXIT, NOT_STARTED, TIMED_OUT } from './exit-code.ts';
import type { Interrupts } from './interrupts.ts';
import type { Invocation } from './invocation.ts';
import { findUsableSession, openSession, type UsableSession, useSession } from './open-session.ts';
import { readSession } from './read-session.ts';
import { findEndpoint, findSession } from './reference.ts';
import { removeHeldSession } from './session-file.ts';
import { statementSigner } from '#crypto/statement.ts';

export interface RunRequest {
  readonly endpoint: string;
  readonly fields: Omit<CommandFields, 'shell'> & {
    /** Null: what the endpoint's system has. */
    readonly shell: CommandFields['shell'] | null;
  };
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
  if (!isOwn) return runIn(session, place);
  let code: number;
  try {
    code = await runIn(session, place);
  } catch (cause) {
    await closeOwn(session, running).catch(() => undefined); // why it failed matters more
    throw cause;
  }
  await closeOwn(session, running);
  return code;
}

async function closeOwn(
  { session }: UsableSession,
  { connection, invocation }: Running,
): Promise<void> {
  try {
    await connection.client.call('session.close', { session, note: null, ticket: null });
  } catch (cause) {
    const isClosed =
      cause instanceof ClientError && /^session-(?:unknown|closed)$/.test(cause.code);
    if (!isClosed) throw cause; // an approver stopped it, or time did
  }
  await removeHeldSession(invocation.home, session);
}

/** The session to run in; `isOwn` when it was opened for this command alone. */
async function sessionFor(
  { session: named, reason, ticket }: RunRequest,
  { invocation, connection, endpoint }: Running & { endpoint: EndpointSummary },
): Promise<{ session: UsableSession; isOwn: boolean }> {
  if (named !== null) {
    const summary = await findSession(connection.client, named);
    if (summary.endpoint === endpoint.endpoint) {
      return { session: await useSession(invocation, summary), isOwn: false };
    }
    throw new CliError(
      'usage',
      `Cannot run in session ${summary.session}: it is on another endpoint`,
    );
  }
  const open = await findUsableSession(invocation, connection, endpoint);
  if (open !== null) return { session: open, isOwn: false };
  const session = await openSession(invocation, connection, { endpoint, reason, ticket });
  return { session, isOwn: true };
}

interface Place {
  readonly request: RunRequest;
  readonly running: Running;
  readonly endpoint: EndpointSummary;
  readonly page: string | null;
  /** Whether the session was opened for this command alone. */
  readonly isOwn: boolean;
}

async function runIn(session: UsableSession, place: Place): Promise<number> {
  const { request, running, endpoint, page } = place;
  const { client, origin } = running.connection;
  const shell = request.fields.shell ?? (endpoint.host?.os === 'win32' ? 'powershell' : 'sh');
  const fields: CommandFields = { ...request.fields, shell };
  const signedPlace = { log: origin, endpoint: session.endpoint, session: session.session };
  const sign = (purpose: 'work' | 'state-before' | 'state-after', command: string) =>
    signCommand({
      place: signedPlace,
      key: statementSigner(session.key),
      ...{ purpose, fields: { ...fields, command } },
      nowMs: running.invocation.terminal.now(),
    });
  const work = await sign('work', fields.command);
  const states = request.state === null ? null : await signStates(sign, request.state);
  const cancel = (why: string | null) => (): void => {
    cancelCommand(running, { session: session.session, command: work.hash, why });
  };
  const view = new CommandView({
    ...{ invocation: running.invocation, command: work.hash, page, isRaw: request.isRaw },
    onBrokenPipe: cancel(null),
  });
  await view.begin(session.session, place);
  if (view.isBroken) return BROKEN_PIPE; // nobody reads: nothing is run
  const following = new AbortController();
  const reading = readSession(client, {
    ...{ session: session.session, origin, from: session.entries, follow: true },
    signal: following.signal,
    onEntry: (entry) => view.take(entry),
  });
  running.interrupts.cancelBy(cancel('Cancelling … (Ctrl+C again leaves)'));
  const submitted = client.call('command.submit', {
    session: session.session,
    command: withoutHash(work),
    why: request.why,
    before: states?.before ?? null,
    after: states?.after ?? null,
  });
  const outcome = await firstOf(submitted, reading);
  const unseen = reading.then(() => {
    throw new VerifyError('range', 'Cannot follow command: the session ended without its end');
  });
  await firstOf(view.whenSeen(outcome.n), unseen);
  following.abort();
  await reading.catch(() => undefined); // stopped by us; what it would say was seen
  await view.end(outcome, session.session);
  return view.isBroken ? BROKEN_PIPE : exitCodeFor(outcome, running.interrupts.isCancelling);
}

async function signStates(
  sign: (
    purpose: 'state-before' | 'state-after',
    command: string,
  ) => Promise<SignedCommand & { hash: string }>,
  state: string,
): Promise<{ before: SignedCommand; after: SignedCommand }> {
  return {
    before: withoutHash(await sign('state-before', state)),
    after: withoutHash(await sign('state-after', state)),
  };
}

function withoutHash({ envelope, disclosures }: SignedCommand & { hash: string }): SignedCommand {
  return { envelope, disclosures };
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
  { why, ...target }: { session: string; command: string; why: string | null },
): void {
  const { output } = invocation;
  const cancelling = async (): Promise<void> => {
    if (why !== null) await output.note(why, 'yellow');
    const { cancelled } = await connection.client.call('command.cancel', target);
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
