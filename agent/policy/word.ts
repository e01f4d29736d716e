// A word of a command line after the shell's quoting is taken off, and the question that the lists of
// read-only programs answer about words.

export interface Word {
  /** What the program would receive, as far as that is known before the shell runs. */
  readonly text: string;
  /** The shell replaces it by file names: it may become several words. */
  readonly glob: boolean;
}

/** Tells whether a program only reads when it is called with these arguments. */
export type Reads = (words: readonly Word[]) => boolean;

/** A word that stands for itself. */
export function plainWord(text: string): Word {
  return { text, glob: false };
}

/** True for text of printable ASCII, tab and line feed: what a person reads is what a shell reads. */
export function isPlainText(text: string): boolean {
  return /^[\t\n\x20-\x7e]*$/.test(text);
}
