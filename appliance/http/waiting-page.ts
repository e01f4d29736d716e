// The first page: what waits, who is at work right now, what was decided lately, and what this box is.

import { html } from 'hono/html';

import { formatVerifierKey, type VerifierKey } from '#crypto/key.ts';
import { visibleText } from '#crypto/visible.ts';
import type { SignedCheckpoint } from '../ledger/ledger.ts';
import type { RequestItem, RequestSummary } from '../protocol/client-message.ts';
import { REQUEST_WORDS } from '../protocol/request-state.ts';
import { siteFingerprints } from '#crypto/site-fingerprints.ts';
import type { Session } from '../work/session.ts';
import type { SiteFacts } from '../work/site.ts';
import { lookLinks } from './look.ts';
import { formatUntil, moment, type WallClock } from './moment.ts';
import { type Html, page } from './page.ts';
import { reminder } from './request-page.ts';
import type { SessionWords } from './session-words.ts';
import { taste, whyTaste } from './why-card.ts';

/** How often the page loads itself again, for whoever chose that. */
export const REFRESH_S = 30;

/** A request that waits, and what was written of its session. */
export interface WaitingRequest {
  readonly request: RequestSummary;
  readonly words: SessionWords;
}

export interface WaitingPage {
  readonly facts: SiteFacts;
  readonly waiting: readonly WaitingRequest[];
  /** The newest decision first. */
  readonly decided: readonly RequestItem[];
  readonly sessions: readonly Session[];
  readonly checkpoint: SignedCheckpoint;
  readonly logKey: VerifierKey;
  /** `ed25519:…` of the appliance's peer key. */
  readonly applianceKey: string;
  readonly clock: WallClock;
  readonly isLooking: boolean;
}

export function waitingPage(view: WaitingPage): Html {
  const { waiting, facts } = view;
  const isOne = waiting.length === 1;
  const title =
    waiting.length === 0
      ? 'Nothing is waiting for you'
      : `${waiting.length} ${isOne ? 'request is' : 'requests are'} waiting for you`;
  return page({
    title,
    facts,
    frame: { clock: view.clock, here: '/' },
    body: html`
      ${waiting.length === 0 ? emptyCard(facts) : waiting.map((one) => waitingCard(one, view))}
      ${lookLinks({ path: '/', everyS: REFRESH_S, ...view })}
      <h2>At work right now</h2>
      ${sessionCards(view)}
      <h2>Decided lately</h2>
      ${decidedCard(view)}
      <h2>What is this?</h2>
      ${aboutCard(view)}
    `,
  });
}

function emptyCard({ msp }: SiteFacts): Html {
  return html`<div class="card">
    <p>
      When somebody of ${visibleText(msp)} needs your consent to change something on one of your
      machines, it appears here. Nothing that needs your consent runs without it.
    </p>
  </div>`;
}

function waitingCard({ request, words }: WaitingRequest, { facts, clock }: WaitingPage): Html {
  const expires = formatUntil(Date.parse(request.expires), clock.nowMs);
  const given =
    request.granted === 0 ? '' : ` · ${request.granted} of ${request.approvals} approved`;
  return html`<div class="card">
    <h2>
      ${visibleText(request.technician)} of ${visibleText(facts.msp)} asks to run a command on
      ${visibleText(request.endpointName)}
    </h2>
    ${reminder(request, clock)}
    <p class="taste"><code>${taste(request.command, { lineEnd: ' ⏎ ' })}</code></p>
    ${whyTaste(words, request.why)}
    <p class="quiet">Code <code>${request.match}</code> · expires ${expires}${given}</p>
    <a class="button" href="/requests/${request.request}"
      >Read and decide<span class="away">: ${request.match}</span></a
    >
  </div>`;
}

function sessionCards({ sessions, facts, clock }: WaitingPage): Html {
  if (sessions.length === 0) {
    return html`<div class="card"><p>Nobody is working on your machines.</p></div>`;
  }
  return html`${sessions.map(
    ({ id, technician, endpoint, opened }) =>
      html`<div class="card">
        <h3>
          ${visibleText(technician.name)} of ${visibleText(facts.msp)} is working on
          ${visibleText(endpoint.name)}
        </h3>
        <p>Since ${moment(Date.parse(opened.leaf.t), clock, { isRelative: true })}</p>
        <a class="button" href="/sessions/${id}"
          >Answer or stop this session<span class="away"> on ${visibleText(endpoint.name)}</span></a
        >
      </div>`,
  )}`;
}

function decidedCard({ decided, clock }: WaitingPage): Html {
  if (decided.length === 0) {
    return html`<div class="card"><p>Nothing was decided.</p></div>`;
  }
  return html`<div class="card">
    <ul class="list">
      ${decided.map(
        (request) =>
          html`<li>
            <a href="/requests/${request.request}"
              >${capitalised(REQUEST_WORDS[request.state])}: ${visibleText(request.technician)} on
              ${visibleText(request.endpointName)} (${request.match})</a
            >
            ${
              request.decidedAt === null
                ? ''
                : html`<span class="quiet"
                    >${byWords(request)}${moment(Date.parse(request.decidedAt), clock, { isRelative: true })}</span
                  >`
            }
          </li>`,
      )}
    </ul>
  </div>`;
}

/** `by Carol Miller, `; nothing where nobody decided. */
function byWords({ decidedBy }: RequestItem): string {
  return decidedBy.length === 0
    ? ''
    : `by ${decidedBy.map((name) => visibleText(name)).join(', ')}, `;
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

function aboutCard({ facts, checkpoint, logKey, applianceKey }: WaitingPage): Html {
  const log = formatVerifierKey(logKey);
  const fingerprints = siteFingerprints({ appliance: applianceKey, log });
  return html`<div class="card">
    <p>
      ${visibleText(facts.msp)} repairs your machines through this box. It asks you before it lets
      anything be changed, and writes down every command, every answer and every decision in a
      record that cannot be changed afterwards without being noticed.
    </p>
    <dl class="facts">
      <dt>Record</dt>
      <dd>${checkpoint.size} entries, signed (<a href="/checkpoint">the signed state</a>)</dd>
      <dt>Key of this box</dt>
      <dd><code>${fingerprints.appliance}</code></dd>
      <dt>Key of the record</dt>
      <dd>
        <code>${fingerprints.log}</code>
        <details>
          <summary>For an auditor</summary>
          <code>${log}</code>
        </details>
      </dd>
    </dl>
    <p class="quiet">
      Should somebody of ${visibleText(facts.msp)} ask you by phone for these two keys: read them
      out. They are no secret, and show that it is really this box that they work through.
    </p>
  </div>`;
}
