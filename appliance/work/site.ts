// What is in force at a site: its name, its two authorities, the roster, the approvers, the policy, and the
// endpoints. All of it stands in the log; this is the log read into memory, and the only writer of these kinds.

import { parsePersonKey } from '#crypto/person-key.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import type { VerifierKey } from '#crypto/key.ts';
import { CLAIM_INDEX, type FieldsOf } from '#crypto/kind.ts';
import type { Judge } from '#crypto/policy.ts';
import {
  type RootedAt,
  type SeenVersion,
  verifyAuthority,
  verifyDigest,
  verifyPolicy,
  verifyRoster,
} from '#crypto/roster.ts';
import { type Envelope, type Member } from '#crypto/statement.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { WorkError } from './error.ts';
import { openStored, record, type Recorded } from './record.ts';
import {
  digestFields,
  type DigestFields,
  type InForce,
  inForce,
  latest,
  latestDigest,
  latestStatement,
  versionOf,
} from './ruling.ts';

export interface Endpoint {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly labels: readonly string[];
  /** Tree index of its `endpoint.enrolled`. */
  readonly index: number;
}

export interface SiteFacts {
  readonly client: string;
  readonly site: string;
  readonly msp: string;
  readonly mspRoot: string;
  readonly authorityKey: string;
}

export interface SiteOptions {
  readonly ledger: Ledger;
  readonly logKey: VerifierKey;
  readonly judge: Judge;
  readonly now: () => number;
}

/** A claimed site. Opened by `loadSite`; holds no resource of its own. */
export class Site {
  readonly ledger: Ledger;
  readonly logKey: VerifierKey;
  readonly judge: Judge;
  readonly now: () => number;
  readonly #claimed: SiteFacts;
  readonly #endpoints = new Map<string, Endpoint>();
  /** By endpoint, the tree index of its `endpoint.verified`. */
  readonly #verified: Map<string, number>;
  /** Keys of endpoints that were removed: one that comes with it is told so, and none is enrolled with it. */
  readonly #removedKeys: Set<string>;
  #roster: InForce<'roster'>;
  #authority: InForce<'authority'>;
  #policy: InForce<'policy'>;
  #digest: InForce<'digest'> | null;
  #changes = 0;
  #changing: Promise<void> = Promise.resolve();

  constructor(
    options: SiteOptions,
    state: {
      facts: SiteFacts;
      roster: InForce<'roster'>;
      authority: InForce<'authority'>;
      policy: InForce<'policy'>;
      digest: InForce<'digest'> | null;
      endpoints: readonly Endpoint[];
      verified: ReadonlyMap<string, number>;
      removedKeys: ReadonlySet<string>;
    },
  ) {
    this.ledger = options.ledger;
    this.logKey = options.logKey;
    this.judge = options.judge;
    this.now = options.now;
    this.#claimed = state.facts;
    this.#roster = state.roster;
    this.#authority = state.authority;
    this.#policy = state.policy;
    this.#digest = state.digest;
    this.#verified = new Map(state.verified);
    this.#removedKeys = new Set(state.removedKeys);
    for (const endpoint of state.endpoints) this.#endpoints.set(endpoint.id, endpoint);
  }

