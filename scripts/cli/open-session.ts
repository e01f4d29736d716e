// Opening a session from the command line, and finding the one that is open: its key is made here, kept in the
// home until the session ends, and never leaves it. That of a session for one command is in memory alone.

import type { EndpointSummary } from '#appliance/protocol/endpoint-summary.ts';
import { signOpening } from '#appliance/protocol/session-key.ts';
import type { SessionSummary } from '#appliance/protocol/session-summary.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import type { Connection } from './connect.ts';
import { forgetEndedSessions, SESSION_LIFE_MS } from './ended-session.ts';
import { CliError } from './error.ts';
import type { Invocation } from './invocation.ts';
import { nameToPaste } from './name.ts';
import { newestOwn } from './own-session.ts';
import {
  createHeldSession,
  type HeldSession,
  listHeldSessions,
  loadHeldSession,
  removeHeldSession,
} from './session-file.ts';
import { statementSigner } from '#crypto/statement.ts';

/** An open session that this home can run commands in. */
export interface UsableSession extends HeldSession {
  /** Entries so far: where the next one will stand. */
  readonly entries: number;
}

/**
 * Opens a session.
 * @throws {CliError} code `declined` on an endpoint that is pending
 * @throws {ClientError} when the appliance refuses
 */
export async function openSession(
  { home, terminal }: Pick<Invocation, 'home' | 'terminal'>,
  { client, origin, key }: Connection,
  options: {
    endpoint: EndpointSummary;
    reason: string | null;
    ticket: string | null;
    /** It is for what this call does, and ends with it, whatever becomes of us. @default false */
    isTied?: boolean;
  },
): Promise<UsableSession> {
  const { reason, ticket, isTied = false } = options;
  const { endpoint, name, isVerified } = options.endpoint;
  if (!isVerified) {
    throw new CliError(
      'declined',
      `Cannot open session: ${name} is pending until a person verifies it`,
      {
        hint: `Compare the fingerprint that the machine printed when it was enrolled: caisey endpoint verify ${nameToPaste(name)}`,
      },
    );
  }
  const seed = randomBytes(32);
  const delegate = await importSigner(seed);
  const opening = await signOpening({
    ...{ log: origin, endpoint, reason, ticket },
    technician: statementSigner(key.signer),
    delegate: delegate.publicKey,
    nowMs: terminal.now(),
    lifeMs: SESSION_LIFE_MS,
  });
  const { session, envelope } = opening;
  // before the log knows it; a tied one ends with this call, and no other call may use it
  if (!isTied) await createHeldSession(home, { log: origin, session, endpoint, seed });
  try {
    await client.call('session.open', {
      envelope,
      reason: opening.reason,
      ticket: opening.ticket,
      ...(isTied && { isTied }),
    });
  } catch (cause) {
    if (!isTied) await removeHeldSession(home, session);
    throw cause;
  }
  return { log: origin, session, endpoint, key: delegate, entries: 1 };
}

/** The open session of this home on an endpoint, the newest; null when there is none. */
export async function findUsableSession(
  invocation: Pick<Invocation, 'home' | 'output' | 'terminal'>,
  connection: Connection,
  endpoint: EndpointSummary,
): Promise<UsableSession | null> {
  const { home } = invocation;
  await forgetEndedSessions(invocation, connection);
  const held = new Set(await listHeldSessions(home));
  if (held.size === 0) return null;
  const summary = await newestOwn(invocation, connection, {
    endpoint,
    isUsable: ({ session }) => held.has(session),
    choose: '--session ID',
  });
  if (summary === null) return null;
  const session = await loadHeldSession(home, summary.session);
  return session.log === connection.origin ? { ...session, entries: summary.entries } : null;
}

/** The session of a summary, when its key is here. @throws {CliError} code `no-session` */
export async function useSession(
  { home }: Pick<Invocation, 'home'>,
  { session, entries }: SessionSummary,
): Promise<UsableSession> {
  return { ...(await loadHeldSession(home, session)), entries };
}
