// The trust file: all that somebody who checks evidence must know from elsewhere. One JSON document, made by
// whoever runs the checks, never taken from what is to be checked:
//
//   {"format":"caisey/trust/v1",
//    "policy":"log <vkey>\nwitness <name> <vkey>\nquorum <name>|none\n",
//    "sites":[{"log":"<origin>","msp_root":"ed25519:…","authority":"ed25519:…"}]}
//
// `policy` is a C2SP tlog-policy: whose signatures count on a checkpoint. `sites` pins, for each log, the
// authorities that meet there: the MSP's root set (`root-set.ts`), and the client's key.

import * as z from 'zod';

import { FormatError } from './error.ts';
import { describeIssue } from './issue.ts';
import { MAX_ORIGIN_CHARS } from './leaf.ts';
import { isPersonKey, MAX_KEY_CHARS } from './person-key.ts';
import { isRootSet, MAX_ROOT_SET_CHARS } from './root-set.ts';
import {
  formatTrustPolicy,
  MAX_POLICY_BYTES,
  parseTrustPolicy,
  type TrustPolicy,
} from './trust-policy.ts';

export const TRUST_FORMAT = 'caisey/trust/v1';
export const MAX_TRUST_CHARS = 1_048_576;

/** What is pinned for one log: the root set of the MSP (`root-set.ts`), and the client's key (`person-key.ts`). */
export interface TrustedSite {
  readonly log: string;
  readonly mspRoot: string;
  readonly authorityKey: string;
}

/** What a verifier trusts. */
export interface Trust {
  readonly policy: TrustPolicy;
  readonly sites: readonly TrustedSite[];
}

const key = z.string().max(MAX_KEY_CHARS).refine(isPersonKey, 'not a key');

const trustSchema = z.strictObject({
  format: z.literal(TRUST_FORMAT),
  policy: z.string().max(MAX_POLICY_BYTES),
  sites: z
    .array(
      z.strictObject({
        log: z.string().min(1).max(MAX_ORIGIN_CHARS),
        msp_root: z.string().max(MAX_ROOT_SET_CHARS).refine(isRootSet, 'not a root set'),
        authority: key,
      }),
    )
    .max(4096),
});

/**
 * Parses a trust file. White space between its parts is free; a name given twice, of which readers would take
 * one or the other, is refused, and so are needless escapes.
 * @throws {FormatError} code `trust`, or `policy` for what is wrong with the policy
 */
export function parseTrustFile(text: string): Trust {
  if (text.length > MAX_TRUST_CHARS) throw malformed('too long');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError('trust', 'Cannot parse trust file: not JSON', { cause });
  }
  if (JSON.stringify(value) !== withoutSpace(text)) throw malformed('a name is given twice');
  const parsed = trustSchema.safeParse(value);
  if (!parsed.success) {
    throw new FormatError('trust', `Cannot parse trust file: ${describeIssue(parsed.error)}`, {
      cause: parsed.error,
    });
  }
  const policy = parseTrustPolicy(parsed.data.policy);
  const sites = parsed.data.sites.map((site) => ({
    log: site.log,
    mspRoot: site.msp_root,
    authorityKey: site.authority,
  }));
  checkSites({ policy, sites });
  return { policy, sites };
}

/** Formats a trust file for people to read, ending in a newline. @throws {FormatError} as `parseTrustFile` */
export function formatTrustFile(trust: Trust): string {
  const text = JSON.stringify(
    {
      format: TRUST_FORMAT,
      policy: formatTrustPolicy(trust.policy),
      sites: trust.sites.map(({ log, mspRoot, authorityKey }) => ({
        log,
        msp_root: mspRoot,
        authority: authorityKey,
      })),
    },
    null,
    2,
  );
  parseTrustFile(text);
  return `${text}\n`;
}

/** A site without its log's key could never be verified: a mistake that is better told at once. */
function checkSites({ policy, sites }: Trust): void {
  const logs = new Set(policy.logs.map((log) => log.key.name));
  const named = new Set<string>();
  for (const { log } of sites) {
    if (!logs.has(log)) throw malformed(`policy has no key for log "${log}"`);
    if (named.has(log)) throw malformed(`log "${log}" has two sites`);
    named.add(log);
  }
}

/** JSON text without the white space between its tokens. */
function withoutSpace(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|[ \t\n\r]+/g, '$1');
}

function malformed(state: string): FormatError {
  return new FormatError('trust', `Cannot parse trust file: ${state}`);
}
