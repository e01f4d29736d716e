// Asks the host for the site of this computer, and proves what came: the certificate is for the root that this browser
// named, and who may ask there stands in a roster of the same site. Whose site that is, the terminal's code says.

import * as z from 'zod';

import { envelopeSchema } from '#crypto/statement.ts';
import type { BroughtSite } from './founding.ts';
import { type VerifiedHandOver, verifyHandOver } from './hand-over.ts';

const broughtSchema = z.object({
  siteId: z.string(),
  client: z.string(),
  site: z.string(),
  certificate: envelopeSchema,
  roster: envelopeSchema,
});

/** The site of this computer, to be taken into the next roster once a person has typed its code. */
export interface BroughtComputer extends BroughtSite, VerifiedHandOver {
  readonly siteId: string;
  readonly client: string;
  readonly site: string;
}

/**
 * Verifies what the host answered.
 * @throws {Error} when it is no such answer; `VerifyError` and `FormatError` as `verifyHandOver`
 */
export async function verifyBrought(
  answer: unknown,
  at: { rootKeys: string; atMs: number },
): Promise<BroughtComputer> {
  const { siteId, client, site, ...handOver } = broughtSchema.parse(answer);
  return { siteId, client, site, ...(await verifyHandOver(handOver, at)) };
}
