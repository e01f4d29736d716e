// What the host and the `npm start` that runs it say to each other, over the channel between the two processes: how
// the site of this computer comes into the organisation. No network reaches it. Both sides parse what they hear.
//
//   host   look  ────────► start    which site is here, and does it belong to a console already?
//   host   begin ────────► start    the code that a person read in its terminal, and the organisation's root set
//   start  ◄──── begun              the certificate by the site's root, and the roster in force there
//   host   join  ────────► start    a join token: the appliance joins by it, and is started anew

import * as z from 'zod';

import { isRootSet, MAX_ROOT_SET_CHARS } from '#crypto/root-set.ts';
import { envelopeSchema } from '#crypto/statement.ts';

const id = z.int().min(1);
const word = z.string().max(256);

/** The letters of the code that `npm start` shows. */
export const HAND_OVER_CODE_CHARS = 8;

/** What the host says. */
export const computerDownSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('look'), id }),
  z.strictObject({
    ...{ kind: z.literal('begin'), id },
    code: z.string().max(64),
    rootKeys: z.string().max(MAX_ROOT_SET_CHARS).refine(isRootSet, 'not a root set'),
  }),
  z.strictObject({ kind: z.literal('join'), id, token: z.string().max(2048) }),
]);

const siteSchema = z.strictObject({
  client: word,
  site: word,
  /** The root set that it pins. */
  root: z.string().max(MAX_ROOT_SET_CHARS),
  /** The console that it belongs to: its id there, and the relay's key; null: to none. */
  joined: z.strictObject({ site: z.string().max(64), relay: z.string().max(2048) }).nullable(),
});

const begunSchema = z.strictObject({
  certificate: envelopeSchema,
  /** In force there: it says who may ask now. */
  roster: envelopeSchema,
});

/** What `npm start` answers, to the question of the same id. */
export const computerUpSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('site'), id, site: siteSchema }),
  z.strictObject({ kind: z.literal('begun'), id, begun: begunSchema }),
  z.strictObject({ kind: z.literal('joined'), id }),
  z.strictObject({
    ...{ kind: z.literal('refused'), id },
    code: z.enum(['wrong-code', 'not-begun', 'failed']),
    message: z.string().max(4096),
  }),
]);

export type ComputerDown = z.infer<typeof computerDownSchema>;
export type ComputerUp = z.infer<typeof computerUpSchema>;
/** The site of this computer. */
export type LocalSite = z.infer<typeof siteSchema>;
/** What its own root signed, to be proved and taken into the organisation's roster by the page. */
export type Begun = z.infer<typeof begunSchema>;
