// What the host tells while a page is open: server-sent events, gathered for one frame so that a fleet in motion
// costs one drawing, however many machines move. A page behind others has no frames, and hears it all the same.

import { inNextFrame } from './next-frame.ts';
import type { KnownStatus } from './notifier.ts';
import type { FleetEvent } from './state/fleet.svelte.ts';
import { openStream } from './stream.ts';

export type LiveEvent =
  | FleetEvent
  | {
      readonly kind: 'site';
      readonly siteId: string;
      readonly link?: 'came' | 'went';
      readonly status?: KnownStatus;
    }
  | { readonly kind: 'roster'; readonly version: number };

/**
 * Listens until the answer is called, with the other pages of this browser. A stream that breaks is opened again; what
 * was told meanwhile is lost, so `onState(true)` after `onState(false)` is the time to load again.
 */
export function listen<T = LiveEvent>(
  url: string,
  {
    whose,
    onEvents,
    onState,
    onRefused,
  }: {
    /** Who is signed in. */
    whose: string;
    onEvents: (events: readonly T[]) => void;
    onState?: (isLive: boolean) => void;
    onRefused?: () => void;
  },
): () => void {
  let gathered: T[] = [];
  let isOver = false;
  const flush = (): void => {
    const events = gathered;
    gathered = [];
    if (!isOver) onEvents(events);
  };
  const close = openStream(url, {
    whose,
    onData(data) {
      gathered.push(JSON.parse(data) as T); // our own host's, of the shape that its route writes
      if (gathered.length === 1) inNextFrame(flush);
    },
    onState: (isLive) => onState?.(isLive),
    onRefused: () => onRefused?.(),
  });
  return () => {
    isOver = true;
    close();
  };
}
