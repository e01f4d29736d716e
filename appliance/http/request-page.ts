// The page on which a client's contact decides: who, where, exactly what, how things are now, why; then one
// form. Its order is that of the questions that a careful person asks.

import { html } from 'hono/html';

import type { Host } from '#agent/protocol/link-message.ts';
import { visibleText } from '#crypto/visible.ts';
import type { PinApprover } from '../gate/pin-desk.ts';
import type { RequestSummary } from '../protocol/client-message.ts';
import type { SiteFacts } from '../work/site.ts';
import { type ChatLine, chatCard } from './chat-card.ts';
import { countLines, exactLine, exactText } from './exact-text.ts';
import { formatUntil, moment, type WallClock } from './moment.ts';
import { type Html, type Notice, page } from './page.ts';
import type { SessionWords } from './session-words.ts';
import { signFields, type Typed } from './sign-fields.ts';
import { whyWords } from './why-card.ts';

export interface RequestPage {
  readonly request: RequestSummary;
  /** Of its session. */
  readonly words: SessionWords;
  readonly chat: readonly ChatLine[];
  /** What its endpoint last said of itself. */
  readonly host: Host | null;
  readonly facts: SiteFacts;
  readonly approvers: readonly PinApprover[];
  readonly clock: WallClock;
  readonly token: string;
  readonly notice: Notice | null;
  readonly typed: Typed | null;
}

/** A request that waits. */
export function requestPage(view: RequestPage): Html {
  const { request, facts, notice } = view;
  const technician = visibleText(request.technician);
  return page({
    title: `${technician} asks to run a command on ${visibleText(request.endpointName)}`,
    facts,
    frame: { clock: view.clock },
    notice,
    body: html`
      ${reminder(request, view.clock)}
      <div class="card">${whoAndWhere(view)}</div>
      <div class="card">${whatFacts(view, 'What exactly would run')}</div>
      ${stateCard(request)}
      <div class="card">
        <h2>Why</h2>
        ${whyWords(view.words, { why: request.why, none: `${technician} gave no reason.` })}
        <p class="quiet">Why you are asked: ${visibleText(request.policy)}</p>
      </div>
      ${chatCard(view.chat, view)}
      <div class="card">${terms(view)}</div>
      <div class="card">${matchCells(request)}</div>
      ${decideCard(view)}
    `,
  });
}

/** Who asked the approvers to look once more; nothing when nobody did. */
export function reminder({ reminded }: RequestSummary, clock: WallClock): Html | '' {
  if (reminded === null) return '';
  return html`<div class="note warn">
    <strong>${visibleText(reminded.by)} reminds you</strong>
    ${moment(Date.parse(reminded.at), clock, { isRelative: true })}
  </div>`;
}

function whoAndWhere({ request, facts }: RequestPage): Html {
  return html`<dl class="facts">
    <dt>Who asks</dt>
    <dd><strong>${visibleText(request.technician)}</strong>, ${visibleText(facts.msp)}</dd>
    <dt>Where</dt>
    <dd>
      <strong>${visibleText(request.endpointName)}</strong> at ${visibleText(request.client)},
      ${visibleText(request.site)}
    </dd>
  </dl>`;
}

/** What would run: command, shell, user, folder, environment. Nothing of it is shortened. */
export function whatFacts(
  { request, host }: Pick<RequestPage, 'request' | 'host'>,
  title: string,
): Html {
  const variables = Object.entries(request.env);
  return html`<h2>${title} (${countLines(request.command)})</h2>
    ${exactText(request.command, { isCommand: true })}
    <dl class="facts">
      <dt>Shell</dt>
      <dd>${request.shell}</dd>
      ${runsAs(host)}
      <dt>Folder</dt>
      <dd>${folderOf(request, host)}</dd>
      <dt>Settings</dt>
      <dd>
        ${
          variables.length === 0
            ? 'none added'
            : variables.map(([name, value]) => html`<div>${exactLine(`${name}=${value}`)}</div>`)
        }
      </dd>
    </dl>`;
}

