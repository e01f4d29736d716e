// Devices. A person's signing key may live where no connection can use it: a passkey signs, but speaks no Noise.
// So the person says by a `device` statement which peer key, made in a browser and kept there, is theirs for some
// hours. The statement names no log: one serves every site of the MSP, and says nothing but who is connected.
// What is done is said by other statements.

import { VerifyError } from './error.ts';
import { parseTime } from './leaf.ts';
import { memberByKey } from './roster.ts';
import { checkInForce, type Envelope, type Member, verifyStatement } from './statement.ts';

/** A device statement is for a working day: a browser that was left behind is nobody's tomorrow. */
export const MAX_DEVICE_LIFE_MS = 12 * 3_600_000;

/** What the checker knows: the roster in force, the key that the peer proved (`ed25519:…`), and the time. */
export interface DeviceAt {
  readonly roster: { readonly members: readonly Member[] };
  readonly peer: string;
  readonly atMs: number;
}

/** Whose device it is, and until when, in milliseconds since 1970. */
export interface CheckedDevice {
  readonly member: Member;
  readonly expiresMs: number;
}

/**
 * Checks whose device a peer is.
 * @throws {FormatError} code `statement` for bad form
 * @throws {VerifyError} `signature`, `webauthn`, `wrong-kind`; `binding` when it is for another peer, or lives
 *   longer than MAX_DEVICE_LIFE_MS; `not-yet-valid`, `expired`; `not-authorised` when its signer is no member
 */
export async function checkDevice(
  envelope: Envelope,
  { roster, peer, atMs }: DeviceAt,
): Promise<CheckedDevice> {
  const { statement } = await verifyStatement(envelope, { type: 'device', log: NO_LOG });
  if (statement.peer !== peer) {
    throw new VerifyError('binding', 'Cannot accept device: the statement is for another peer');
  }
  const expiresMs = parseTime(statement.expires);
  if (expiresMs - parseTime(statement.not_before) > MAX_DEVICE_LIFE_MS) {
    throw new VerifyError('binding', 'Cannot accept device: its life is longer than 12 hours');
  }
  checkInForce(statement, atMs);
  return { member: memberByKey(roster, statement.by), expiresMs };
}

/** A device statement has no member `log` to compare. */
const NO_LOG = '';
