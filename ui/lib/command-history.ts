// The commands that somebody ran, as the command line offers them again: Up and Down go through them, Tab completes.
// Pure: values in, values out; the line that is being typed is kept while others are looked at.

/** Most commands that are offered at once. */
export const MAX_COMPLETIONS = 8;

/** A command line and its history, newest last. `at` is the place looked at; the draft stands behind the newest. */
export interface Browsing {
  readonly commands: readonly string[];
  readonly at: number;
  readonly draft: string;
}

/** Each command once, where it was run last, in that order. */
export function distinctCommands(run: readonly string[]): readonly string[] {
  return [...new Set([...run].reverse())].reverse();
}

/** Begins at the draft. */
export function browseCommands(commands: readonly string[], draft: string): Browsing {
  return { commands, draft, at: commands.length };
}

/** One command older or newer; the same when there is none. */
export function stepCommand(browsing: Browsing, direction: 'older' | 'newer'): Browsing {
  const at = browsing.at + (direction === 'older' ? -1 : 1);
  return at < 0 || at > browsing.commands.length ? browsing : { ...browsing, at };
}

/** What the line shows. */
export function shownCommand({ commands, at, draft }: Browsing): string {
  return commands[at] ?? draft;
}

/** Commands that begin as the line does, newest first; then those that hold it. */
export function completeCommand(commands: readonly string[], line: string): readonly string[] {
  const typed = line.trimStart();
  if (typed === '') return [];
  const others = [...commands].reverse().filter((command) => command !== typed);
  const isStart = (command: string): boolean => command.startsWith(typed);
  const starts = others.filter(isStart);
  const holds = others.filter((command) => !isStart(command) && command.includes(typed));
  return [...starts, ...holds].slice(0, MAX_COMPLETIONS);
}
