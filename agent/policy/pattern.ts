// The patterns of rules: text in which `*` stands for any run of characters. Matched without regular
// expressions, in linear steps: patterns and texts are both written by others.

export interface PatternOptions {
  readonly ignoreCase: boolean;
  /** Characters that `*` does not stand for. */
  readonly except?: string;
}

/** True when the whole text matches the pattern. */
export function matchesPattern(pattern: string, text: string, options: PatternOptions): boolean {
  const wanted = options.ignoreCase ? pattern.toLowerCase() : pattern;
  const given = options.ignoreCase ? text.toLowerCase() : text;
  const [head = '', ...rest] = wanted.split('*');
  if (!given.startsWith(head)) return false;
  const tail = rest.pop();
  if (tail === undefined) return given === head;
  const end = given.length - tail.length;
  if (end < head.length || !given.endsWith(tail)) return false;
  return matchesMiddle(rest, { given, at: head.length, end, except: options.except ?? '' });
}

interface Middle {
  readonly given: string;
  readonly at: number;
  readonly end: number;
  readonly except: string;
}

/** Finds the parts between stars leftmost, one after the other; what lies between is what stars stand for. */
function matchesMiddle(parts: readonly string[], { given, at, end, except }: Middle): boolean {
  let from = at;
  for (const part of parts) {
    const found = given.indexOf(part, from);
    if (found < 0 || found + part.length > end) return false;
    if (holdsAny(given.slice(from, found), except)) return false;
    from = found + part.length;
  }
  return !holdsAny(given.slice(from, end), except);
}

function holdsAny(text: string, characters: string): boolean {
  for (const character of characters) if (text.includes(character)) return true;
  return false;
}