  /** What the site was claimed as, with the provider's name of the roster in force. */
  get facts(): SiteFacts {
    return { ...this.#claimed, msp: this.#roster.signed.statement.msp };
  }

  get roster(): InForce<'roster'> {
    return this.#roster;
  }

  get authority(): InForce<'authority'> {
    return this.#authority;
  }

  get policy(): InForce<'policy'> {
    return this.#policy;
  }

  /** What the console may know, by an approver's word; null as long as none of them has said. */
  get digest(): InForce<'digest'> | null {
    return this.#digest;
  }

  get endpoints(): readonly Endpoint[] {
    return [...this.#endpoints.values()];
  }

  /** The enrolled endpoint with this id. @throws {WorkError} code `endpoint-unknown` */
  endpoint(id: string): Endpoint {
    const endpoint = this.#endpoints.get(id);
    if (endpoint === undefined) {
      throw new WorkError('endpoint-unknown', 'Cannot find endpoint: it is not enrolled here');
    }
    return endpoint;
  }

  /** Whether a person has said that this endpoint's key is that of the machine it is taken for. */
  isVerified(id: string): boolean {
    return this.#verified.has(id);
  }

  /** The roster's member with this key, or null. */
  memberOf(key: string): Member | null {
    return this.#roster.signed.statement.members.find((member) => member.key === key) ?? null;
  }

  /** What this peer is at the site; null: nobody we know. */
  roleOf(publicKey: Uint8Array): 'endpoint' | 'member' | 'approver' | 'removed' | null {
    const key = keyText(publicKey);
    if (this.endpoints.some((endpoint) => endpoint.key === key)) return 'endpoint';
    if (this.memberOf(key) !== null) return 'member';
    const { approvers } = this.#authority.signed.statement;
    if (approvers.some((approver) => approver.key === key)) return 'approver';
    return this.#removedKeys.has(key) ? 'removed' : null;
  }

  /** Whether a statement is being put in force: what is in force now may not be, where the next entry stands. */
  get isChanging(): boolean {
    return this.#changes > 0;
  }

  /** Resolves when the changes of now are in force, or were refused. */
  async settled(): Promise<void> {
    await this.#changing;
  }

  /**
   * Records a new roster and puts it in force; the one in force is taken again without an entry.
   * @throws {VerifyError} when it is not a later one by the root
   */
  changeRoster(envelope: Envelope): Promise<void> {
    return this.#change(async () => {
      const at = this.#rootedAt(this.facts.mspRoot, this.#roster);
      const signed = await verifyRoster(envelope, at);
      if (signed.hash === at.seen.hash) return;
      const entry = await record(this.ledger, {
        kind: 'roster.changed',
        fields: { statement: envelope },
        ref: { previous: this.#roster.entry },
      });
      this.#roster = inForce(envelope, signed, entry);
    });
  }

  /** Records new approvers and puts them in force. @throws {VerifyError} as `changeRoster` */
  changeAuthority(envelope: Envelope): Promise<void> {
    return this.#change(async () => {
      const at = this.#rootedAt(this.facts.authorityKey, this.#authority);
      const signed = await verifyAuthority(envelope, at);
      if (signed.hash === at.seen.hash) return;
      const entry = await record(this.ledger, {
        kind: 'authority.changed',
        fields: { statement: envelope },
        ref: { previous: this.#authority.entry },
      });
      this.#authority = inForce(envelope, signed, entry);
    });
  }

  /** Records a new policy and puts it in force. @throws {VerifyError} as `changeRoster` */
  changePolicy(envelope: Envelope): Promise<void> {
    return this.#change(async () => {
      const at = this.#rootedAt(this.facts.authorityKey, this.#policy);
      const signed = await verifyPolicy(envelope, at);
      if (signed.hash === at.seen.hash) return;
      const entry = await record(this.ledger, {
        kind: 'policy.changed',
        fields: { statement: envelope },
        ref: { authority: this.#authority.entry, previous: this.#policy.entry },
      });
      this.#policy = inForce(envelope, signed, entry);
    });
  }

  /** Records what the console may know from here on. @throws {VerifyError} as `verifyDigest` */
  changeDigest(envelope: Envelope, { method }: Pick<DigestFields, 'method'>): Promise<void> {
    return this.#change(async () => {
      const seen = this.#digest === null ? null : versionOf(this.#digest.signed);
      const authority = this.#authority.signed.statement;
      const at = { log: this.ledger.origin, atMs: this.now(), seen, authority };
      const signed = await verifyDigest(envelope, at);
      if (signed.hash === seen?.hash) return;
      const previous = this.#digest === null ? {} : { previous: this.#digest.entry };
      const entry = await record(this.ledger, {
        kind: 'digest.changed',
        fields: digestFields({ envelope, signed, method }, authority),
        ref: { authority: this.#authority.entry, ...previous },
      });
      this.#digest = inForce(envelope, signed, entry);
    });
  }

  /** Records an endpoint's enrolment. @throws {WorkError} code `name-taken` */
  async enrol(
    endpoint: Omit<Endpoint, 'index'>,
    facts: Pick<FieldsOf<'endpoint.enrolled'>, 'os' | 'version' | 'token' | 'by'>,
  ): Promise<Recorded> {
    if (this.endpoints.some(({ name }) => name === endpoint.name)) {
      throw new WorkError('name-taken', `Cannot enrol "${endpoint.name}": the name is taken`);
    }
    const placeholder: Endpoint = { ...endpoint, index: -1 };
    this.#endpoints.set(endpoint.id, placeholder); // holds the name while the entry is written
    try {
      const entry = await record(this.ledger, {
        kind: 'endpoint.enrolled',
        endpoint: endpoint.id,
        fields: {
          name: endpoint.name,
          key: endpoint.key,
          labels: [...endpoint.labels],
          ...facts,
        },
      });
      this.#endpoints.set(endpoint.id, { ...endpoint, index: entry.index });
      return entry;
    } catch (cause) {
      this.#endpoints.delete(endpoint.id);
      throw cause;
    }
  }

  /** Records that a person verified an endpoint: only then sessions open there. Answers the entry's tree index. */
  async verify(id: string, { by }: { by: string }): Promise<number> {
    const { name } = this.endpoint(id);
    const known = this.#verified.get(id);
    if (known !== undefined) return known;
    const { index } = await record(this.ledger, {
      kind: 'endpoint.verified',
      endpoint: id,
      fields: { name, by },
    });
    this.#verified.set(id, index);
    return index;
  }

  /** Records an endpoint's removal; its key is a removed one's from then on. */
  async remove(
    id: string,
    { by, reason }: { by: string; reason: string | null },
  ): Promise<Recorded> {
    const endpoint = this.endpoint(id);
    const { name } = endpoint;
    this.#endpoints.delete(id); // no session opens there from here on
    this.#removedKeys.add(endpoint.key);
    try {
      return await record(this.ledger, {
        kind: 'endpoint.removed',
        endpoint: id,
        fields: { name, by, reason },
      });
    } catch (cause) {
      this.#endpoints.set(id, endpoint);
      this.#removedKeys.delete(endpoint.key);
      throw cause;
    }
  }

  /** Changes happen one after another, so that of two versions the older cannot come out last. */
  #change(step: () => Promise<void>): Promise<void> {
    this.#changes += 1;
    const done = this.#changing.then(step).finally(() => {
      this.#changes -= 1;
    });
    this.#changing = done.catch(() => undefined); // its own caller is told
    return done;
  }

  #rootedAt(
    root: string,
    { signed }: { signed: Parameters<typeof versionOf>[0] },
  ): RootedAt & { seen: SeenVersion } {
    return { log: this.ledger.origin, root, atMs: this.now(), seen: versionOf(signed) };
  }
}

