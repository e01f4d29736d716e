// The fields by which an approver signs with a PIN, shared by the forms that need it.

import { html } from 'hono/html';

import { visibleText } from '#crypto/visible.ts';
import type { PinApprover } from '../gate/pin-desk.ts';
import { MAX_COMMENT_CHARS } from './form.ts';
import type { Html } from './page.ts';

/** What was typed before, when a form is shown again. Never the PIN. */
export interface Typed {
  readonly approver: string;
  readonly comment?: string | null;
}

/** Who signs, with which PIN, and what they want to say about it. `as` tells forms of one page apart. */
export function signFields({
  token,
  approvers,
  typed,
  hasComment = true,
  as = 'decide',
}: {
  token: string;
  approvers: readonly PinApprover[];
  typed: Typed | null;
  hasComment?: boolean;
  as?: 'decide' | 'speak';
}): Html {
  return html`<input type="hidden" name="token" value="${token}" />
    ${approverField(approvers, { typed, as })}
    <div class="field">
      <label for="${as}-pin">Your PIN</label>
      <input
        id="${as}-pin"
        name="pin"
        type="password"
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
        maxlength="64"
        required
        aria-describedby="${as}-pin-hint"
      />
      <p class="quiet" id="${as}-pin-hint">
        Type it only here. Nobody may ask you for it, your IT provider neither.
      </p>
    </div>
    ${hasComment ? commentField(typed) : ''}`;
}

function commentField(typed: Typed | null): Html {
  return html`<div class="field">
    <label for="comment">Comment, if you like</label>
    <textarea id="comment" name="comment" maxlength="${MAX_COMMENT_CHARS}" rows="2">
${typed?.comment ?? ''}</textarea>
  </div>`;
}

function approverField(
  approvers: readonly PinApprover[],
  { typed, as }: { typed: Typed | null; as: 'decide' | 'speak' },
): Html {
  const [only, ...others] = approvers;
  if (only !== undefined && others.length === 0) {
    return html`<div class="field">
      <input type="hidden" name="approver" value="${only.id}" />
      <p>You ${as} as <strong>${visibleText(only.name)}</strong>.</p>
    </div>`;
  }
  return html`<div class="field">
    <label for="${as}-approver">Your name</label>
    <select id="${as}-approver" name="approver" required>
      <option value="">Choose your name</option>
      ${approvers.map(
        ({ id, name }) =>
          html`<option value="${id}" ${typed?.approver === id ? 'selected' : ''}>
            ${visibleText(name)}
          </option>`,
      )}
    </select>
  </div>`;
}
