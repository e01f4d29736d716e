// What the page's forms send. Hostile until parsed: strict names, no name twice, lengths capped.

import type { Context } from 'hono';
import * as z from 'zod';

import { DIGEST_LEVELS } from '#crypto/digest-level.ts';
import { PageError } from './problem.ts';

export const MAX_COMMENT_CHARS = 1000;
/** A line that the client says in a session. What is longer is said in two. */
export const MAX_SAID_CHARS = 4000;
/** The longest line, every UTF-16 unit three bytes of UTF-8 and each of those a percent escape, and the rest. */
export const MAX_FORM_BYTES = 48 * 1024;

const comment = z
  .string()
  .max(2 * MAX_COMMENT_CHARS) // line ends count double on the way
  .transform((text) => text.replaceAll('\r\n', '\n').trim())
  .pipe(z.string().max(MAX_COMMENT_CHARS))
  .transform((text) => (text === '' ? null : text));

/** A line for a session. One that is empty or too long is told apart later: what was typed is shown again. */
const said = z
  .string()
  .max(MAX_FORM_BYTES)
  .transform((text) => text.replaceAll('\r\n', '\n').trim());

const proved = {
  approver: z.string().max(64),
  pin: z.string().max(256),
  token: z.string().max(64),
};
const signed = { ...proved, comment };

/** The decision about a request. */
export const decideFormSchema = z.strictObject({
  ...signed,
  /** Absent when a browser sent the form without a button: then nothing was decided. */
  decision: z.enum(['approve', 'deny']).exactOptional(),
});

/** The end of a session. */
export const stopFormSchema = z.strictObject(signed);

/** A line that the client says in a session. */
export const sayFormSchema = z.strictObject({ ...proved, text: said });

/** What the console may know. */
export const levelFormSchema = z.strictObject({ ...proved, level: z.enum(DIGEST_LEVELS) });

/** Reads a form. @throws {PageError} code `form-invalid`; the message never holds what was typed */
export async function readForm<S extends z.ZodType>(c: Context, schema: S): Promise<z.infer<S>> {
  const type = c.req.header('Content-Type') ?? '';
  if (!/^application\/x-www-form-urlencoded(?:;|$)/i.test(type)) throw invalid();
  const fields = [...new URLSearchParams(await readText(c))];
  const values = Object.fromEntries(fields);
  if (Object.keys(values).length !== fields.length) throw invalid();
  const parsed = schema.safeParse(values);
  if (!parsed.success) throw invalid();
  return parsed.data;
}

/** A browser that breaks off while it sends is no failure of ours. */
async function readText(c: Context): Promise<string> {
  try {
    return await c.req.text();
  } catch (cause) {
    if (!c.req.raw.signal.aborted) throw cause;
    throw new PageError('form-invalid', 'Cannot read form: it was broken off', { cause });
  }
}

function invalid(): PageError {
  return new PageError('form-invalid', 'Cannot read form: not one of this page');
}
