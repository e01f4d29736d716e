// A session at a live site, for tests: signed by the test's clock, every statement of it replaceable, and what
// came of it read from the log itself and verified as an outsider would.

import { openJudge } from '#agent/policy/decide.ts';
import type { StoredEntry } from '#appliance/ledger/ledger.ts';
import type { Client, Parameters } from '#appliance/protocol/client.ts';
import type { CommandOutcome, SignedCommand } from '#appliance/protocol/client-message.ts';
import {
  type Deciding,
  signApproval,
  signCommand,
  signOpening,
} from '#appliance/protocol/session-key.ts';
import { exportEvidence } from '#appliance/work/records.ts';
import { openStored } from '#appliance/work/record.ts';
import { type EvidenceReport, verifyEvidence } from '#crypto/evidence.ts';
import type { FieldsOf, Kind } from '#crypto/kind.ts';
import type { StatementOf } from '#crypto/statement.ts';
import { parseTrustFile } from '#crypto/trust-file.ts';
import { importSigner, randomBytes, type Signer } from '#crypto/webcrypto.ts';

import { connect, type Keyed, type LiveSite } from './live-site.ts';
import { statementSigner } from '#crypto/statement.ts';

type CommandFields = Pick<
  FieldsOf<'command.started'>,
  'command' | 'shell' | 'cwd' | 'env' | 'timeout_ms' | 'output_limit'
>;

export const DEFAULT_FIELDS: Omit<CommandFields, 'command'> = {
  shell: 'sh',
  cwd: null,
  env: {},
  timeout_ms: 60_000,
  output_limit: 1 << 20,
};

/** Signs the opening of a session, as `session.open` takes it. */
export async function signLiveOpening(
  site: LiveSite,
  { as = site.technician, endpoint, nowMs }: { as?: Keyed; endpoint: string; nowMs: number },
): Promise<{ session: string; key: Signer; parameters: Parameters<'session.open'> }> {
  const key = await importSigner(randomBytes(32));
  const { session, ...parameters } = await signOpening({
    log: site.appliance.desk.site.ledger.origin,
    endpoint,
    technician: statementSigner(as.signer),
    delegate: key.publicKey,
    reason: 'The till prints nothing.',
    ticket: 'T-1',
    nowMs,
    lifeMs: 8 * 3_600_000,
  });
  return { session, key, parameters };
}

export interface SubmitOptions {
  readonly why?: string | null;
  readonly before?: string;
  readonly after?: string;
}

/** An open session, and its key. */
export class LiveSession {
  readonly id: string;
  readonly client: Client;
  readonly key: Signer;
  readonly place: { readonly log: string; readonly endpoint: string; readonly session: string };
  readonly #now: () => number;

  constructor(options: {
    client: Client;
    key: Signer;
    place: LiveSession['place'];
    now: () => number;
  }) {
    this.id = options.place.session;
    this.client = options.client;
    this.key = options.key;
    this.place = options.place;
    this.#now = options.now;
  }

  /** Opens a session as somebody; the client stays the caller's. */
  static async open(
    client: Client,
    {
      site,
      as = site.technician,
      endpoint,
      now = () => Date.now(),
    }: { site: LiveSite; as?: Keyed; endpoint: string; now?: () => number },
  ): Promise<LiveSession> {
    const { session, key, parameters } = await signLiveOpening(site, {
      ...{ as, endpoint },
      nowMs: now(),
    });
    await client.call('session.open', parameters);
    const log = site.appliance.desk.site.ledger.origin;
    return new LiveSession({ client, key, now, place: { log, endpoint, session } });
  }

  /** Signs a command of this session, or of what `over` says. */
  async sign(
    command: string,
    {
      purpose = 'work',
      key = this.key,
      place = {},
      fields = {},
    }: {
      purpose?: StatementOf<'command'>['purpose'];
      key?: Signer;
      place?: Partial<LiveSession['place']>;
      fields?: Partial<CommandFields>;
    } = {},
  ): Promise<SignedCommand & { readonly hash: string }> {
    return signCommand({
      ...{ key: statementSigner(key), purpose },
      place: { ...this.place, ...place },
      fields: { ...DEFAULT_FIELDS, command, ...fields },
      nowMs: this.#now(),
    });
  }

  /** Signs and submits a command. */
  run(command: string, options: SubmitOptions = {}): Promise<CommandOutcome> {
    const outcome = this.#run(command, options);
    outcome.catch(() => undefined); // told to whoever awaits it, which a failed test no longer does
    return outcome;
  }

  async #run(
    command: string,
    { before, after, ...options }: SubmitOptions,
  ): Promise<CommandOutcome> {
    return this.submit(await this.sign(command), {
      ...options,
      before: before === undefined ? null : await this.sign(before, { purpose: 'state-before' }),
      after: after === undefined ? null : await this.sign(after, { purpose: 'state-after' }),
    });
  }

  /** Submits a signed command. */
  submit(
    command: SignedCommand,
    {
      why = null,
      before = null,
      after = null,
    }: {
      why?: string | null;
      before?: SignedCommand | null;
      after?: SignedCommand | null;
    } = {},
  ): Promise<CommandOutcome> {
    const outcome = this.client.call('command.submit', {
      ...{ session: this.id, why },
      command: wire(command),
      before: before === null ? null : wire(before),
      after: after === null ? null : wire(after),
    });
    outcome.catch(() => undefined); // told to whoever awaits it, which a failed test no longer does
    return outcome;
  }

  close(note: string | null = null): Promise<{ index: number }> {
    return this.client.call('session.close', { session: this.id, note, ticket: null });
  }
}