/** By the endpoint's own word; nothing when it did not say. */
function runsAs(host: Host | null): Html | '' {
  if (host?.runsAs === undefined) return '';
  const { user, isRoot } = host.runsAs;
  const right = isRoot === true ? ', who may do anything on this machine' : '';
  return html`<dt>Runs as</dt>
    <dd>${exactLine(user, { after: right })}</dd>`;
}

function folderOf({ cwd }: RequestSummary, host: Host | null): Html {
  if (cwd !== null) return exactLine(cwd);
  if (host?.runsAs === undefined) {
    return html`none is named: the home folder of the user that the agent runs as`;
  }
  return exactLine(host.runsAs.folder, { after: ', for none is named' });
}

function stateCard({ stateText, stateDroppedBytes }: RequestSummary): Html {
  if (stateText === null) {
    return html`<div class="card">
      <h2>How things are now</h2>
      <p>Nothing was looked up before asking you.</p>
    </div>`;
  }
  return html`<div class="card">
    <details open>
      <summary>How things are now (${countLines(stateText)})</summary>
      <p class="quiet">Read from the machine just before you were asked.</p>
      ${stateText.trim() === '' ? html`<p>The machine answered nothing.</p>` : exactText(stateText)}
      ${
        stateDroppedBytes === 0
          ? ''
          : html`<p><strong>Cut here: ${stateDroppedBytes} more bytes are not shown.</strong></p>`
      }
    </details>
  </div>`;
}

function terms({ request, clock }: RequestPage): Html {
  const expiresMs = Date.parse(request.expires);
  const people = request.approvals === 1 ? 'one person' : `${request.approvals} people`;
  const given = request.decidedBy.map((name) => visibleText(name)).join(', ');
  return html`<dl class="facts">
    <dt>Decide until</dt>
    <dd><strong>${formatUntil(expiresMs, clock.nowMs)}</strong>: ${moment(expiresMs, clock)}</dd>
    <dt>Approval by</dt>
    <dd>${people} needed${given === '' ? '' : `; given so far by ${given}`}</dd>
    <dt>How often</dt>
    <dd>once: your approval is for this one command, not for others</dd>
  </dl>`;
}

/** The match code in cells, and what it is for. */
export function matchCells(request: RequestSummary): Html {
  const cells = [...request.match].map((char) =>
    char === '-' ? html`<span class="gap"></span>` : html`<span>${char}</span>`,
  );
  const technician = visibleText(request.technician);
  return html`<h2>Compare this code</h2>
    <div class="cells" role="img" aria-label="${[...request.match].join(' ')}">${cells}</div>
    <p>
      ${technician} sees a code as well. Ask for it on the telephone: if it is not this one, you are
      not looking at the same request. Then press Deny.
    </p>`;
}

function decideCard({ request, approvers, token, typed }: RequestPage): Html {
  if (approvers.length === 0) {
    return html`<div class="note warn">
      <strong>Nobody can decide on this page yet</strong>
      No approver of this site has a PIN here. Your IT provider can show you how to set one.
    </div>`;
  }
  // A form that is sent by Enter is sent by its first submit button, and by none when that is disabled (HTML,
  // "implicit submission"): so nobody approves, or denies, by pressing Enter in the PIN.
  return html`<form class="card" method="post" action="/requests/${request.request}/decide">
    <h2>Your decision</h2>
    <p>
      Something is not clear?
      <a href="/sessions/${request.session}#say">Say it to ${visibleText(request.technician)}</a>
      before you decide.
    </p>
    <button type="submit" disabled hidden></button>
    ${signFields({ token, approvers, typed })}
    <div class="choice">
      <button type="submit" class="no" name="decision" value="deny">Deny</button>
      <button type="submit" class="yes" name="decision" value="approve">Approve</button>
    </div>
    <p class="quiet">Pressing Enter decides nothing: press one of the two buttons.</p>
  </form>`;
}
