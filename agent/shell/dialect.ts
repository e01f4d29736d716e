// How one shell is found and started. Each shell is one file that fills this in; `shell.ts` runs them all alike.

import { accessSync, constants } from 'node:fs';

/** What is known about one shell. */
export interface Dialect {
  /** Absolute paths where it may stand, in order. PATH is never searched: it could name another program. */
  readonly paths: readonly string[];
  /** Whether Windows gets the arguments as they stand, not quoted again by the runtime. */
  readonly isVerbatim: boolean;
  /** The arguments that run exactly this command, and no start-up file of anybody. */
  args(command: string): readonly string[];
  /** Why this shell could not run this very text, or null. */
  refusal(command: string): string | null;
}

const found = new Map<Dialect, string>();

/** Finds the shell's program, once: later calls cost no look at the disk. Null when it is not installed. */
export function findProgram(dialect: Dialect): string | null {
  const known = found.get(dialect);
  if (known !== undefined) return known;
  const program = dialect.paths.find(isExecutable);
  if (program === undefined) return null;
  found.set(dialect, program);
  return program;
}

/** Forgets where the shell stood, after a start that failed: it may have been moved or removed. */
export function forgetProgram(dialect: Dialect): void {
  found.delete(dialect);
}

/** Whether this user may run a file, now. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent, or not for this user: either way not a shell we can start
  }
}
