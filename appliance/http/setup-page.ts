// The faces of an appliance that is not founded yet, for browsers with scripts off.

import { html, raw } from 'hono/html';
import { renderSVG } from 'uqr';

import type { DigestLevel } from '#crypto/digest-level.ts';
import { PRESETS, type PresetName } from '#crypto/policy.ts';
import { rootCode } from '#crypto/root-set.ts';
import { visibleText } from '#crypto/visible.ts';
import { MIN_PIN_CHARS } from '../gate/pin.ts';
import type { ClaimOffer } from '../protocol/claim-message.ts';
import { levelChoice } from './level-choice.ts';
import { option } from './option.ts';
import { type Html, type Notice, page } from './page.ts';

/** What stands on pages as long as the site has no name. */
export const FACTS = { client: 'Caisey', site: 'set-up', msp: 'your IT provider' } as const;

/** What was typed before, when the form is shown again. Never a PIN. */
export interface TypedSetUp {
  readonly name: string;
  readonly preset: PresetName;
  readonly level: DigestLevel;
  readonly zone: string;
}

/** Nobody has claimed the box: its code. */
export function codePage({
  code,
  organisation,
  notice,
}: {
  code: string;
  organisation: string;
  notice: Notice | null;
}): Html {
  const who = visibleText(organisation);
  return page({
    ...{ title: 'This box waits for your IT provider', facts: FACTS, notice },
    body: html`<div class="card">
      <p>
        It was joined to the console of <strong>${who}</strong>. There, somebody of ${who} types
        this code, or scans it. Read it out only to somebody whom you know.
      </p>
      <p class="code">${code}</p>
      <p class="qr" aria-hidden="true">${raw(renderSVG(code, { border: 2 }))}</p>
      <p class="quiet">
        This page looks again every ten seconds. Until you set it up, nothing runs.
      </p>
    </div>`,
  });
}

/** Somebody has claimed it: who, and the form. */
export function claimedPage(view: {
  offer: ClaimOffer;
  notice: Notice | null;
  typed: TypedSetUp | null;
  token: string;
}): Html {
  const { offer, notice, token } = view;
  const msp = visibleText(offer.msp);
  return page({
    ...{ title: `${msp} wants to look after this site`, notice },
    facts: { client: offer.client, site: offer.site, msp: offer.msp },
    body: html`<div class="card">
        <dl class="facts">
          <dt>IT provider</dt>
          <dd><strong>${msp}</strong></dd>
          <dt>For</dt>
          <dd>${visibleText(offer.client)}, ${visibleText(offer.site)}</dd>
          <dt>Their code</dt>
          <dd><strong>${rootCode(offer.root)}</strong></dd>
        </dl>
        <p>
          Ask them for their code, by telephone or in person. If it is not exactly this one,
          somebody else is at work: press the button at the end.
        </p>
      </div>
      ${setUpForm(view)}
      <div class="card">
        <form method="post" action="/decline">
          <input type="hidden" name="token" value="${token}" />
          <p>This is not your IT provider, or their code is another?</p>
          <button class="no" type="submit">Turn them away</button>
        </form>
      </div>`,
  });
}

/** It is founded: the page of the site comes in a moment. */
export function donePage(offer: ClaimOffer | null): Html {
  const facts = offer === null ? FACTS : { client: offer.client, site: offer.site, msp: offer.msp };
  return page({
    ...{ title: 'This site is set up', facts },
    body: html`<div class="card">
      <p>From now on this page shows what waits for your consent.</p>
      <p class="links"><a href="/">Open it</a></p>
    </div>`,
  });
}

function setUpForm({ typed, token }: { typed: TypedSetUp | null; token: string }): Html {
  const zone = typed?.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  return html`<div class="card">
    <h2>Set it up</h2>
    <form method="post" action="/set-up" autocomplete="off">
      <input type="hidden" name="token" value="${token}" />
      <div class="field">
        <label for="name">Your name</label>
        <input id="name" name="name" maxlength="128" required value="${typed?.name ?? ''}" />
        <p class="quiet">It stands beside everything that you decide.</p>
      </div>
      ${pinField('pin', 'A PIN of your own', PIN_HINT)}
      ${pinField('again', 'The same PIN once more')}
      <fieldset class="field">
        <legend>What may they do without asking you?</legend>
        ${PRESETS.map((preset) => presetChoice(preset, typed?.preset ?? 'standard'))}
      </fieldset>
      ${levelChoice(typed?.level ?? 'standard')}
      <div class="field">
        <label for="zone">Time zone</label>
        <input id="zone" name="zone" maxlength="64" required value="${zone}" />
        <p class="quiet">Such as Europe/Berlin: the hours that your rules mean.</p>
      </div>
      <button class="yes" type="submit">Set up this site</button>
    </form>
  </div>`;
}

const PIN_HINT = `${MIN_PIN_CHARS} characters or more, letters if you like; no date and no row such as 123456. You type it for each decision: it is kept nowhere.`;

function pinField(id: string, label: string, hint = ''): Html {
  return html`<div class="field">
    <label for="${id}">${label}</label>
    <input
      id="${id}"
      name="${id}"
      type="password"
      autocomplete="new-password"
      autocapitalize="off"
      spellcheck="false"
      maxlength="64"
      required
      ${hint === '' ? '' : raw(`aria-describedby="${id}-hint"`)}
    />
    ${hint === '' ? '' : html`<p class="quiet" id="${id}-hint">${hint}</p>`}
  </div>`;
}

function presetChoice(preset: PresetName, chosen: PresetName): Html {
  const { name, what } = PRESET_WORDS[preset];
  return option({ field: 'preset', value: preset, name, meaning: what }, preset === chosen);
}

const PRESET_WORDS: Readonly<Record<PresetName, { name: string; what: string }>> = {
  careful: { name: 'Nothing', what: 'Every command asks you, also one that only looks.' },
  standard: {
    name: 'Look',
    what: 'But not where secrets may be. Whatever changes something asks you.',
  },
  'after-hours': {
    name: 'Look, and small steps out of hours',
    what: 'At night and on weekends, steps that undo themselves, such as restarting a service.',
  },
};
