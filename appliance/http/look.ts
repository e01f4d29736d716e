// Looking again: a link, and for whoever chooses it a page that loads itself anew. Without scripts, and never
// where there is a form to be filled in.

import type { Context } from 'hono';
import { html } from 'hono/html';

import { formatHour, type WallClock } from './moment.ts';
import type { Html } from './page.ts';

/** Whether the visitor chose to have the page look again by itself every so many seconds; then it will. */
export function isLookingAgain(c: Context, everyS: number): boolean {
  if (c.req.query('refresh') !== String(everyS)) return false;
  c.header('Refresh', String(everyS));
  return true;
}

/** The links of a page that shows what changes by itself. */
export function lookLinks({
  path,
  everyS,
  isLooking,
  clock: { nowMs, timeZone },
}: {
  path: string;
  everyS: number;
  isLooking: boolean;
  clock: WallClock;
}): Html {
  const at = formatHour(nowMs, timeZone);
  return isLooking
    ? html`<p class="links">
        <span class="quiet">Looked at ${at}; looks again every ${everyS} seconds.</span>
        <a href="${path}">Stop looking by itself</a>
      </p>`
    : html`<p class="links">
        <a href="${path}">Look again</a>
        <a href="${path}?refresh=${everyS}">Look every ${everyS} seconds</a>
        <span class="quiet">Looked at ${at}.</span>
      </p>`;
}
