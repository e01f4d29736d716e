// What leaves the site: what is told to the console now, who said so, and the form by which an approver of the
// client says otherwise.

import { html } from 'hono/html';

import type { DigestLevel } from '#crypto/digest-level.ts';
import { visibleText } from '#crypto/visible.ts';
import type { PinApprover } from '../gate/pin-desk.ts';
import { LEVEL_WORDS } from '../protocol/digest-words.ts';
import type { SiteFacts } from '../work/site.ts';
import { levelChoice } from './level-choice.ts';
import { moment, type WallClock } from './moment.ts';
import { type Html, type Notice, page } from './page.ts';
import { signFields, type Typed } from './sign-fields.ts';

/** The choice in force. */
export interface LevelInForce {
  readonly level: DigestLevel;
  /** Null: nobody at the site has chosen; it is as the box was joined. */
  readonly chosen: { readonly by: string; readonly atMs: number; readonly index: number } | null;
}

export interface SettingsPage {
  /** Null: the site is joined to no console. */
  readonly inForce: LevelInForce | null;
  readonly facts: SiteFacts;
  readonly approvers: readonly PinApprover[];
  readonly clock: WallClock;
  readonly token: string;
  readonly notice: Notice | null;
  readonly typed: (Typed & { readonly level: DigestLevel }) | null;
}

export function settingsPage(view: SettingsPage): Html {
  const { facts, notice, clock, inForce } = view;
  return page({
    title: 'What leaves this site',
    facts,
    frame: { clock, here: '/settings' },
    notice,
    body:
      inForce === null
        ? html`<div class="card">
            <p>
              <strong>Nothing.</strong> This box is joined to no console: what happens here is known
              here alone. When it is joined to one, you choose here what may be told there.
            </p>
          </div>`
        : html`<div class="card">${nowFacts(inForce, view)}</div>
            ${choiceCard(inForce, view)}`,
  });
}

function nowFacts({ level, chosen }: LevelInForce, { facts, clock }: SettingsPage): Html {
  return html`<p>
      ${visibleText(facts.msp)} has a console, a website by which it looks after its clients' sites.
      This box tells it what you allow, and nothing else.
    </p>
    <dl class="facts">
      <dt>Now</dt>
      <dd><strong>${LEVEL_WORDS[level].name}</strong></dd>
      <dt>Chosen</dt>
      <dd>
        ${
          chosen === null
            ? 'when this box was joined; nobody at this site has chosen yet'
            : html`by ${visibleText(chosen.by)}, ${moment(chosen.atMs, clock, { isRelative: true })}
                <div>Entry ${chosen.index} of the record</div>`
        }
      </dd>
    </dl>`;
}

function choiceCard({ level }: LevelInForce, { approvers, token, typed }: SettingsPage): Html {
  if (approvers.length === 0) {
    return html`<div class="note warn">
      <strong>Nobody can change it on this page</strong>
      No approver of this site has a PIN here. Whoever holds an approver's key file changes it with
      <code>caisey site level set</code>; your IT provider can show how.
    </div>`;
  }
  return html`<form class="card" method="post" action="/settings">
    <h2>Change it</h2>
    ${levelChoice(typed?.level ?? level)}
    ${signFields({ token, approvers, typed, hasComment: false })}
    <button type="submit" class="yes">Change what leaves this site</button>
    <p class="quiet after">
      It counts at once. What the console knows beyond your choice is deleted there; copies that
      somebody made before cannot be called back.
    </p>
  </form>`;
}
