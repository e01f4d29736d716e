// The pages about the site itself: the rules in force, and what leaves the site, which an approver may change.

import { type Context, Hono } from 'hono';

import type { DigestLevel } from '#crypto/digest-level.ts';
import type { PinDesk } from '../gate/pin-desk.ts';
import { LEVEL_WORDS } from '../protocol/digest-words.ts';
import type { Clock } from '../work/clock.ts';
import { openStored } from '../work/record.ts';
import type { Site } from '../work/site.ts';
import { levelFormSchema, readForm } from './form.ts';
import { createFormTokens, type FormTokens } from './form-token.ts';
import { type Notice, wallClock } from './page.ts';
import { refuseForm } from './refusal.ts';
import { rulesPage } from './rules-page.ts';
import { type LevelInForce, type SettingsPage, settingsPage } from './settings-page.ts';

const PURPOSE = 'level';

export interface SettingsOptions {
  readonly site: Site;
  readonly pinDesk: Pick<PinDesk, 'approvers' | 'chooseLevel'>;
  readonly clock: Clock;
  /** What counts as long as no approver has said what the console may know; null: there is no console. */
  readonly unsaidLevel: () => DigestLevel | null;
}

/** The routes of these pages. Whoever mounts them sets headers and limits. */
export function settingsRoutes(options: SettingsOptions): Hono {
  const settings = new Settings(options);
  const app = new Hono();
  app.get('/rules', (c) => settings.showRules(c));
  app.get('/settings', (c) => settings.show(c, { notice: null, typed: null }));
  app.post('/settings', (c) => settings.choose(c));
  return app;
}

class Settings {
  readonly #options: SettingsOptions;
  readonly #tokens: FormTokens = createFormTokens();

  constructor(options: SettingsOptions) {
    this.#options = options;
  }

  async showRules(c: Context): Promise<Response> {
    const { site, clock } = this.#options;
    const { leaf } = await site.ledger.entry(site.policy.index);
    const view = { site, sinceMs: Date.parse(leaf.t), clock: wallClock(site, clock) };
    return c.html(rulesPage(view));
  }

  async show(c: Context, back: Pick<SettingsPage, 'notice' | 'typed'>): Promise<Response> {
    const { site, pinDesk, clock } = this.#options;
    const view = settingsPage({
      inForce: await this.#inForce(),
      facts: site.facts,
      approvers: pinDesk.approvers(),
      clock: wallClock(site, clock),
      token: this.#tokens.issue(c, PURPOSE),
      ...{ notice: back.notice ?? this.#justChanged(c), typed: back.typed },
    });
    return c.html(view);
  }

  async choose(c: Context): Promise<Response> {
    let typed: SettingsPage['typed'] = null;
    try {
      const { token, pin, ...asked } = await readForm(c, levelFormSchema);
      typed = asked;
      const path = await this.#tokens.once(c, { purpose: PURPOSE, token, asked }, async () => {
        const { pinDesk, site } = this.#options;
        await pinDesk.chooseLevel({ pin, ...asked });
        return `/settings?changed=${site.digest?.index ?? ''}`;
      });
      return c.redirect(path, 303);
    } catch (cause) {
      const notice = refuseForm(c, cause, 'changed');
      return this.show(c, { notice, typed });
    }
  }

  /** The page that a change leads to says so as long as that change is the one in force. */
  #justChanged(c: Context): Notice | null {
    const { digest } = this.#options.site;
    if (digest === null || c.req.query('changed') !== String(digest.index)) return null;
    const { name } = LEVEL_WORDS[digest.signed.statement.level];
    return {
      tone: 'good',
      title: `Changed: ${name}`,
      text: 'It counts from now, and is on record.',
    };
  }

  async #inForce(): Promise<LevelInForce | null> {
    const { site, unsaidLevel } = this.#options;
    const unsaid = unsaidLevel();
    if (unsaid === null) return null;
    if (site.digest === null) return { level: unsaid, chosen: null };
    const { signed, index } = site.digest;
    const entry = await site.ledger.entry(index);
    const { approver } = openStored('digest.changed', entry);
    const chosen = { by: approver, atMs: Date.parse(entry.leaf.t), index };
    return { level: signed.statement.level, chosen };
  }
}
