// The body of a request as JSON, within bounds that hold whether or not its sender says how long it is.

import { error } from '@sveltejs/kit';
import type * as z from 'zod';

import { concatBytes } from '#crypto/bytes.ts';

/** A signed roster with the certificates of other roots is the longest that a page sends. */
export const MAX_BODY_BYTES = 500_000;

/**
 * Reads what a page sends, by the schema of its endpoint. `expected` says what that is: `Expected a peer key`.
 * @throws SvelteKit's 413 for what is too long, 400 for anything else
 */
export async function bodyOf<S extends z.ZodType>(
  request: Request,
  { schema, expected }: { schema: S; expected: string },
): Promise<z.infer<S>> {
  const body = schema.safeParse(await readJson(request, MAX_BODY_BYTES));
  if (!body.success) error(400, { message: expected });
  return body.data;
}

/** Reads JSON; undefined when it is none, or was cut off. @throws SvelteKit's 413 for more than so many bytes */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const read = await readBytes(request, maxBytes);
  if (read === 'too-long') tooLong(maxBytes);
  try {
    return read === null ? undefined : JSON.parse(new TextDecoder('utf-8').decode(read));
  } catch {
    return undefined;
  }
}

/**
 * Keeps so many bytes at most. What is too long is read to its end, or to the server's own limit: to hang up in the
 * middle would take the answer from whoever is still sending.
 */
async function readBytes(
  { body, headers }: Request,
  maxBytes: number,
): Promise<Uint8Array | 'too-long' | null> {
  const chunks: Uint8Array[] = [];
  const saidBytes = Number(headers.get('content-length') ?? '0');
  let length = 0;
  const isTooLong = (): boolean => Math.max(length, saidBytes) > maxBytes;
  try {
    for await (const chunk of body ?? []) {
      length += chunk.length;
      if (!isTooLong()) chunks.push(chunk);
    }
  } catch {
    return isTooLong() ? 'too-long' : null; // cut off: by the server's limit, or by whoever sent it
  }
  return isTooLong() ? 'too-long' : concatBytes(...chunks);
}

function tooLong(maxBytes: number): never {
  error(413, { message: `Too long: more than ${maxBytes} bytes` });
}
