// Asks the host for the site of this computer, and looks at what came: the certificate must be for the root that this
// browser named, or the roster would be signed in vain.

import * as z from 'zod';

import { envelopeSchema, memberSchema, parseStatement } from '#crypto/statement.ts';
import type { BroughtSite } from './founding.ts';

const broughtSchema = z.object({
  siteId: z.string(),
  client: z.string(),
  site: z.string(),
  certificate: envelopeSchema,
  members: z.array(memberSchema),
  rosterVersion: z.int().min(0),
});

/** The site of this computer, to be taken into the next roster. */
export interface BroughtComputer extends BroughtSite {
  readonly siteId: string;
  readonly client: string;
  readonly site: string;
  /** The key of its root that signed the certificate. */
  readonly by: string;
}

/** Parses what the host answered. @throws {Error} when it is no certificate for this root set */
export function parseBrought(answer: unknown, rootKeys: string): BroughtComputer {
  const brought = broughtSchema.parse(answer);
  const { statement } = parseStatement(brought.certificate);
  if (statement.type !== 'root' || statement.keys !== rootKeys) {
    throw new Error(
      'The site of this computer certified another root than yours; nothing is signed',
    );
  }
  return { ...brought, by: statement.by };
}
