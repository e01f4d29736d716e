// Verifying evidence that lies on this machine: a file and a trust file in, a report out. No network.

import { readFile, stat } from 'node:fs/promises';

import { openJudge } from '#agent/policy/decide.ts';
import { useNativeCrypto } from '#agent/protocol/native-crypto.ts';
import { MAX_EVIDENCE_BYTES } from '#crypto/evidence-file.ts';
import { type EvidenceReport, verifyEvidence } from '#crypto/evidence.ts';
import { MAX_TRUST_CHARS, parseTrustFile, type Trust } from '#crypto/trust-file.ts';
import { CliError } from './error.ts';

/** Loads a trust file. @throws {FormatError} code `trust` or `policy`; the system's when it cannot be read */
export async function loadTrust(path: string): Promise<Trust> {
  return parseTrustFile((await readBounded(path, 4 * MAX_TRUST_CHARS)).toString('utf8'));
}

/** Loads an evidence file's bytes. @throws {CliError} code `unusable` when it is larger than one can be */
export function loadEvidence(path: string): Promise<Buffer> {
  return readBounded(path, MAX_EVIDENCE_BYTES);
}

/** Verifies evidence, judging its commands again by the signed policy. @throws {FormatError} code `evidence` */
export async function verifyBytes(
  bytes: Uint8Array,
  { trust }: { trust: Trust },
): Promise<EvidenceReport> {
  useNativeCrypto();
  return verifyEvidence(bytes, { trust, judge: await openJudge() });
}

async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  const { size } = await stat(path);
  if (size > maxBytes) throw new CliError('unusable', `Cannot use "${path}": ${size} bytes long`);
  return readFile(path);
}
