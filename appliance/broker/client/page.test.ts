import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { MAX_PAGE_BYTES, takePage } from './page.ts';

const take = suite('takePage()');

/** Pages through a list of texts to its end. */
async function pagesOf(texts: readonly string[], limit: number): Promise<string[][]> {
  const pages: string[][] = [];
  for (let from: number | null = 0; from !== null;) {
    const list = texts.map((text, index) => ({ text, index })).slice(from);
    const { items, next }: Awaited<ReturnType<typeof takePage<(typeof list)[number], number>>> =
      await takePage(list, { limit, cursorOf: ({ index }) => index + 1 });
    pages.push(items.map(({ text }) => text));
    from = next;
  }
  return pages;
}

take('gives every item once, whatever the limit', async () => {
  const texts = ['a', 'b', 'c', 'd', 'e'];
  for (const limit of [1, 2, 3, 5, 6]) {
    const pages = await pagesOf(texts, limit);
    assert.equal(pages.flat(), texts);
    assert.is(pages.length, Math.ceil(texts.length / limit));
  }
  assert.equal(await pagesOf([], 3), [[]]);
});

take('holds no more bytes than an answer may', async () => {
  const third = 'ü'.repeat(MAX_PAGE_BYTES / 6);
  const pages = await pagesOf(
    Array.from({ length: 7 }, () => third),
    1000,
  );
  assert.equal(
    pages.map((page) => page.length),
    [2, 2, 2, 1],
  );
});

take('gives an item that is too large for a page one of its own', async () => {
  const pages = await pagesOf(['a', 'b'.repeat(MAX_PAGE_BYTES), 'c'], 1000);
  assert.equal(
    pages.map((page) => page.length),
    [1, 1, 1],
  );
});

take.run();
