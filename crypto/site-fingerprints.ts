// The two keys by which a site is known, as two people compare them: one form on the appliance's own page, at the
// command line and in the console. The appliance's key ends the encrypted link; the log's signs the record.

import { parseVerifierKey } from './key.ts';
import { formatPersonKey, keyFingerprint } from './person-key.ts';

/** The keys of a site, as text. */
export interface SiteKeys {
  /** `ed25519:…` of the appliance's peer key. */
  readonly appliance: string;
  /** The log's C2SP verifier key. */
  readonly log: string;
}

/**
 * The `keyFingerprint` of each. That of the log is of the bare key: the log's name is no part of it.
 * @throws {FormatError} when the log's key is none
 */
export function siteFingerprints({ appliance, log }: SiteKeys): SiteKeys {
  const { publicKey } = parseVerifierKey(log);
  return {
    appliance: keyFingerprint(appliance),
    log: keyFingerprint(formatPersonKey({ kind: 'ed25519', publicKey })),
  };
}
