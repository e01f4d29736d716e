// Command lines of cmd.exe: no parser, a strict recogniser. cmd reads a line several times, and each of
// ^ % ! & | < > ( ) " and a new line can change what the rest means, so one of them makes the line unclear.

export interface ReadCmd {
  readonly words: readonly string[] | null;
  readonly problem: string | null;
}

/** Reads a line of cmd.exe: one program with plain words, or null. Never throws. */
export function readCmd(text: string): ReadCmd {
  const line = text.trim();
  if (line === '') return { words: null, problem: 'holds no command' };
  if (/[\^%!&|<>()"\n\r]/.test(line)) {
    return { words: null, problem: 'holds a character that cmd may read in several ways' };
  }
  // Comma, semicolon and `=` separate words for cmd but not for every program; `@` and `:` begin a line
  // that is no command.
  if (!/^[A-Za-z][A-Za-z0-9._-]*(?:[ \t]+[A-Za-z0-9_.:\\/*?$-]+)*$/.test(line)) {
    return { words: null, problem: 'is more than one plain command' };
  }
  return { words: line.split(/[ \t]+/), problem: null };
}
