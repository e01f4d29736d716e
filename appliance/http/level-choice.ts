// The choice of what leaves the site, at the set-up and later: the same words at both.

import { html } from 'hono/html';

import { DIGEST_LEVELS, type DigestLevel } from '#crypto/digest-level.ts';
import { LEVEL_WORDS, NEVER_TOLD } from '../protocol/digest-words.ts';
import { option } from './option.ts';
import type { Html } from './page.ts';

/** Radio buttons, one a level; what each lets go beside it. */
export function levelChoice(chosen: DigestLevel): Html {
  return html`<fieldset class="field">
    <legend>What may your IT provider's console know of this site?</legend>
    ${DIGEST_LEVELS.map((level) => levelOption(level, level === chosen))}
    <p class="quiet">${NEVER_TOLD}</p>
  </fieldset>`;
}

function levelOption(level: DigestLevel, isChosen: boolean): Html {
  const { name, told } = LEVEL_WORDS[level];
  return option({ field: 'level', value: level, name, meaning: told }, isChosen);
}
