// Whether an endpoint is there: what is known of it now, and what goes on record of its coming and going. The
// record follows slowly, so that an endpoint whose network flaps cannot fill the log: a loss that is over within
// AWAY_MS is no entry, but counted in the next one. So an endpoint writes two entries in AWAY_MS at most.

import { formatTime } from '#crypto/leaf.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import type { ShellName } from '#crypto/policy.ts';
import type { Host } from '#agent/protocol/link-message.ts';
import { LedgerError } from '../ledger/error.ts';
import type { Ledger, StoredEntry } from '../ledger/ledger.ts';
import type { Clock } from '../work/clock.ts';
import { openStored, record } from '../work/record.ts';
import type { Endpoint, Site } from '../work/site.ts';

/** An endpoint that is back within so long was not gone, as the record has it. */
export const AWAY_MS = 10_000;

/** What an endpoint says of itself when it comes, as it goes on record. */
export type OnlineFacts = FieldsOf<'endpoint.online'>;

export interface PresenceOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly endpoint: Pick<Endpoint, 'id' | 'name'>;
  /** Milliseconds since 1970, from the record of earlier; null: never. */
  readonly lastSeenMs: number | null;
  /** Told when its going could not be put on record. */
  readonly onFailure: (cause: unknown) => void;
}

/** The presence of one endpoint, over all of its links. */
export class Presence {
  lastSeenMs: number | null;
  software: string | null = null;
  host: Host | null = null;
  shells: readonly ShellName[] | null = null;
  readonly #options: PresenceOptions;
  /** What the record should say once it is settled; null: that it is offline. */
  #actual: OnlineFacts | null = null;
  /** What the record says, as far as this process wrote it. */
  #recorded: OnlineFacts | null = null;
  #recordedAtMs = 0;
  #losses = 0;
  #reason = '';
  #isAway = true;
  #isForgotten = false;
  #stopAway: () => void = () => undefined;
  #stopLater: () => void = () => undefined;
  /** Entries are written one after another. */
  #settling: Promise<void> = Promise.resolve();

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.lastSeenMs = options.lastSeenMs;
  }

  /** Whether the record says that it is online; true for a while after its link was lost. */
  get isOnRecord(): boolean {
    return this.#recorded !== null;
  }

  /** The endpoint is here. Resolves when that is on record, or the record says so still. */
  arrive(facts: OnlineFacts): Promise<void> {
    this.#stopAway();
    this.#isAway = false;
    this.#actual = facts;
    return this.#settle();
  }

  /** It said something just now. */
  see(): void {
    this.lastSeenMs = this.#options.clock.now();
  }

  /** Its link is gone, and none took its place. Goes on record unless it is back in AWAY_MS. */
  leave(reason: string): void {
    this.see();
    this.#losses += 1;
    this.#reason = reason;
    this.#isAway = true;
    this.#stopAway();
    if (this.#isForgotten) return;
    this.#stopAway = this.#options.clock.after(AWAY_MS, () => {
      this.#actual = null;
      this.#settleAlone();
    });
  }

  /** It was removed: the record says so, and nothing more. */
  forget(): void {
    this.#isForgotten = true;
    this.#stopAway();
    this.#stopLater();
  }

  #settleAlone(): void {
    this.#settle().catch((cause: unknown) => {
      if (!(cause instanceof LedgerError && cause.code === 'closed'))
        this.#options.onFailure(cause);
    });
  }

  #settle(): Promise<void> {
    const turn = this.#settling.then(() => this.#write());
    this.#settling = turn.catch(() => undefined); // told to whoever settles
    return turn;
  }

  /** Brings the record to what is, unless it is too early for that. */
  async #write(): Promise<void> {
    const { clock } = this.#options;
    const facts = this.#actual;
    if (this.#isForgotten || isSame(facts, this.#recorded)) return;
    if (facts !== null && this.#recorded !== null) {
      if (this.#isAway) return;
      const earlyMs = this.#recordedAtMs + AWAY_MS - clock.now();
      if (earlyMs > 0) return this.#writeLater(earlyMs);
    }
    await (facts === null ? this.#recordOffline() : this.#recordOnline(facts));
    this.#recorded = facts;
    this.#recordedAtMs = clock.now();
  }

  #writeLater(delayMs: number): void {
    this.#stopLater();
    this.#stopLater = this.#options.clock.after(delayMs, () => {
      this.#settleAlone();
    });
  }

  async #recordOnline(fields: OnlineFacts): Promise<void> {
    const { ledger, endpoint } = this.#options;
    const kind = 'endpoint.online';
    await record(ledger, { kind, endpoint: endpoint.id, fields, isEssential: true });
  }

  async #recordOffline(): Promise<void> {
    const { ledger, endpoint } = this.#options;
    const { id, name } = endpoint;
    const before = this.#losses - 1;
    const losses = before === 0 ? '' : `; shorter losses before: ${before}`;
    const reason = `${this.#reason}, last seen ${formatTime(this.lastSeenMs ?? 0)}${losses}`;
    const fields = { name, reason };
    await record(ledger, { kind: 'endpoint.offline', endpoint: id, fields, isEssential: true });
    this.#losses = 0;
  }
}

