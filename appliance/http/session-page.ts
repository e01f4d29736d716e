// A session that is open, and the way to stop it.

import { html } from 'hono/html';

import { parseDisclosure } from '#crypto/disclosure.ts';
import { visibleText } from '#crypto/visible.ts';
import type { PinApprover } from '../gate/pin-desk.ts';
import type { Session } from '../work/session.ts';
import type { SiteFacts } from '../work/site.ts';
import { moment } from './moment.ts';
import { type Html, type Notice, page, saidBox } from './page.ts';
import { signFields, type Typed } from './sign-fields.ts';

export interface SessionPage {
  readonly session: Session;
  readonly facts: SiteFacts;
  readonly approvers: readonly PinApprover[];
  readonly timeZone: string;
  readonly token: string;
  readonly notice: Notice | null;
  readonly typed: Typed | null;
}

/** How a session was stopped from this page. */
export interface Stopped {
  readonly technician: string;
  readonly endpoint: string;
  readonly by: string;
  readonly index: number;
  readonly atMs: number;
}

/** An open session. */
export function sessionPage(view: SessionPage): Html {
  const { session, facts, notice } = view;
  const technician = visibleText(session.technician.name);
  const machine = visibleText(session.endpoint.name);
  const reason = disclosedText(session, 'reason');
  const running = [...session.commands.values()].filter((command) => command !== null).length;
  return page({
    title: `${technician} is working on ${machine}`,
    facts,
    notice,
    body: html`
      <div class="card">
        <dl class="facts">
          <dt>Who</dt>
          <dd>${technician}, ${visibleText(facts.msp)}</dd>
          <dt>Machine</dt>
          <dd>${machine}</dd>
          <dt>Since</dt>
          <dd>${moment(Date.parse(session.opened.leaf.t), view.timeZone)}</dd>
          <dt>Running now</dt>
          <dd>
            ${running === 0 ? 'nothing' : running === 1 ? '1 command' : `${running} commands`}
          </dd>
        </dl>
      </div>
      ${
        reason === null
          ? ''
          : html`<div class="card">
              <h2>Why</h2>
              ${saidBox(reason)}
            </div>`
      }
      ${session.isClosing ? closingNote() : stopCard(view)}
    `,
  });
}

/** The receipt of a stopped session. */
export function stoppedPage({
  stopped,
  facts,
  timeZone,
}: {
  stopped: Stopped;
  facts: SiteFacts;
  timeZone: string;
}): Html {
  return page({
    title: `Stopped: ${visibleText(stopped.technician)} on ${visibleText(stopped.endpoint)}`,
    facts,
    body: html`<div class="card">
        <p>Nothing of this session runs any more, and nothing can be asked in it.</p>
        <dl class="facts">
          <dt>Stopped by</dt>
          <dd>${visibleText(stopped.by)}</dd>
          <dt>When</dt>
          <dd>${moment(stopped.atMs, timeZone)}</dd>
          <dt>Record</dt>
          <dd>Entry ${stopped.index}</dd>
        </dl>
      </div>
      <p class="links"><a href="/">See what is waiting for you</a></p>`,
  });
}

function closingNote(): Html {
  return html`<div class="note warn">
    <strong>It is being stopped</strong>
    What still runs is told to end. Load this page again to see when that is done.
  </div>`;
}

function stopCard({ session, token, approvers, typed }: SessionPage): Html {
  if (approvers.length === 0) {
    return html`<div class="note warn">
      <strong>Nobody can stop it on this page</strong>
      No approver of this site has a PIN here. Please call your IT provider.
    </div>`;
  }
  return html`<form class="card" method="post" action="/sessions/${session.id}/stop">
    <h2>Stop this session</h2>
    <p>
      What runs is told to end, and what waits for you is withdrawn. A change that is half done may
      stay half done.
    </p>
    ${signFields({ token, approvers, typed })}
    <button type="submit" class="no">Stop this session</button>
  </form>`;
}

function disclosedText({ opened }: Session, name: string): string | null {
  const disclosure = opened.disclosures.map(parseDisclosure).find((one) => one.name === name);
  return typeof disclosure?.value === 'string' ? disclosure.value : null;
}
