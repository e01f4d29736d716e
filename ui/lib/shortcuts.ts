// Which shortcut a person typed: single keys, `g` and then a letter, and Ctrl/Cmd+K. Pure: keys in, names out.
// Where somebody types text only Ctrl/Cmd+K counts.

/** What shortcuts there are, in the words of the `?` list. */
export const SHORTCUTS = [
  { keys: '/', name: 'search', says: 'Search' },
  { keys: 'j', name: 'next', says: 'Next in the list' },
  { keys: 'k', name: 'previous', says: 'Previous in the list' },
  { keys: 'Enter', name: 'open', says: 'Open what is chosen' },
  { keys: 'g s', name: 'go-sessions', says: 'Go to sessions' },
  { keys: 'g e', name: 'go-fleet', says: 'Go to the fleet' },
  { keys: 'g r', name: 'go-requests', says: 'Go to requests' },
  { keys: 'Ctrl+K', name: 'palette', says: 'Find any page, machine or action' },
  { keys: '?', name: 'help', says: 'This list' },
  { keys: 'Esc', name: 'close', says: 'Close what is open' },
] as const;

/** The keys of a session's command line, in the words of the same list; the command line reads them itself. */
export const SESSION_KEYS = [
  { keys: 'Up', says: 'The command before' },
  { keys: 'Down', says: 'The command after' },
  { keys: 'Tab', says: 'Choose among the commands that begin so' },
  { keys: 'Shift+Enter', says: 'A new line in the command' },
  { keys: 'Ctrl+C', says: 'Stop the newest command that runs, when no text is selected' },
] as const;

export type Shortcut = (typeof SHORTCUTS)[number]['name'];

/** A key as the browser tells it. */
export interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  /** Whether it went into a text field. */
  readonly isTyping: boolean;
}

/** How long after `g` the second letter still counts. */
export const CHORD_MS = 1500;

/** Reads keys one after the other; `read` answers the shortcut that a key completes, or null. */
export class ShortcutReader {
  #sawGAtMs = -Infinity;

  read({ key, ctrlKey, metaKey, altKey, isTyping }: Pressed, nowMs: number): Shortcut | null {
    const isAfterG = nowMs - this.#sawGAtMs < CHORD_MS;
    this.#sawGAtMs = -Infinity;
    if ((ctrlKey || metaKey) && !altKey && key.toLowerCase() === 'k') return 'palette';
    if (isTyping || ctrlKey || metaKey || altKey) return null;
    if (isAfterG) return AFTER_G.get(key) ?? null;
    if (key === 'g') {
      this.#sawGAtMs = nowMs;
      return null;
    }
    return SINGLE.get(key) ?? null;
  }
}

const AFTER_G: ReadonlyMap<string, Shortcut> = new Map([
  ['s', 'go-sessions'],
  ['e', 'go-fleet'],
  ['r', 'go-requests'],
]);

const SINGLE: ReadonlyMap<string, Shortcut> = new Map(
  SHORTCUTS.filter(({ keys }) => !/[ +]/.test(keys)).map(({ keys, name }) => [
    keys === 'Esc' ? 'Escape' : keys,
    name,
  ]),
);
