// An approver's choice of what the console may know, signed where the approver's key is.

import type { DigestLevel } from '#crypto/digest-level.ts';
import { type Envelope, signStatement, type StatementSigner } from '#crypto/statement.ts';
import { commonOf } from './session-key.ts';

/** So long a signed choice may be brought to its site. Once taken it counts until the next one. */
const LIFE_MS = 3_600_000;

/** Signs a choice; its version is one above that of the one in force. */
export function signDigest(
  { log, version, level }: { log: string; version: number; level: DigestLevel },
  { approver, nowMs }: { approver: StatementSigner; nowMs: number },
): Promise<Envelope> {
  const common = commonOf(approver, { nowMs, lifeMs: LIFE_MS });
  return signStatement({ ...common, log, version, level, type: 'digest' }, approver);
}
