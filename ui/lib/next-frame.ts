// The next frame is when something new can be seen: what comes before it is shown with it, and nothing waits longer.

/** Where nobody looks there are no frames; what the page holds is brought up to date even so. */
export const UNSEEN_MS = 250;

/** What a browser's window gives. */
export interface Frames {
  requestAnimationFrame(work: () => void): number;
  cancelAnimationFrame(id: number): void;
  setTimeout(work: () => void, delayMs: number): unknown;
  clearTimeout(id: unknown): void;
}

/** Runs `work` once: with the next frame, or after UNSEEN_MS in a page that has none. */
export function inNextFrame(work: () => void, frames: Frames = globalThis): void {
  const run = (): void => {
    frames.cancelAnimationFrame(frame);
    frames.clearTimeout(timer);
    work();
  };
  const frame = frames.requestAnimationFrame(run);
  const timer = frames.setTimeout(run, UNSEEN_MS);
}
