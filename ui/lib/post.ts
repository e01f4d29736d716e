// Tells our own host something, and gives its refusal back in its words.

import * as z from 'zod';

const refusalSchema = z.object({ message: z.string() });

/** @throws {Error} with what the host said, or that it cannot be reached */
export async function post(path: string, body: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  } catch (cause) {
    throw new Error('The console cannot be reached; nothing was changed', { cause });
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer;
  const refusal = refusalSchema.safeParse(answer);
  throw new Error(
    refusal.success ? refusal.data.message : `The console answered ${response.status}`,
  );
}
