// Why something is asked, in its technician's words: those of the session, and those of the one command.

import { html } from 'hono/html';

import { visibleText } from '#crypto/visible.ts';
import { type Html, saidBox } from './page.ts';
import type { SessionWords } from './session-words.ts';

/** The reasons that were given; `none` where there are none. */
export function whyWords(
  { reason, ticket }: SessionWords,
  { why, none }: { why: string | null; none: string },
): Html {
  return html`${reason === null ? '' : saidBox(reason)}
  ${ticket === null ? '' : html`<p>Ticket <strong>${visibleText(ticket)}</strong></p>`}
  ${
    why === null
      ? ''
      : html`${reason === null ? '' : html`<p class="quiet">And for this command:</p>`}
        ${saidBox(why)}`
  }
  ${reason === null && why === null ? html`<p>${none}</p>` : ''}`;
}

/** A taste of the reason for a list; nothing where none was given. */
export function whyTaste({ reason, ticket }: SessionWords, why: string | null): Html | '' {
  const given = [reason, why].filter((text) => text !== null);
  if (given.length === 0 && ticket === null) return '';
  return html`<p>
    ${given.map((text) => html`“${taste(text)}” `)}
    ${ticket === null ? '' : html`<span class="quiet">Ticket ${taste(ticket)}</span>`}
  </p>`;
}

const MAX_TASTE_CHARS = 160;
/** No more of a long text is looked at: it is cut anyway. */
const MAX_READ_CHARS = 4 * MAX_TASTE_CHARS;

/** A taste of a text on one line, every character visible; its own page has all of it. */
export function taste(text: string, { lineEnd = ' ' }: { lineEnd?: string } = {}): string {
  const head = text.slice(0, MAX_READ_CHARS);
  const line = visibleText(head.trim().replaceAll(/\s*\n\s*/g, lineEnd));
  const characters = [...line];
  const isWhole = characters.length <= MAX_TASTE_CHARS && head.length === text.length;
  return isWhole ? line : `${characters.slice(0, MAX_TASTE_CHARS - 1).join('')}…`;
}