function isSame(a: OnlineFacts | null, b: OnlineFacts | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b); // both are made by one function
}

/**
 * When each endpoint of a site was last there, as the record has it: milliseconds since 1970, by id. Of one that was
 * there when the appliance stopped no going is on record: the last command that it ended is later than its coming.
 */
export async function readLastSeen(site: Site): Promise<Map<string, number>> {
  const online = await readLast(site, 'endpoint.online');
  const offline = await readLast(site, 'endpoint.offline');
  const seen = new Map(online);
  const stayed = new Map(online);
  for (const [id, atMs] of offline) {
    const cameMs = online.get(id) ?? 0;
    seen.set(id, Math.max(cameMs, atMs - AWAY_MS));
    if (atMs > cameMs) stayed.delete(id);
  }
  for (const [id, atMs] of await readLastEnds(site, stayed)) seen.set(id, atMs);
  return seen;
}

/** The time of each endpoint's newest entry of a kind. */
async function readLast(
  { ledger, endpoints }: Site,
  kind: 'endpoint.online' | 'endpoint.offline',
): Promise<Map<string, number>> {
  const last = new Map<string, number>();
  const missing = new Set(endpoints.map(({ id }) => id));
  for await (const { leaf } of ledger.entriesOfKind(kind, { newestFirst: true })) {
    if (missing.size === 0) break;
    const { e: id = '', t } = leaf;
    if (missing.delete(id)) last.set(id, Date.parse(t));
  }
  return last;
}

/** So many of the newest ends of commands are looked at: a start does not read a log of years. */
const MAX_ENDS = 4096;

/** When these endpoints last told how a command ended, where that is later than they came. */
async function readLastEnds(
  { ledger }: Site,
  cameMs: ReadonlyMap<string, number>,
): Promise<Map<string, number>> {
  const last = new Map<string, number>();
  const missing = new Map(cameMs);
  let left = MAX_ENDS;
  for await (const entry of ledger.entriesOfKind('command.exited', { newestFirst: true })) {
    if (left === 0) break;
    left -= 1;
    const { e: id = '', t } = entry.leaf;
    const atMs = Date.parse(t);
    if (atMs <= Math.min(...missing.values())) break; // Infinity when none is missing
    if ((missing.get(id) ?? Infinity) >= atMs || !isToldByEndpoint(entry)) continue;
    missing.delete(id);
    last.set(id, atMs);
  }
  return last;
}

/** Not by the appliance, that the endpoint was lost; one whose content was erased says neither. */
function isToldByEndpoint(entry: StoredEntry): boolean {
  return entry.content !== null && openStored('command.exited', entry).outcome !== 'interrupted';
}
