// The roster on a page: judged here, changed here, sent to the sites by the host.

import * as z from 'zod';

import { trustedRoots } from '#crypto/root-certificate.ts';
import type { Envelope, StatementSigner } from '#crypto/statement.ts';
import { verifyCertificate } from '#ui/lib/certificates.ts';
import { nextRoster, type RosterChange, signRoster } from '#ui/lib/founding.ts';
import type { Keeper } from '#ui/lib/keeper.ts';
import { post } from '#ui/lib/post.ts';
import {
  type CheckedRoster,
  judgeRoster,
  type ShownRoster,
  type Standing,
} from '#ui/lib/roster-standing.ts';

const spreadSchema = z.object({
  version: z.int(),
  sites: z.array(
    z.object({
      siteId: z.string(),
      name: z.string(),
      outcome: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('in-force') }),
        z.object({ kind: z.literal('refused'), code: z.string(), message: z.string() }),
        z.object({ kind: z.literal('offline') }),
      ]),
    }),
  ),
});

/** What became of a roster at each site, as the host tells it. */
export type RosterSpread = z.infer<typeof spreadSchema>;

export interface RosterOptions {
  readonly keeper: Pick<Keeper, 'pinned' | 'pin'>;
  /** Hands a signed roster to the host, which keeps it and sends it on. */
  readonly send: (envelope: Envelope) => Promise<unknown>;
  readonly now: () => number;
}

export class RosterState {
  readonly #options: RosterOptions;
  #standing = $state.raw<Standing | null>(null);

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  /** Null: it is being checked. */
  get standing(): Standing | null {
    return this.#standing;
  }

  /** The roster when it stands, else null. */
  get current(): CheckedRoster | null {
    return this.#standing?.kind === 'stands' ? this.#standing.roster : null;
  }

  /** Judges what the host shows. Call it in the browser, whenever that changed. */
  async check(shown: ShownRoster | null): Promise<void> {
    try {
      const { keeper, now } = this.#options;
      const pinned = await keeper.pinned();
      const standing = await judgeRoster(shown, { pinned, atMs: now() });
      if (standing.kind === 'older' && this.#isStale(standing.version)) return;
      if (standing.kind === 'stands') await this.#remember(standing.roster);
      this.#standing = standing;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#standing = { kind: 'bad', why: `This browser cannot read what it remembers: ${why}` };
    }
  }

  /** A person has compared the code: this root from now on, and no other. */
  async pin(): Promise<void> {
    if (this.#standing?.kind !== 'unpinned') throw new TypeError('there is nothing to pin');
    const { roster } = this.#standing;
    await this.#remember(roster);
    await this.check(roster);
  }

  /** Signs the next roster and has it sent to every site. It is built on what stands here, never on the host's word. */
  async sign(change: RosterChange, signer: StatementSigner): Promise<RosterSpread> {
    const { current } = this;
    const { send, now } = this.#options;
    if (current === null) throw new Error('Nothing is signed: the roster does not stand here');
    if ('bring' in change) {
      const { rootKeys } = current;
      await verifyCertificate(change.bring.certificate, { rootKeys, atMs: now() });
    }
    const content = nextRoster(current.envelope, change, current.toldVersion);
    await checkSigner(signer.key, { current, roots: content.roots, atMs: now() });
    const envelope = await signRoster(content, { signer, nowMs: now() });
    const { rootKeys, toldVersion } = current;
    const next = { rootKeys, envelope, toldVersion };
    const judged = await judgeRoster(next, {
      pinned: { rootKeys, rosterVersion: content.version },
      atMs: now(),
    });
    if (judged.kind !== 'stands') {
      throw new Error('The signature does not hold; nothing was changed');
    }
    const answer = await send(envelope);
    await this.check(next);
    return spreadSchema.parse(answer);
  }

  /** An answer of before a newer roster was judged here: it was under way meanwhile, and says nothing new. */
  #isStale(version: number): boolean {
    return this.current !== null && version > 0 && version < this.current.statement.version;
  }

  async #remember({ rootKeys, statement: { version } }: CheckedRoster): Promise<void> {
    await this.#options.keeper.pin({ rootKeys, rosterVersion: version });
  }
}

/** The organisation's roster, which the host keeps and sends to its sites. */
export function rosterOfHost(keeper: Keeper): RosterState {
  const send = (envelope: Envelope) => post('/api/roster', { envelope, rootKeys: null });
  return new RosterState({ keeper, send, now: Date.now });
}

/** Before anybody is asked to sign: the key must be of the root by what the next roster itself carries. */
async function checkSigner(
  key: string,
  {
    current,
    roots = [],
    atMs,
  }: { current: CheckedRoster; roots: readonly Envelope[] | undefined; atMs: number },
): Promise<void> {
  const signers = await trustedRoots({ root: current.rootKeys, certificates: roots, atMs });
  if (signers.has(key)) return;
  throw new Error(
    current.signers.has(key)
      ? 'Nothing is signed: this key may sign only by the certificate that would go. Sign with the root’s own key, or with its recovery key'
      : 'Nothing is signed: this key is not of the root',
  );
}
