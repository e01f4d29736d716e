// Lists that a site gives page by page, the newest first, and of which the first page is asked for anew. Pure.

/**
 * Puts a new first page before what was known. When it does not reach down to that, it is all that is known from now
 * on: `isJoined` is false, and the page's own `next` counts.
 */
export function withFirstPage<T>(
  known: readonly T[],
  page: readonly T[],
  placeOf: (item: T) => number,
): { readonly items: readonly T[]; readonly isJoined: boolean } {
  const last = page.at(-1);
  if (last === undefined) return { items: page, isJoined: false };
  const joint = known.findIndex((item) => placeOf(item) === placeOf(last));
  if (joint === -1) return { items: page, isJoined: false };
  return { items: [...page, ...known.slice(joint + 1)], isJoined: true };
}
