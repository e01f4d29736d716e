// A request as an approver may rely on it. An appliance, or the way to it, may show one command and ask a signature
// for another; so what is shown here is taken from the entries themselves, and each part is bound:
//
//   request   its leaf hash is the id; its values are in the leaf; the leaf is in the session's chain
//   command   the technician signed it by its digest, and that is the digest of what is shown
//   session   delegates to the key that signed the command; signed by a key of the roster
//   roster    signed by the MSP root that this home pins, or by one that it certified
//
// The names of client, site and endpoint are the record's, as nobody signed them.

import type { RequestItem } from '#appliance/protocol/client-message.ts';
import type { ShownEntry } from '#appliance/protocol/shown-entry.ts';
import { ClientError } from '#appliance/protocol/client.ts';
import type { Deciding } from '#appliance/protocol/session-key.ts';
import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { parseBase64url } from '#crypto/base64.ts';
import { parseDisclosure } from '#crypto/disclosure.ts';
import { isOpenedAs, openWhole } from '#crypto/entry.ts';
import { VerifyError } from '#crypto/error.ts';
import { COMMAND_FIELDS, type FieldsOf } from '#crypto/kind.ts';
import { matchCode } from '#crypto/match-code.ts';
import { checkRootSigner } from '#crypto/root-certificate.ts';
import { memberByKey } from '#crypto/roster.ts';
import { type StatementOf, verifyStatement } from '#crypto/statement.ts';
import { visibleBytes } from '#crypto/visible.ts';
import type { Connection } from './connect.ts';
import { readSession } from './read-session.ts';

export interface CheckedRequest {
  /** Leaf hash, base64url. */
  readonly request: string;
  readonly match: string;
  readonly session: string;
  /** Name and role in the MSP's signed roster. */
  readonly technician: string;
  readonly role: string;
  readonly msp: string;
  readonly endpoint: string;
  readonly endpointName: string;
  readonly client: string;
  readonly site: string;
  readonly command: string;
  readonly shell: string;
  readonly cwd: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly outputLimit: number;
  readonly why: string | null;
  readonly policy: string;
  readonly approvals: number;
  readonly expires: string;
  /** The captured state, made visible; null when none was. */
  readonly state: string | null;
  /** What an approver signs. */
  readonly deciding: Deciding;
}

interface Found {
  readonly opening: Entry;
  readonly request: Entry;
  readonly state: CheckedEntry | null;
}

interface Entry {
  readonly entry: CheckedEntry;
  readonly shown: ShownEntry;
}

/** Checks a request. @throws {VerifyError} when what the appliance shows is not what was signed */
export async function checkRequest(
  connection: Connection,
  { summary, signal }: { summary: Pick<RequestItem, 'request' | 'session'>; signal: AbortSignal },
): Promise<CheckedRequest> {
  const { origin } = connection;
  const { opening, request, state } = await findEntries(connection, { summary, signal });
  const fields = open('approval.requested', request);
  const opened = open('session.opened', opening);
  const { statement, hash } = await verifyStatement(fields.statement, {
    type: 'command',
    log: origin,
  });
  checkCommand(statement, request);
  const { member, msp } = await checkSigners(connection, { statement, opened });
  const { leaf, name } = request.entry;
  return {
    request: name,
    match: matchCode(parseBase64url(name)),
    session: statement.session,
    technician: member.name,
    role: member.role,
    msp,
    endpoint: statement.endpoint,
    endpointName: opened.endpoint_name,
    client: opened.client,
    site: opened.site,
    ...{ command: fields.command, shell: fields.shell, cwd: fields.cwd, env: fields.env },
    timeoutMs: fields.timeout_ms,
    outputLimit: fields.output_limit,
    why: fields.why,
    policy: fields.decision.why,
    approvals: fields.approvals,
    expires: fields.expires,
    state: state === null ? null : stateText(state),
    deciding: {
      log: origin,
      request: name,
      order: hash,
      command: statement.digests.command,
      endpoint: statement.endpoint,
      session: statement.session,
      state: leaf.ref?.state ?? null,
    },
  };
}

