// The frame of every page on site. Written for browsers with scripts off; there are none.

import { html, raw } from 'hono/html';

import { visibleText } from '#crypto/visible.ts';
import type { Clock } from '../work/clock.ts';
import type { Site, SiteFacts } from '../work/site.ts';
import { clockWords, type WallClock } from './moment.ts';
import type { Problem } from './problem.ts';
import { problemWords } from './problem.ts';
import { STYLES } from './styles.ts';

/** In one piece: its hash in the policy is over every byte between the tags. */
const STYLE_ELEMENT = raw(`<style>${STYLES}</style>`);

/** What `html` makes: escaped already. */
export type Html = ReturnType<typeof html>;

/** What a page says before anything else: how the last step went. */
export interface Notice {
  readonly tone: 'good' | 'warn' | 'bad';
  readonly title: string;
  readonly text: string;
}

const PLACES = [
  ['/', 'Requests'],
  ['/rules', 'Rules'],
  ['/settings', 'What leaves this site'],
] as const;

/** What stands around the pages of a founded site. */
export interface Frame {
  readonly clock: WallClock;
  /** Which of the places this page is; absent: one below them. */
  readonly here?: (typeof PLACES)[number][0];
}

/** The wall clock of a site: that of its policy. */
export function wallClock({ policy }: Pick<Site, 'policy'>, clock: Pick<Clock, 'now'>): WallClock {
  return { timeZone: policy.signed.statement.rules.time_zone, nowMs: clock.now() };
}

/** A whole page. Without a frame: one of before there is a site. */
export function page({
  title,
  facts,
  frame,
  notice,
  body,
}: {
  title: string;
  facts: Pick<SiteFacts, 'client' | 'site' | 'msp'>;
  frame?: Frame;
  notice?: Notice | null;
  body: Html;
}): Html {
  const client = visibleText(facts.client);
  const site = visibleText(facts.site);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · ${client}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header>
          <a href="/">${client} · ${site}</a>
          ${frame === undefined ? '' : places(frame)}
        </header>
        <main>
          ${notice ? noticeBox(notice) : ''}
          <h1>${title}</h1>
          ${body}
        </main>
        <footer>
          ${frame === undefined ? '' : html`<p>${clockWords(frame.clock)}</p>`}
          <p>
            This page comes from a box at your own site. What you decide here is signed with your
            own key and kept in a record that nobody, ${visibleText(facts.msp)} included, can change
            afterwards without being noticed.
          </p>
        </footer>
      </body>
    </html>`;
}

function places({ here }: Frame): Html {
  return html`<nav aria-label="Pages">
    ${PLACES.map(
      ([path, name]) =>
        html`<a href="${path}" ${path === here ? raw('aria-current="page"') : ''}>${name}</a>`,
    )}
  </nav>`;
}

/** The page of a failure. */
export function problemPage(
  problem: Problem,
  facts: Pick<SiteFacts, 'client' | 'site' | 'msp'>,
  frame?: Frame,
): Html {
  const { title, text } = problemWords(problem);
  const body = html`<div class="card">
    <p>${text}</p>
    <p class="links"><a href="/">See what is waiting for you</a></p>
    <p class="quiet">For your IT provider: ${problem.code} (${problem.status})</p>
  </div>`;
  return page({ title, facts, body, ...(frame === undefined ? {} : { frame }) });
}

/** What somebody wrote, as they wrote it: every character visible, lines kept. */
export function saidBox(text: string): Html {
  const visible = visibleText(text, { keepNewlines: true });
  return html`<blockquote class="said"><span dir="auto">${visible}</span></blockquote>`;
}

function noticeBox({ tone, title, text }: Notice): Html {
  return html`<div class="note ${tone}" role="${tone === 'good' ? 'status' : 'alert'}">
    <strong>${title}</strong> ${text}
  </div>`;
}
