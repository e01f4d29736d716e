// The rules in force, in words: what runs at once, what is asked, what is never run, and who signed that.

import { html } from 'hono/html';

import { visibleText } from '#crypto/visible.ts';
import { policyWords, type PolicyWords, type RuleWords } from '../protocol/policy-words.ts';
import type { Site } from '../work/site.ts';
import { moment, type WallClock } from './moment.ts';
import { type Html, page } from './page.ts';

export interface RulesPage {
  readonly site: Pick<Site, 'facts' | 'policy' | 'authority'>;
  /** When the policy was put in force. */
  readonly sinceMs: number;
  readonly clock: WallClock;
}

export function rulesPage(view: RulesPage): Html {
  const { site, clock } = view;
  const { approvers } = site.authority.signed.statement;
  const words = policyWords(site.policy.signed.statement.rules, { approvers });
  return page({
    title: 'What may be done here',
    facts: site.facts,
    frame: { clock, here: '/rules' },
    body: html`<div class="card">
        <p><strong>${visibleText(words.summary)}</strong></p>
        <p>
          ${visibleText(words.terms)}${
            words.hours === null ? '' : html` ${visibleText(words.hours)}`
          }
        </p>
        ${signedFacts(view)}
      </div>
      ${ruleCards(words)}`,
  });
}

function signedFacts({ site, sinceMs, clock }: RulesPage): Html {
  const { policy, authority } = site;
  const { version, expires } = policy.signed.statement;
  const { approvers } = authority.signed.statement;
  const names = approvers.map(({ name }) => visibleText(name)).join(', ');
  return html`<dl class="facts">
    <dt>Version</dt>
    <dd>${version}, entry ${policy.index} of the record</dd>
    <dt>In force since</dt>
    <dd>${moment(sinceMs, clock, { isRelative: true })}</dd>
    <dt>Until</dt>
    <dd>${moment(Date.parse(expires), clock)}; nothing runs after it until you sign again</dd>
    <dt>Signed by</dt>
    <dd>
      the authority of ${visibleText(site.facts.client)}: its key alone can change these rules
    </dd>
    <dt>Approvers</dt>
    <dd>${names === '' ? 'nobody yet' : names}</dd>
  </dl>`;
}

function ruleCards({ allowed, asked, refused, otherwise }: PolicyWords): Html {
  return html`${ruleCard('Runs at once', allowed, 'Nothing runs without asking.')}
    <div class="card">
      <h2>Asks first</h2>
      <p>${otherwise}</p>
      ${asked.length === 0 ? '' : ruleList(asked)}
    </div>
    ${ruleCard('Is never run', refused, 'No command is refused outright.')}`;
}

function ruleCard(title: string, rules: readonly RuleWords[], none: string): Html {
  return html`<div class="card">
    <h2>${title}</h2>
    ${rules.length === 0 ? html`<p>${none}</p>` : ruleList(rules)}
  </div>`;
}

/** Few rules at once; many behind their number. */
function ruleList(rules: readonly RuleWords[]): Html {
  const list = html`<ul class="rules">
    ${rules.map(
      ({ what, why, terms }) =>
        html`<li>
          ${visibleText(what)}
          ${why === null ? '' : html`<div class="quiet">${visibleText(why)}</div>`}
          ${terms === null ? '' : html`<div class="quiet">${visibleText(terms)}</div>`}
        </li>`,
    )}
  </ul>`;
  return list;
}
