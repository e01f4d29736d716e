// What was said in a session: its newest lines, out of the log, the oldest of them first.

import { html } from 'hono/html';

import type { FieldsOf } from '#crypto/kind.ts';
import { visibleText } from '#crypto/visible.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { MAX_READ } from '../work/entries.ts';
import { openStored } from '../work/record.ts';
import type { SiteFacts } from '../work/site.ts';
import { MAX_SAID_CHARS } from './form.ts';
import { moment, type WallClock } from './moment.ts';
import { type Html, saidBox } from './page.ts';

/** So many lines are shown. */
export const MAX_LINES = 20;
/** What the client says here is shown whole. */
const MAX_LINE_CHARS = MAX_SAID_CHARS;

/** One line. What was erased is left out. */
export interface ChatLine {
  /** Tree index of its entry. */
  readonly index: number;
  readonly atMs: number;
  readonly from: FieldsOf<'chat.said'>['from'];
  readonly name: string;
  readonly text: string;
  readonly isCut: boolean;
}

/** Reads the newest lines of a session, in the order in which they were said. */
export async function readChat(ledger: Ledger, session: string): Promise<readonly ChatLine[]> {
  const lines: ChatLine[] = [];
  let read = 0;
  for await (const entry of ledger.entriesOfKind('chat.said', { newestFirst: true })) {
    read += 1;
    if (lines.length === MAX_LINES || read > MAX_READ) break;
    if (entry.leaf.s !== session || entry.content === null) continue;
    const { from, name } = openStored('chat.said', entry);
    const text = Buffer.concat(entry.content.texts[0]?.segments ?? []).toString('utf8');
    const isCut = text.length > MAX_LINE_CHARS;
    lines.unshift({
      ...{ index: entry.index, atMs: Date.parse(entry.leaf.t), from, name, isCut },
      text: text.slice(0, MAX_LINE_CHARS),
    });
  }
  return lines;
}

/** The lines, each with its side: two people may bear one name. Nothing where there are none. */
export function chatCard(
  lines: readonly ChatLine[],
  { facts, clock }: { facts: Pick<SiteFacts, 'client' | 'msp'>; clock: WallClock },
): Html | '' {
  if (lines.length === 0) return '';
  return html`<div class="card">
    <h2>What was said</h2>
    ${lines.map(
      ({ atMs, from, name, text, isCut }) =>
        html`<p>
            <strong>${visibleText(name)}</strong>,
            ${visibleText(from === 'client' ? facts.client : facts.msp)},
            <span class="quiet">${moment(atMs, clock, { isRelative: true })}</span>
          </p>
          ${saidBox(text)}
          ${isCut ? html`<p class="quiet">Cut here: the record has all of it.</p>` : ''}`,
    )}
    ${lines.length < MAX_LINES ? '' : html`<p class="quiet">Only the newest ${MAX_LINES} are shown.</p>`}
  </div>`;
}
