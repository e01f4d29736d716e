// Waiting for what a state with runes will show.

/** Resolves when `isSo` is true: looked at whenever a state that it reads has changed. */
export function until(isSo: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = $effect.root(() => {
    $effect(() => {
      if (isSo()) resolve();
    });
  });
  return promise.finally(stop);
}