/** A signed command as it is sent: what its signer knows besides is his. */
function wire({ envelope, disclosures }: SignedCommand): SignedCommand {
  return { envelope, disclosures };
}

/** The newest request that waits, once there are so many. */
export async function waitingRequest(site: LiveSite, count = 1): Promise<string> {
  const { requests } = site.appliance.desk;
  const { promise, resolve } = Promise.withResolvers<string>();
  const look = (): void => {
    const waiting = requests.list().filter(({ state }) => state === 'waiting');
    const [newest] = waiting;
    if (newest !== undefined && waiting.length >= count) resolve(newest.request);
  };
  const stop = requests.onChange(look);
  look();
  try {
    return await promise;
  } finally {
    stop();
  }
}

/** Decides a request as an approver. `over` replaces what is signed, for attacks. */
export async function decide(
  site: LiveSite,
  request: string,
  {
    as = site.approver,
    signer = as.signer,
    decision = 'approve',
    comment = null,
    nowMs = Date.now(),
    over = {},
  }: {
    as?: Keyed;
    signer?: Signer;
    decision?: 'approve' | 'deny';
    comment?: string | null;
    nowMs?: number;
    over?: Partial<Deciding>;
  } = {},
): Promise<{ state: string; index: number }> {
  await using client = await connect(site.appliance.desk.pins(), as);
  const shown = await client.call('request.show', { request });
  const { order, endpoint, session, commandDigest, stateHash } = shown;
  const envelope = await signApproval(
    {
      log: site.appliance.desk.site.ledger.origin,
      ...{ request, order, endpoint, session },
      command: commandDigest,
      state: stateHash,
      ...over,
    },
    { decision, approver: statementSigner(signer), nowMs },
  );
  return await client.call('request.decide', { request, envelope, comment });
}

/** The first entry from `from` on that fits, one that is there already or one to come. */
export async function entryThat(
  site: LiveSite,
  fits: (entry: StoredEntry) => boolean,
  from = 0,
): Promise<StoredEntry> {
  for await (const entry of site.appliance.desk.site.ledger.follow(from)) {
    if (fits(entry)) return entry;
  }
  throw new Error('Cannot wait for entry: the log was closed');
}

/** A session's entries as the log holds them. */
export async function recordOf(site: LiveSite, session: string): Promise<readonly StoredEntry[]> {
  const entries: StoredEntry[] = [];
  for await (const entry of site.appliance.desk.site.ledger.sessionEntries(session)) {
    entries.push(entry);
  }
  return entries;
}

/** The kinds of a session's entries in order. */
export async function kindsOf(site: LiveSite, session: string): Promise<readonly Kind[]> {
  return (await recordOf(site, session)).map(({ leaf }) => leaf.k);
}

/** The fields of a session's entries of one kind, in order. */
export async function fieldsOf<K extends Kind>(
  site: LiveSite,
  session: string,
  kind: K,
): Promise<readonly FieldsOf<K>[]> {
  const entries = await recordOf(site, session);
  return entries.filter(({ leaf }) => leaf.k === kind).map((entry) => openStored(kind, entry));
}

/** The output of a session on record, joined. */
export async function outputOf(site: LiveSite, session: string): Promise<string> {
  const entries = await recordOf(site, session);
  const outputs = entries.filter(({ leaf }) => leaf.k === 'command.output');
  const segments = outputs.flatMap(({ content }) => content?.texts[0]?.segments ?? []);
  return Buffer.concat(segments).toString('utf8');
}

/** Verifies a session that has ended as an outsider would, policy judged again. */
export async function verifySession(site: LiveSite, session: string): Promise<EvidenceReport> {
  const { ledger } = site.appliance.desk.site;
  const { bytes } = await exportEvidence(ledger, session);
  const pins = site.appliance.desk.pins();
  const trust = parseTrustFile(
    JSON.stringify({
      format: 'caisey/trust/v1',
      policy: `log ${pins.log}\nquorum none\n`,
      sites: [{ log: ledger.origin, msp_root: pins.msp_root, authority: pins.authority }],
    }),
  );
  return verifyEvidence(bytes, { trust, judge: await openJudge() });
}

/** What of a session's evidence does not verify, in words; empty when all of it does. */
export async function faultsOf(site: LiveSite, session: string): Promise<readonly string[]> {
  const { checks } = await verifySession(site, session);
  return checks
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ name, index, detail }) => `${name} at ${String(index)}: ${detail}`);
}

/** The code with which something is refused; `accepted` when it is not. An error without a code is thrown on. */
export async function refusalOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return 'accepted';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (typeof code !== 'string') throw error;
    return code;
  }
}
