// What a refusal says, as a value: so that a table of attacks can name the code that each must meet.

import { FormatError, VerifyError } from '#crypto/error.ts';

/** The code with which something is refused; `accepted` when it is not. Any other error is thrown on. */
export async function refusalOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'accepted';
  } catch (error) {
    if (error instanceof FormatError || error instanceof VerifyError) return error.code;
    throw error;
  }
}
