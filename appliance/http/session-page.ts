// A session: open, with the ways to say something in it and to stop it; or ended, and how.

import { html } from 'hono/html';

import { visibleText } from '#crypto/visible.ts';
import type { PinApprover } from '../gate/pin-desk.ts';
import type { RequestSummary } from '../protocol/client-message.ts';
import type { Session } from '../work/session.ts';
import type { SiteFacts } from '../work/site.ts';
import { type ChatLine, chatCard } from './chat-card.ts';
import type { EndedSession } from './ended-session.ts';
import { moment, type WallClock } from './moment.ts';
import { type Html, type Notice, page, saidBox } from './page.ts';
import { sayCard, type TypedLine, unsaidCard } from './say-card.ts';
import type { SessionWords } from './session-words.ts';
import { signFields, type Typed } from './sign-fields.ts';
import { taste, whyWords } from './why-card.ts';

export interface SessionPage {
  readonly session: Session;
  readonly words: SessionWords;
  readonly chat: readonly ChatLine[];
  /** Its requests that wait for an approver. */
  readonly waiting: readonly RequestSummary[];
  readonly facts: SiteFacts;
  readonly approvers: readonly PinApprover[];
  readonly clock: WallClock;
  /** Of its two forms. */
  readonly tokens: { readonly say: string; readonly stop: string };
  readonly notice: Notice | null;
  /** In the form that stops it. */
  readonly typed: Typed | null;
  /** In the form that says something. */
  readonly typedLine: TypedLine | null;
}

/** An open session. */
export function sessionPage(view: SessionPage): Html {
  const { session, facts, notice, waiting } = view;
  const technician = visibleText(session.technician.name);
  const machine = visibleText(session.endpoint.name);
  const live = [...session.commands.values()].filter((command) => command !== null);
  const running = live.filter(({ run }) => run !== null).length;
  return page({
    title: `${technician} is working on ${machine}`,
    facts,
    frame: { clock: view.clock },
    notice,
    body: html`
      <div class="card">
        <dl class="facts">
          <dt>Who</dt>
          <dd>${technician}, ${visibleText(facts.msp)}</dd>
          <dt>Machine</dt>
          <dd>${machine}</dd>
          <dt>Since</dt>
          <dd>${moment(Date.parse(session.opened.leaf.t), view.clock, { isRelative: true })}</dd>
          <dt>Running now</dt>
          <dd>
            ${running === 0 ? 'nothing' : running === 1 ? '1 command' : `${running} commands`}
          </dd>
          ${waitingFacts(waiting)}
        </dl>
      </div>
      <div class="card">
        <h2>Why</h2>
        ${whyWords(view.words, { why: null, none: `${technician} gave no reason.` })}
      </div>
      ${chatCard(view.chat, view)}
      <p class="links"><a href="/sessions/${session.id}">Look again</a></p>
      ${session.isClosing ? closing(view) : forms(view)}
    `,
  });
}

function waitingFacts(waiting: readonly RequestSummary[]): Html | '' {
  if (waiting.length === 0) return '';
  return html`<dt>Waiting for you</dt>
    <dd>
      ${waiting.map(
        ({ request, command }) =>
          html`<div>
            <a href="/requests/${request}"><code>${taste(command, { lineEnd: ' ⏎ ' })}</code></a>
          </div>`,
      )}
    </dd>`;
}

/** A session that has ended: how, by whom, and where the record says so. */
export function endedPage({
  ended,
  facts,
  clock,
  notice,
  typedLine,
}: Pick<SessionPage, 'facts' | 'clock' | 'notice' | 'typedLine'> & {
  ended: EndedSession;
}): Html {
  const technician = visibleText(ended.technician ?? 'Somebody');
  const note = ended.closed?.note ?? null;
  return page({
    title: `Ended: the session of ${technician} on ${visibleText(ended.endpoint ?? 'a machine')}`,
    facts,
    frame: { clock },
    notice,
    body: html`${typedLine === null ? '' : unsaidCard(typedLine)}
      <div class="card">
        <p><strong>${whyEnded(ended)}</strong></p>
        <p>Nothing of this session runs any more, and nothing can be asked in it.</p>
        <dl class="facts">
          <dt>Began</dt>
          <dd>${moment(ended.openedMs, clock)}</dd>
          <dt>Ended</dt>
          <dd>${moment(ended.endedMs, clock, { isRelative: true })}</dd>
          <dt>Record</dt>
          <dd>Entry ${ended.index}</dd>
        </dl>
        ${note === null ? '' : saidBox(note)}
      </div>
      <p class="links"><a href="/">See what is waiting for you</a></p>`,
  });
}

function whyEnded({ closed, technician }: EndedSession): string {
  if (closed === null) return 'It ended when this box was stopped, or why it ended was erased.';
  const by = visibleText(closed.by);
  switch (closed.reason) {
    case 'technician':
      return `${by} closed it.`;
    case 'approver':
      return `${by} stopped it.`;
    case 'idle':
      return 'It was closed because nothing was done in it for a while.';
    case 'too-long':
      return 'It was closed because its time was over.';
    case 'revoked':
      return `It was closed because ${visibleText(technician ?? 'its technician')} may no longer work here.`;
    case 'endpoint-removed':
      return `It was closed because ${by} removed the machine.`;
    case 'client-gone':
      return 'It was closed because whoever had opened it for one command had gone.';
    default:
      throw new Error(`unreachable: reason ${String(closed.reason satisfies never)}`);
  }
}

function closing({ typedLine }: SessionPage): Html {
  return html`${typedLine === null ? '' : unsaidCard(typedLine)}
    <div class="note warn">
      <strong>It is being stopped</strong>
      What still runs is told to end. Load this page again to see when that is done.
    </div>`;
}

function forms(view: SessionPage): Html {
  const { session, facts, approvers, tokens, typedLine } = view;
  if (approvers.length === 0) {
    return html`<div class="note warn">
      <strong>Nobody can answer or stop it on this page</strong>
      No approver of this site has a PIN here. Please call your IT provider.
    </div>`;
  }
  const line = { session, facts, approvers, token: tokens.say, typed: typedLine };
  return html`${sayCard(line)} ${stopCard(view)}`;
}

function stopCard({ session, tokens, approvers, typed }: SessionPage): Html {
  return html`<form class="card" method="post" action="/sessions/${session.id}/stop">
    <h2>Stop this session</h2>
    <p>
      What runs is told to end, and what waits for you is withdrawn. A change that is half done may
      stay half done.
    </p>
    ${signFields({ token: tokens.stop, approvers, typed })}
    <button type="submit" class="no">Stop this session</button>
  </form>`;
}
