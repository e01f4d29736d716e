// Claiming an appliance, `/caisey/appliance/claim/1`: its owner's browser speaks to it end to end, as a peer that nobody
// pinned, and proves by the code's secret that it heard of this box from who stands before it.
//
//   owner       claim ────────────────► appliance     secret, names, root set, roster
//   owner       ◄──────── offered                     the client's contact now sees who claims
//   owner       ◄──────── founded, declined           what the contact decided, when it is decided
//   owner       ◄──────── refused                     instead of any of these: why

import * as z from 'zod';

import { sitePinsSchema } from '#agent/protocol/enrol-message.ts';
import { isRootSet, MAX_ROOT_SET_CHARS } from '#crypto/root-set.ts';
import { envelopeSchema } from '#crypto/statement.ts';
import { CLAIM_SECRET_CHARS } from './claim-code.ts';

export const CLAIM_PROTOCOL = '/caisey/appliance/claim/1';

const name = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\p{C}]+$/u);

/** Who claims: what the client's contact is shown, and what the site is then founded with. */
export const claimOfferSchema = z.strictObject({
  /** The service provider, as its roster names it. */
  msp: name,
  client: name,
  site: name,
  root: z.string().max(MAX_ROOT_SET_CHARS).refine(isRootSet, 'not a root set'),
  roster: envelopeSchema,
});

export type ClaimOffer = z.infer<typeof claimOfferSchema>;

/** What an owner says. */
export const claimRequestSchema = z.strictObject({
  kind: z.literal('claim'),
  secret: z.string().length(CLAIM_SECRET_CHARS),
  offer: claimOfferSchema,
});

export type ClaimRequest = z.infer<typeof claimRequestSchema>;

export const CLAIM_REFUSALS = [
  'wrong-secret',
  /** Too many wrong ones: the code on the box is another now. */
  'locked',
  /** Another root has claimed it, and the client's contact has not decided yet. */
  'claimed',
  'roster-invalid',
] as const;

/** What an appliance answers. */
export const claimAnswerSchema = z.discriminatedUnion('kind', [
  /** `code` is `rootCode`: the contact's page shows the same. */
  z.strictObject({ kind: z.literal('offered'), code: z.string().max(32) }),
  z.strictObject({ kind: z.literal('founded'), pins: sitePinsSchema }),
  z.strictObject({ kind: z.literal('declined') }),
  z.strictObject({
    kind: z.literal('refused'),
    code: z.enum(CLAIM_REFUSALS),
    message: z.string().max(1024),
    retryAfterMs: z.int().min(0).nullable(),
  }),
]);

export type ClaimAnswer = z.infer<typeof claimAnswerSchema>;
