// How a site is: what `site.status` answers.

import * as z from 'zod';

const word = z.string().max(256);

export const siteStatusSchema = z.strictObject({
  client: word,
  site: word,
  msp: word,
  origin: z.string(),
  log: z.string(),
  size: z.int(),
  checkpoint: z.string(),
  endpoints: z.strictObject({ total: z.int(), online: z.int() }),
  openSessions: z.int(),
  waitingRequests: z.int(),
  diskFreeBytes: z.int(),
  policyVersion: z.int(),
  rosterVersion: z.int(),
  http: z.string().nullable(),
  addresses: z.array(z.string()),
  software: word,
  upSince: z.string().max(32),
});

export type SiteStatus = z.infer<typeof siteStatusSchema>;
