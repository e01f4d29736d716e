// Asking the person at the terminal: a yes or no, and a secret that is typed unseen. Questions stand on stderr.

import { CliError } from './error.ts';
import type { Terminal } from './terminal.ts';

/**
 * Asks for a yes. Only `y` and `yes` are one; there is no default.
 * @throws {CliError} code `usage` when there is nobody to ask
 */
export async function confirm(
  { stdin, stderr }: Terminal,
  question: string,
  { flag }: { flag: string },
): Promise<boolean> {
  if (!stdin.isTTY) {
    throw new CliError('usage', 'Cannot ask: there is no terminal to answer on', {
      hint: `Give ${flag} to answer beforehand.`,
    });
  }
  await stderr.write(`${question} [y/n] `);
  const answer = (await stdin.readLine({ echo: true })).trim().toLowerCase();
  return answer === 'y' || answer === 'yes';
}

/**
 * Asks for a new secret, twice, without showing it.
 * @throws {CliError} code `usage` when there is nobody to ask, `unusable` when the two differ
 */
export async function askNewSecret(
  { stdin, stderr }: Terminal,
  what: string,
  { flag }: { flag: string },
): Promise<string> {
  if (!stdin.isTTY) {
    throw new CliError('usage', `Cannot ask for the ${what}: there is no terminal to answer on`, {
      hint: `Give it by ${flag}.`,
    });
  }
  await stderr.write(`${what} (not shown): `);
  const first = await stdin.readLine({ echo: false });
  await stderr.write(`${what} again: `);
  const second = await stdin.readLine({ echo: false });
  if (first !== second) throw new CliError('unusable', `Cannot take ${what}: the two differ`);
  return first;
}
