// What a person types, as every verb takes it: so long and no longer, and text that UTF-8 can hold. A string with
// half of a surrogate pair has no bytes to hash, so it must not get as far as the log.

import * as z from 'zod';

/** What is said of such a string. */
export const NOT_WELL_FORMED = 'not well-formed Unicode: it has half of a character';

/** A schema of well-formed text of at most so many characters (UTF-16 code units). */
export function boundedText(maxChars: number, { minChars = 0 } = {}): z.ZodType<string, string> {
  return z
    .string()
    .min(minChars)
    .max(maxChars)
    .refine((text) => text.isWellFormed(), NOT_WELL_FORMED);
}
