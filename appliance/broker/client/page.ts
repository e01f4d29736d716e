// One page of a list: as many of its items as were wanted, and as fit an answer.

import { encodeUtf8 } from '#crypto/bytes.ts';
import { MAX_FRAME_BYTES } from '#agent/protocol/limits.ts';

/** All items of a page, as JSON; the rest of a frame is for what stands around them, with room to spare. */
export const MAX_PAGE_BYTES = MAX_FRAME_BYTES / 2;

/** Some items, and where the next page begins; null when there is none. */
export interface Page<T, C> {
  readonly items: T[];
  readonly next: C | null;
}

/** Takes a page off a list. An item that would fill a page alone stands on one alone. */
export async function takePage<T, C>(
  list: AsyncIterable<T> | Iterable<T>,
  { limit, cursorOf }: { limit: number; cursorOf: (last: T) => C },
): Promise<Page<T, C>> {
  const items: T[] = [];
  let bytes = 0;
  for await (const item of list) {
    bytes += encodeUtf8(JSON.stringify(item)).length + 1;
    const last = items.at(-1);
    if (last !== undefined && (items.length === limit || bytes > MAX_PAGE_BYTES)) {
      return { items, next: cursorOf(last) };
    }
    items.push(item);
  }
  return { items, next: null };
}
