// How the site of this computer comes into the organisation of the console that `npm start` runs beside it. The host
// asks over the channel between the two processes; the code that stands in this terminal, typed into the page, says
// that whoever asks there also stands here. The host carries what this site gives out, and could give the page
// something else: so a second code, over what was given out, goes by the person from here to the page.

import { timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import * as z from 'zod';

import { loadConfig } from '#appliance/config.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { crockford, plainCode } from '#crypto/match-code.ts';
import { parseRootCertificate } from '#crypto/root-certificate.ts';
import { rootCode } from '#crypto/root-set.ts';
import { envelopeSchema } from '#crypto/statement.ts';
import { visibleText } from '#crypto/visible.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import { verifyHandOver } from '#ui/lib/hand-over.ts';
import {
  type Begun,
  type ComputerDown,
  computerDownSchema,
  type ComputerUp,
  HAND_OVER_CODE_CHARS,
  type LocalSite,
} from '#ui/server/this-computer-message.ts';
import { caiseyOk } from './caisey-process.ts';

/** So many wrong codes, and the code is another. */
export const MAX_WRONG_CODES = 5;

export interface HandOverPlace {
  readonly home: string;
  readonly restartAppliance: () => Promise<void>;
  readonly say: (text: string) => void;
}

type Refusal = Extract<ComputerUp, { kind: 'refused' }>;

const homeSiteSchema = z.looseObject({
  client: z.string(),
  site: z.string(),
  msp_root: z.string(),
});
const peopleSchema = z.looseObject({ envelope: envelopeSchema });
const certifiedSchema = z.looseObject({ certificate: z.string() });

/** Answers the host's questions, one after another. */
export class HandOver {
  readonly #place: HandOverPlace;
  #code = createCode();
  #wrong = 0;
  #isBegun = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(place: HandOverPlace) {
    this.#place = place;
  }

  /** What a person types into the page: `K7QM-2FD0`. Good once. */
  get code(): string {
    return `${this.#code.slice(0, 4)}-${this.#code.slice(4)}`;
  }

  /** Answers a message; null for what is none of ours. */
  answer(message: unknown): Promise<ComputerUp | null> {
    const parsed = computerDownSchema.safeParse(message);
    if (!parsed.success) return Promise.resolve(null);
    const answer = this.#turn.then(() => this.#answer(parsed.data));
    this.#turn = answer;
    return answer;
  }

  async #answer(asked: ComputerDown): Promise<ComputerUp> {
    const { id } = asked;
    try {
      switch (asked.kind) {
        case 'look':
          return { kind: 'site', id, site: await localSite(this.#place.home) };
        case 'begin':
          return (await this.#begin(asked)) ?? this.#refuseCode(id);
        case 'join':
          return await this.#join(asked);
        default:
          throw new Error(`unreachable: question ${String(asked satisfies never)}`);
      }
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      const { say } = this.#place;
      say(
        `\nThe site was not brought into the console:\n${visibleText(words, { keepNewlines: true })}`,
      );
      say(`To try it again, the code is now  ${this.code}`);
      const message = 'It did not work; the terminal of "npm start" says why';
      return { kind: 'refused', id, code: 'failed', message };
    }
  }

  async #begin({
    id,
    code,
    rootKeys,
  }: Extract<ComputerDown, { kind: 'begin' }>): Promise<ComputerUp | null> {
    if (!isSame(plainCode(code), this.#code)) return null;
    const { home, say } = this.#place;
    const begun = await certify(home, rootKeys);
    const { code: given } = await verifyHandOver(begun, { rootKeys, atMs: Date.now() });
    this.#renew();
    this.#isBegun = true;
    say(
      `\nThe console was given the code. This site's root now lets the root ${rootCode(rootKeys)} say who may ask\n` +
        'here, for ten years: the page must show the same code. Members go on as they are.\n' +
        `Type into the page, before you sign there:  ${given}\n` +
        'If the page does not take it, or asks for none, do not sign: it was given something else.\n' +
        `Should the page be closed before that: the code to begin again is now  ${this.code}`,
    );
    return { kind: 'begun', id, begun };
  }

  #refuseCode(id: number): Refusal {
    this.#wrong += 1;
    if (this.#wrong < MAX_WRONG_CODES) return wrongCode(id);
    this.#renew();
    this.#place.say(
      `\nToo many wrong codes were typed at the console. The code is now  ${this.code}`,
    );
    return wrongCode(id);
  }

  async #join({ id, token }: Extract<ComputerDown, { kind: 'join' }>): Promise<ComputerUp> {
    if (!this.#isBegun) {
      const message = 'Cannot join: the code comes first';
      return { kind: 'refused', id, code: 'not-begun', message };
    }
    this.#isBegun = false;
    const { home, say, restartAppliance } = this.#place;
    const args = ['appliance', 'join', '-', '--no-wait', '--replace'];
    await caiseyOk(args, { home, input: token });
    say('\nThe site joined the console; its appliance is started anew …');
    await restartAppliance();
    const { client, site } = await localSite(home);
    say(
      `\n${visibleText(client)}, ${visibleText(site)} is in the console. Sign the roster there: then its people may ask here.\n` +
        `Nothing is left to do in this terminal. Should the page ask for a code another time:\n\n  Code  ${this.code}`,
    );
    return { kind: 'joined', id };
  }

  #renew(): void {
    this.#code = createCode();
    this.#wrong = 0;
  }
}

async function localSite(home: string): Promise<LocalSite> {
  const { console: joined } = await loadConfig(join(home, 'appliance'));
  const pinned = await readFile(join(home, 'site.json'), 'utf8');
  const { client, site, msp_root: root } = homeSiteSchema.parse(JSON.parse(pinned));
  return {
    ...{ client, site, root },
    joined: joined === undefined ? null : { site: joined.site, relay: joined.key },
  };
}

/** By the root key of this home; and the roster in force: whoever stands in it goes on by the organisation's. */
async function certify(home: string, rootKeys: string): Promise<Begun> {
  const json = ['--format', 'json'];
  const printed = await caiseyOk(['site', 'certify-root', '-', '--yes', ...json], {
    home,
    input: rootKeys,
  });
  const { certificate } = certifiedSchema.parse(JSON.parse(printed));
  const people = await caiseyOk(['site', 'people', 'ls', ...json], { home });
  const { envelope: roster } = peopleSchema.parse(JSON.parse(people));
  return { certificate: parseRootCertificate(certificate).envelope, roster };
}

function wrongCode(id: number): Refusal {
  const message = 'That is not the code that stands in the terminal now';
  return { kind: 'refused', id, code: 'wrong-code', message };
}

function createCode(): string {
  return crockford(randomBytes(HAND_OVER_CODE_CHARS), HAND_OVER_CODE_CHARS);
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [encodeUtf8(a), encodeUtf8(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