/** Reads the session up to the request. */
async function findEntries(
  { client, origin }: Connection,
  { summary, signal }: { summary: Pick<RequestItem, 'request' | 'session'>; signal: AbortSignal },
): Promise<Found> {
  const found = new AbortController();
  const states = new Map<string, CheckedEntry>();
  let opening: Entry | null = null;
  let request: Entry | null = null;
  const reading = readSession(client, {
    ...{ session: summary.session, origin, from: 0, follow: false },
    signal: AbortSignal.any([signal, found.signal]),
    onEntry: async (entry, shown) => {
      opening ??= { entry, shown };
      if (entry.leaf.k === 'state.captured') states.set(entry.name, entry);
      if (entry.name !== summary.request || request !== null) return Promise.resolve();
      request = { entry, shown };
      found.abort();
      return Promise.resolve();
    },
  });
  try {
    await reading;
  } catch (cause) {
    const isStopped = found.signal.aborted && cause instanceof ClientError;
    if (!isStopped) throw cause;
  }
  return complete({ opening, request, states });
}

function complete({
  opening,
  request,
  states,
}: {
  opening: Entry | null;
  request: Entry | null;
  states: ReadonlyMap<string, CheckedEntry>;
}): Found {
  if (opening === null || request === null) throw refuse('its session does not hold it');
  const cited = request.entry.leaf.ref?.state;
  const state = cited === undefined ? null : (states.get(cited) ?? null);
  if (cited !== undefined && state === null) throw refuse('the state that it cites is not there');
  return { opening, request, state };
}

function open<K extends 'approval.requested' | 'session.opened'>(
  kind: K,
  { entry, shown }: Entry,
): FieldsOf<K> {
  return openWhole(kind, { leaf: entry.leaf, disclosures: shown.disclosures ?? [] });
}

/** Every one of the six fields is the one that was signed, for this session and endpoint. */
function checkCommand(statement: StatementOf<'command'>, { entry, shown }: Entry): void {
  const digests = new Map(
    (shown.disclosures ?? []).map(parseDisclosure).map(({ name, digest }) => [name, digest]),
  );
  for (const name of COMMAND_FIELDS) {
    if (digests.get(name) !== statement.digests[name]) throw refuse(`its "${name}" was not signed`);
  }
  const isHere = statement.session === entry.leaf.s && statement.endpoint === entry.leaf.e;
  if (!isHere) throw refuse('it was signed for another session or endpoint');
  if (statement.purpose !== 'work') throw refuse('it was signed for another purpose');
}

async function checkSigners(
  { client, origin, site }: Connection,
  { statement, opened }: { statement: StatementOf<'command'>; opened: FieldsOf<'session.opened'> },
): Promise<{ member: { name: string; role: string }; msp: string }> {
  const session = await verifyStatement(opened.statement, { type: 'session', log: origin });
  const { delegate, session: id, by } = session.statement;
  if (id !== statement.session || delegate !== statement.by) {
    throw refuse('its signer was not delegated to by the session');
  }
  const { roster: envelope } = await client.call('site.statements', {});
  const roster = await verifyStatement(envelope, { type: 'roster', log: origin });
  try {
    await checkRootSigner(roster.statement, { root: site.msp_root, atMs: Date.now() });
  } catch (cause) {
    throw refuse("the roster is not by the MSP's root", { cause });
  }
  return { member: memberByKey(roster.statement, by), msp: roster.statement.msp };
}

/** The state as text; where it was cut, its last line says so. */
function stateText({ texts, opened }: CheckedEntry): string | null {
  const bytes = texts.get('text');
  if (bytes === undefined) return null;
  const text = visibleBytes(bytes, { keepNewlines: true });
  const dropped = isOpenedAs(opened, 'state.captured') ? (opened.fields.dropped_bytes ?? 0) : 0;
  return dropped === 0 ? text : `${text}\n~ cut here: ${dropped} more bytes are not shown`;
}

function refuse(state: string, options?: ErrorOptions): VerifyError {
  return new VerifyError('binding', `Cannot trust the request: ${state}`, options);
}
