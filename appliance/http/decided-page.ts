// The receipt of a request that no longer waits: what was decided, by whom, when, whether and how its command ran,
// and where the record says so.

import { html } from 'hono/html';

import type { Host } from '#agent/protocol/link-message.ts';
import { visibleText } from '#crypto/visible.ts';
import type { RequestSummary } from '../protocol/client-message.ts';
import type { SiteFacts } from '../work/site.ts';
import { type Course, type DecidedEntry, isPending } from './course.ts';
import { lookLinks } from './look.ts';
import { moment, type WallClock } from './moment.ts';
import { type Html, type Notice, page, saidBox } from './page.ts';
import { whatFacts } from './request-page.ts';
import { runCard } from './run-card.ts';
import type { SessionWords } from './session-words.ts';
import { whyWords } from './why-card.ts';

/** How often a receipt loads itself again, for whoever chose that, as long as its command has not ended. */
export const RECEIPT_LOOK_S = 5;

export interface DecidedPage {
  readonly request: RequestSummary;
  /** Of its session. */
  readonly words: SessionWords;
  readonly host: Host | null;
  readonly state: RequestSummary['state'];
  readonly course: Course;
  readonly facts: SiteFacts;
  readonly clock: WallClock;
  readonly isSessionOpen: boolean;
  readonly isLooking: boolean;
  readonly notice: Notice | null;
}

/** A request's end. */
export function decidedPage(view: DecidedPage): Html {
  const { request, facts, course, clock } = view;
  const { run } = course;
  return page({
    title: titleOf(view),
    facts,
    frame: { clock },
    notice: view.notice,
    body: html`
      ${run === null ? '' : runCard(run, clock)} ${isPending(run) ? lookAgain(view) : ''}
      <div class="card">
        ${outcome(view)}
        <dl class="facts">
          <dt>Asked by</dt>
          <dd>${visibleText(request.technician)}, ${visibleText(facts.msp)}</dd>
          <dt>Machine</dt>
          <dd>${visibleText(request.endpointName)}</dd>
          ${course.decisions.map((entry) => entryFacts(entry, clock))}
          <dt>Match code</dt>
          <dd><code>${request.match}</code></dd>
          <dt>Request id</dt>
          <dd><code>${request.request}</code></dd>
        </dl>
      </div>
      <div class="card">
        <h2>Why it was asked</h2>
        ${whyWords(view.words, { why: request.why, none: 'No reason was given.' })}
      </div>
      <div class="card">${whatFacts(view, 'The command')}</div>
      <p class="links">
        ${
          view.isSessionOpen
            ? html`<a href="/sessions/${request.session}"
                >See or stop the session of ${visibleText(request.technician)}</a
              >`
            : ''
        }
        <a href="/">See what is waiting for you</a>
      </p>
    `,
  });
}

function lookAgain({ request, isLooking, clock }: DecidedPage): Html {
  const path = `/requests/${request.request}/receipt`;
  return lookLinks({ path, isLooking, clock, everyS: RECEIPT_LOOK_S });
}

function titleOf({ state, request }: DecidedPage): string {
  const machine = visibleText(request.endpointName);
  switch (state) {
    case 'waiting':
      return `Waiting for more approvals on ${machine}`;
    case 'granted':
      return `Approved: the command on ${machine}`;
    case 'denied':
      return `Denied: the command on ${machine}`;
    case 'expired':
      return `Expired: the command on ${machine}`;
    case 'withdrawn':
      return `Withdrawn: the command on ${machine}`;
    default:
      throw new Error(`unreachable: state ${String(state satisfies never)}`);
  }
}

function outcome({ state }: DecidedPage): Html {
  switch (state) {
    case 'waiting':
      return html`<p>
        It has not run. It will run once, when everybody who is needed has approved.
      </p>`;
    case 'granted':
      return html`<p>
        It was approved once, exactly as written below. Nothing else was approved.
      </p>`;
    case 'denied':
      return html`<p>It was not run, and will not be.</p>`;
    case 'expired':
      return html`<p>It was not run. Whoever still needs it must ask again.</p>`;
    case 'withdrawn':
      return html`<p>It was not run. Nothing is asked of you any more.</p>`;
    default:
      throw new Error(`unreachable: state ${String(state satisfies never)}`);
  }
}

const WHAT = {
  'approval.granted': 'Approved',
  'approval.denied': 'Denied',
  'approval.expired': 'Expired',
  'approval.withdrawn': 'Withdrawn',
} as const;

const HOW = {
  pin: 'with a PIN',
  passkey: 'with a passkey',
  'key-file': 'with a key file',
} as const;

function entryFacts(
  { kind, index, atMs, approver, method, comment }: DecidedEntry,
  clock: WallClock,
): Html {
  const by = approver === null ? '' : `by ${visibleText(approver)}`;
  return html`<dt>${WHAT[kind]}</dt>
    <dd>
      ${by === '' ? '' : html`<div>${by}${method === null ? '' : `, ${HOW[method]}`}</div>`}
      <div>${moment(atMs, clock, { isRelative: true })}</div>
      <div>Entry ${index} of the record</div>
      ${comment === null ? '' : saidBox(comment)}
    </dd>`;
}
