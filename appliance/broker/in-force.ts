// Putting a newer statement in force, whoever brings it: its signature is its authority. Who may no longer come in
// or act is out at once: connections first, then the sessions.

import { encodeBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { VerifyError, type VerifyErrorCode } from '#crypto/error.ts';
import { sha256 } from '#crypto/hash.ts';
import { parsePersonKey } from '#crypto/person-key.ts';
import { type Envelope, parseStatement } from '#crypto/statement.ts';
import { WorkError } from '../work/error.ts';
import { peerKeyOf } from '../work/site.ts';
import type { Desk } from './client/call.ts';

/** What was put in force. */
export interface PutInForce {
  readonly type: 'roster' | 'authority' | 'policy' | 'digest';
  readonly version: number;
}

/** What no honest console or member brings: signed by nobody who may, a second one of the same version, or one far ahead. */
const FORGED: readonly VerifyErrorCode[] = [
  'signature',
  'unknown-key',
  'weak-key',
  'not-authorised',
  'fork',
  'skipped',
  'webauthn',
];

/**
 * Records a roster, list of approvers, policy or digest level and puts it in force. `by` is for the record of what
 * that ends, or of the attempt: one that is forged raises an alarm of the site.
 * @throws {VerifyError | FormatError} when it is not a later one by its root
 * @throws {WorkError} code `statement-invalid` for any other statement
 */
export async function putInForce(
  desk: Desk,
  envelope: Envelope,
  { by }: { by: string },
): Promise<PutInForce> {
  const { site } = desk;
  const before = peopleOf(desk);
  let put: PutInForce;
  try {
    put = await change(site, envelope);
  } catch (cause) {
    await raiseForged(desk, { envelope, by, cause });
    throw cause;
  }
  disconnectStruckOff(desk, before);
  await closeRevoked(desk, by);
  return put;
}

async function change(site: Desk['site'], envelope: Envelope): Promise<PutInForce> {
  const { statement } = parseStatement(envelope);
  switch (statement.type) {
    case 'roster':
      await site.changeRoster(envelope);
      break;
    case 'authority':
      await site.changeAuthority(envelope);
      break;
    case 'policy':
      await site.changePolicy(envelope);
      break;
    case 'digest':
      await site.changeDigest(envelope, { method: methodOf(statement.by) });
      break;
    case 'root':
    case 'site':
    case 'device':
    case 'session':
    case 'command':
    case 'approval':
    case 'attestation':
      throw new WorkError(
        'statement-invalid',
        `Cannot change site: a ${statement.type} is no such`,
      );
    default:
      throw new Error(`unreachable: statement ${String(statement satisfies never)}`);
  }
  return { type: statement.type, version: statement.version };
}

/** Puts on record that somebody brought a forged statement, within the bounds of alarms. */
async function raiseForged(
  { alarms }: Desk,
  { envelope, by, cause }: { envelope: Envelope; by: string; cause: unknown },
): Promise<void> {
  if (!(cause instanceof VerifyError) || !FORGED.includes(cause.code)) return;
  await alarms.take({
    code: 'statement-forged',
    message: `${cause.message}; brought by ${by}`,
    offered: encodeBase64url(sha256(encodeUtf8(envelope.statement))),
    subject: by,
  });
}

/** The keys of everybody who may come in as a client. */
function peopleOf({ site }: Desk): readonly string[] {
  const { members } = site.roster.signed.statement;
  return [...members, ...site.authority.signed.statement.approvers].map(({ key }) => key);
}

/** Ends the connections of people who are known no more: what they were following ends, too. */
function disconnectStruckOff(desk: Desk, before: readonly string[]): void {
  const still = new Set(peopleOf(desk));
  const gone = before.filter((key) => !still.has(key) && isPeerKey(key));
  const devices = desk.guests.devicesOfOthers(desk.site.roster.signed.statement.members);
  for (const key of [...gone, ...devices]) {
    const publicKey = peerKeyOf(key);
    desk.guests.forget(publicKey);
    desk.disconnect(publicKey);
  }
}

function methodOf(key: string): 'passkey' | 'key-file' {
  return parsePersonKey(key).kind === 'webauthn' ? 'passkey' : 'key-file';
}

/** A passkey signs, but is no peer's. */
function isPeerKey(key: string): boolean {
  return parsePersonKey(key).kind === 'ed25519';
}

/** Ends the sessions of technicians who may no longer act, all at once: none waits for another to end. */
async function closeRevoked({ site, sessions }: Desk, by: string): Promise<void> {
  const { members } = site.roster.signed.statement;
  const mayAct = (key: string): boolean =>
    members.some((member) => member.key === key && member.role !== 'reviewer');
  const closings = sessions.open
    .filter(({ technician, isClosing }) => !isClosing && !mayAct(technician.key))
    .map((session) =>
      sessions.closeSession(session, { by, reason: 'revoked', note: null, ticket: null }),
    );
  const failed = (await Promise.allSettled(closings)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}
