// What the host tells while a page is open: server-sent events, gathered for one frame so that a fleet in motion
// costs one drawing, however many machines move. A page behind others has no frames, and hears it all the same.

import { inNextFrame } from './next-frame.ts';
import type { KnownStatus } from './notifier.ts';
import type { FleetEvent } from './state/fleet.svelte.ts';

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
 * Listens until the answer is called. The browser connects again by itself; what was told meanwhile is lost, so
 * `onState(true)` after `onState(false)` is the time to load again.
 */
export function listen<T = LiveEvent>(
  url: string,
  {
    onEvents,
    onState,
  }: { onEvents: (events: readonly T[]) => void; onState?: (isLive: boolean) => void },
): () => void {
  const source = new EventSource(url);
  let gathered: T[] = [];
  let isOver = false;
  const flush = (): void => {
    const events = gathered;
    gathered = [];
    if (!isOver) onEvents(events);
  };
  source.onmessage = ({ data }: MessageEvent<string>): void => {
    gathered.push(JSON.parse(data) as T); // our own host's, of the shape that its route writes
    if (gathered.length === 1) inNextFrame(flush);
  };
  source.onopen = () => onState?.(true);
  source.onerror = () => onState?.(false);
  return () => {
    isOver = true;
    source.close();
  };
}
