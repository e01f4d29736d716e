// A directory over an empty store, with a clock that a test moves, and what it refuses as a word.

import { ConsoleError } from '#ui/server/error.ts';
import { type Directory, openDirectory } from '#ui/server/directory.ts';
import type { Store } from '#ui/server/store/store.ts';
import { type OpenPlace, sqlitePlace } from './console-place.ts';
import { STORY_MS } from './console-story.ts';

export interface DirectoryPlace extends AsyncDisposable {
  readonly store: Store;
  readonly directory: Directory;
  readonly clock: { nowMs: number };
}

/** Opens a directory in a place of its own. */
export async function openDirectoryPlace({
  signUp = 'open',
  openPlace = sqlitePlace,
}: { signUp?: 'first' | 'open'; openPlace?: OpenPlace } = {}): Promise<DirectoryPlace> {
  const place = await openPlace();
  const store = await place.open();
  const clock = { nowMs: STORY_MS };
  return {
    ...{ store, clock, directory: openDirectory(store, { signUp, now: () => clock.nowMs }) },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}

/** The code with which the console refuses something; `done` when it does not. Other errors are thrown on. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (error instanceof ConsoleError) return error.code;
    throw error;
  }
}