/**
 * Reads what is in force out of the log.
 * @throws {WorkError} code `record-incomplete` when the log holds no claimed site, or one claimed out of its place
 */
export async function loadSite(options: SiteOptions): Promise<Site> {
  const { ledger } = options;
  const claimed = await latest(ledger, 'site.claimed');
  if (claimed.index !== CLAIM_INDEX) {
    throw new WorkError(
      'record-incomplete',
      `Cannot load site: entry ${claimed.index} claims it, which only entry ${CLAIM_INDEX} may`,
    );
  }
  const fields = openStored('site.claimed', claimed);
  const facts: SiteFacts = {
    client: fields.client,
    site: fields.site,
    msp: fields.msp,
    mspRoot: fields.msp_root,
    authorityKey: fields.authority_key,
  };
  const at = { log: ledger.origin, seen: null };
  const roster = await latestStatement(ledger, 'roster.changed', {
    verify: (envelope, atMs) => verifyRoster(envelope, { ...at, root: facts.mspRoot, atMs }),
  });
  const authority = await latestStatement(ledger, 'authority.changed', {
    verify: (envelope, atMs) =>
      verifyAuthority(envelope, { ...at, root: facts.authorityKey, atMs }),
  });
  const policy = await latestStatement(ledger, 'policy.changed', {
    verify: (envelope, atMs) => verifyPolicy(envelope, { ...at, root: facts.authorityKey, atMs }),
  });
  const digest = await latestDigest(ledger, facts);
  const known = await loadEndpoints(ledger);
  return new Site(options, { facts, roster, authority, policy, digest, ...known });
}

/** The text of a peer's raw Ed25519 key, as statements and entries write it. */
export function keyText(publicKey: Uint8Array): string {
  return `ed25519:${encodeBase64url(publicKey)}`;
}

/** The raw key of a peer's text. @throws {FormatError} code `key` when it is no Ed25519 key */
export function peerKeyOf(text: string): Uint8Array {
  const key = parsePersonKey(text);
  if (key.kind !== 'ed25519') throw new WorkError('not-allowed', 'Cannot dial key: not Ed25519');
  return key.publicKey;
}

async function loadEndpoints(ledger: Ledger): Promise<{
  endpoints: readonly Endpoint[];
  verified: ReadonlyMap<string, number>;
  removedKeys: ReadonlySet<string>;
}> {
  const verified = new Map<string, number>();
  for await (const { leaf } of ledger.entriesOfKind('endpoint.verified'))
    verified.set(leaf.e ?? '', leaf.i);
  const removed = new Set<string>();
  for await (const { leaf } of ledger.entriesOfKind('endpoint.removed')) removed.add(leaf.e ?? '');
  const endpoints: Endpoint[] = [];
  const removedKeys = new Set<string>();
  for await (const entry of ledger.entriesOfKind('endpoint.enrolled')) {
    const { e: id = '' } = entry.leaf;
    const isRemoved = removed.has(id);
    if (isRemoved && entry.content === null) continue; // erased with the endpoint: a stranger's key
    const { name, key, labels } = openStored('endpoint.enrolled', entry);
    if (isRemoved) removedKeys.add(key);
    else endpoints.push({ id, name, key, labels, index: entry.index });
  }
  return { endpoints, verified, removedKeys };
}
