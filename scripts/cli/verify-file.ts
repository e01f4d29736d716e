// Verifying evidence that lies on this machine: a file and a trust file in, a report out. No network.

import { readFile, stat } from 'node:fs/promises';

import { openJudge } from '#agent/policy/decide.ts';
import { useNativeCrypto } from '#agent/protocol/native-crypto.ts';
import { MAX_EVIDENCE_BYTES } from '#crypto/evidence-file.ts';
import { FormatError } from '#crypto/error.ts';
import { type EvidenceReport, verifyEvidence } from '#crypto/evidence.ts';
import { MAX_TRUST_CHARS, parseTrustFile, type Trust } from '#crypto/trust-file.ts';
import { CliError } from './error.ts';
import { isThere } from './home.ts';
import type { Home } from './place.ts';

/** A trust file, and where it lies: whoever reads a verdict wants to know by whose word it is one. */
export interface LoadedTrust {
  readonly trust: Trust;
  readonly path: string;
  /** Nobody named it: it is the home's. */
  readonly isDefault: boolean;
}

/**
 * Loads the trust file that was named, else the home's.
 * @throws {CliError} code `unusable`, or `usage` when none was named and the home has none
 * @throws {FormatError} code `trust` or `policy`
 */
export async function loadTrust(
  named: string | undefined,
  { trustFile }: Home,
): Promise<LoadedTrust> {
  if (named === undefined && !(await isThere(trustFile))) {
    throw new CliError(
      'usage',
      `Cannot verify: there is no trust file; none was named, and none is at "${trustFile}"`,
      {
        hint: 'Give --trust FILE. It must come from somebody whom you trust, not with the evidence.',
      },
    );
  }
  const path = named ?? trustFile;
  const bytes = await readBounded(path, 4 * MAX_TRUST_CHARS);
  return { trust: parseTrustFile(bytes.toString('utf8')), path, isDefault: named === undefined };
}

/** Loads an evidence file's bytes. @throws {CliError} code `unusable` when it is larger than one can be */
export function loadEvidence(path: string): Promise<Buffer> {
  return readBounded(path, MAX_EVIDENCE_BYTES);
}

/**
 * Verifies evidence, judging its commands again by the signed policy.
 * @throws {CliError} code `unusable` when it is no evidence, or not all of it
 */
export async function verifyBytes(
  bytes: Uint8Array,
  { trust }: { trust: Trust },
): Promise<EvidenceReport> {
  useNativeCrypto();
  try {
    return await verifyEvidence(bytes, { trust, judge: await openJudge() });
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new CliError('unusable', cause.message, {
      cause,
      hint: 'Is it whole, and evidence? "caisey records export" writes such files.',
    });
  }
}

async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  const entry = await stat(path);
  if (!entry.isFile()) throw new CliError('unusable', `Cannot use "${path}": it is not a file`);
  if (entry.size > maxBytes) {
    throw new CliError('unusable', `Cannot use "${path}": ${entry.size} bytes are too many`);
  }
  return readFile(path);
}
