// Progress of long work, on stderr: a bar that redraws itself on a terminal, a line every tenth elsewhere.

import type { Terminal } from './terminal.ts';

const BAR_WIDTH = 24;
const REDRAW_MS = 100;

export interface Progress extends AsyncDisposable {
  /** Says how far the work is. Resolves when it was shown, or nothing had to be. */
  update(done: number, total: number): Promise<void>;
}

/** Begins to show progress; disposal ends the line. */
export function openProgress({ stderr, now }: Terminal, label: string): Progress {
  let lastShown = -1;
  let lastMs = -Infinity;
  let isDrawn = false;
  return {
    async update(done, total) {
      const part = total === 0 ? 1 : Math.min(1, done / total);
      if (!stderr.isTTY) {
        const tenth = Math.floor(part * 10);
        if (tenth <= lastShown) return;
        lastShown = tenth;
        await stderr.write(`${label}: ${tenth * 10} %\n`);
        return;
      }
      if (part < 1 && now() - lastMs < REDRAW_MS) return;
      lastMs = now();
      isDrawn = true;
      const filled = Math.round(part * BAR_WIDTH);
      const bar = '#'.repeat(filled) + '.'.repeat(BAR_WIDTH - filled);
      await stderr.write(`\r${label} [${bar}] ${Math.floor(part * 100)} % ${done}/${total}`);
    },
    async [Symbol.asyncDispose]() {
      if (isDrawn) await stderr.write('\r\x1b[K');
    },
  };
}
