// How an approver says something in a session, as the client: the form, and what a line that came too late looks
// like. Words approve nothing; a request is decided on its own page.

import { html } from 'hono/html';

import { visibleText } from '#crypto/visible.ts';
import type { PinApprover } from '../gate/pin-desk.ts';
import type { Session } from '../work/session.ts';
import type { SiteFacts } from '../work/site.ts';
import { MAX_SAID_CHARS } from './form.ts';
import { type Html, saidBox } from './page.ts';
import { signFields } from './sign-fields.ts';

/** What was typed before, when the form is shown again. Never the PIN. */
export interface TypedLine {
  readonly approver: string;
  readonly text: string;
}

/** The form. Its place on the page is `#say`. */
export function sayCard({
  session,
  facts,
  approvers,
  token,
  typed,
}: {
  session: Pick<Session, 'id' | 'technician'>;
  facts: Pick<SiteFacts, 'msp'>;
  approvers: readonly PinApprover[];
  token: string;
  typed: TypedLine | null;
}): Html {
  const technician = visibleText(session.technician.name);
  return html`<form class="card" id="say" method="post" action="/sessions/${session.id}/say">
    <h2>Say something to ${technician}</h2>
    <p>
      ${technician} of ${visibleText(facts.msp)} is shown it at once. It goes on record with your
      name and cannot be taken back. It approves nothing: what waits for you waits until you decide
      it.
    </p>
    <div class="field">
      <label for="speak-text">What you want to say</label>
      <textarea id="speak-text" name="text" maxlength="${MAX_SAID_CHARS}" rows="3" required>
${typed?.text ?? ''}</textarea>
    </div>
    ${signFields({ token, approvers, typed, hasComment: false, as: 'speak' })}
    <button type="submit" class="yes">Say it, on record</button>
  </form>`;
}

/** What was typed and can be said no more; nothing where nothing was typed. */
export function unsaidCard({ text }: TypedLine): Html | '' {
  if (text === '') return '';
  return html`<div class="card">
    <h2>What you typed</h2>
    <p class="quiet">It was not said, and is not on record.</p>
    ${saidBox(text)}
  </div>`;
}
