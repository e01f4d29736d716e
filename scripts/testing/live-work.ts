// A live site at work, for tests: one endpoint, its small agent, a technician with an open session, and a clock
// that only the test moves.

import type { Ledger } from '#appliance/ledger/ledger.ts';
import type { Client } from '#appliance/protocol/client.ts';
import type { CommandOutcome } from '#appliance/protocol/client-message.ts';
import { signDigest } from '#appliance/protocol/digest-choice.ts';
import { commonOf } from '#appliance/protocol/session-key.ts';
import { type Entry, record } from '#appliance/work/record.ts';
import type { DigestLevel } from '#crypto/digest-level.ts';
import type { Kind } from '#crypto/kind.ts';
import type { PolicyRules } from '#crypto/policy.ts';
import {
  type Envelope,
  signStatement,
  type StatementOf,
  statementSigner,
} from '#crypto/statement.ts';

import { enrolEndpoint, FakeAgent, type FakeIdentity, type Script } from './fake-agent.ts';
import { type Keyed, type LiveSite, openLiveSite } from './live-site.ts';
import { LiveSession } from './live-session.ts';
import { ManualClock } from './manual-clock.ts';

export interface LiveWork extends AsyncDisposable {
  readonly site: LiveSite;
  readonly clock: ManualClock;
  readonly identity: FakeIdentity;
  readonly agent: FakeAgent;
  /** The technician's. */
  readonly client: Client;
  readonly session: LiveSession;
  /** Opens one more session of the technician's. */
  openSession(client?: Client): Promise<LiveSession>;
}

/** By default reading is allowed, `forbidden` is refused, and all else is asked, for 30 seconds. */
export const WORK_RULES: PolicyRules = {
  time_zone: 'UTC',
  rules: [
    { id: 'reading', effect: 'allow', access: 'read-only' },
    { id: 'never', effect: 'deny', programs: ['forbidden'] },
  ],
  ask: { approvals: 1, expires_s: 30 },
};

/** By default every command prints its own text and exits with 0. */
export async function openLiveWork({
  rules = WORK_RULES,
  script,
  listen,
}: {
  rules?: PolicyRules;
  script?: Script;
  listen?: readonly string[];
} = {}): Promise<LiveWork> {
  await using stack = new AsyncDisposableStack();
  const clock = new ManualClock();
  const now = (): number => clock.now();
  const site = stack.use(
    await openLiveSite({ rules, clock, ...(listen === undefined ? {} : { listen }) }),
  );
  const identity = await enrolEndpoint(site);
  const agent = stack.use(
    await FakeAgent.open(identity, { now, ...(script === undefined ? {} : { script }) }),
  );
  const client = stack.use(await site.connect(site.technician));
  const openSession = (by = client): Promise<LiveSession> =>
    LiveSession.open(by, { site, endpoint: identity.endpoint, now });
  const session = await openSession();
  const opened = stack.move();
  return {
    ...{ site, clock, identity, agent, client, session, openSession },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** A site at work of which one run is under way: the test plays `uptime`, all else prints that it is fine. */
export async function openRun(): Promise<{
  work: LiveWork;
  /** Leaf hash of its `command.started`. */
  run: string;
  running: Promise<CommandOutcome>;
}> {
  const work = await openLiveWork({
    script: ({ fields }) => (fields.command === 'uptime' ? null : { stdout: 'fine\n' }),
  });
  const running = work.session.run('uptime');
  const { run } = await work.agent.orders.take();
  return { work, run, running };
}

const LIFE_MS = 30 * 86_400_000;

/** Signs a later list of approvers; the site's own approver stands in it unless `over` says otherwise. */
export function signAuthority(
  site: LiveSite,
  {
    version = 2,
    nowMs = Date.now(),
    lifeMs = LIFE_MS,
    ...over
  }: Partial<StatementOf<'authority'>> & { nowMs?: number; lifeMs?: number },
): Promise<Envelope> {
  const signer = statementSigner(site.authority.signer);
  return signStatement(
    {
      ...commonOf(signer, { nowMs, lifeMs }),
      type: 'authority',
      log: site.appliance.desk.site.ledger.origin,
      version,
      approvers: [approverOf('carla', site.approver)],
      contacts: [],
      ...over,
    },
    signer,
  );
}

/** An approver as the list holds them. */
export function approverOf(
  id: string,
  { key }: Keyed,
): StatementOf<'authority'>['approvers'][number] {
  const name = id === 'carla' ? 'Carla Client' : `${id} Client`;
  return { id, name, key };
}

/** Signs a later policy. */
export function signPolicy(
  site: LiveSite,
  {
    rules,
    version = 2,
    nowMs = Date.now(),
    lifeMs = LIFE_MS,
  }: { rules: PolicyRules; version?: number; nowMs?: number; lifeMs?: number },
): Promise<Envelope> {
  const signer = statementSigner(site.authority.signer);
  const log = site.appliance.desk.site.ledger.origin;
  return signStatement(
    { ...commonOf(signer, { nowMs, lifeMs }), type: 'policy', log, version, rules },
    signer,
  );
}

/** Signs, as Carla, what the console may know. */
export function signLevel(
  site: LiveSite,
  {
    level,
    version = 1,
    as = site.approver,
    nowMs = Date.now(),
  }: { level: DigestLevel; version?: number; as?: Keyed; nowMs?: number },
): Promise<Envelope> {
  const { origin: log } = site.appliance.desk.site.ledger;
  return signDigest({ log, version, level }, { approver: statementSigner(as.signer), nowMs });
}

/** Writes an entry into a site's log as it is, as an appliance does that is taken. */
export async function writeEntry<K extends Kind>(
  site: LiveSite,
  entry: Entry<K, never>,
): Promise<void> {
  await record(site.appliance.desk.site.ledger, entry);
}

type Who = 'owner' | 'technician' | 'reviewer';

/** Signs a later roster with only these people of the site. */
export function signRoster(
  site: Pick<LiveSite, 'root' | 'owner' | 'technician' | 'reviewer'>,
  {
    who = ['owner', 'technician', 'reviewer'],
    version = 2,
    nowMs = Date.now(),
    lifeMs = LIFE_MS,
    more = [],
  }: {
    who?: readonly Who[];
    version?: number;
    nowMs?: number;
    lifeMs?: number;
    more?: StatementOf<'roster'>['members'];
  } = {},
): Promise<Envelope> {
  const signer = statementSigner(site.root.signer);
  const members = [
    { id: 'olga', name: 'Olga Owner', role: 'owner' as const, key: site.owner.key },
    {
      id: 'terry',
      name: 'Terry Technician',
      role: 'technician' as const,
      key: site.technician.key,
    },
    { id: 'rita', name: 'Rita Reviewer', role: 'reviewer' as const, key: site.reviewer.key },
  ].filter(({ role }) => who.includes(role));
  return signStatement(
    {
      ...commonOf(signer, { nowMs, lifeMs }),
      type: 'roster',
      msp: 'Acme IT',
      version,
      members: [...members, ...more],
    },
    signer,
  );
}

/** Has the owner put a statement in force. */
export async function change(
  site: Pick<LiveSite, 'owner' | 'connect'>,
  envelope: Envelope,
): Promise<void> {
  await using owner = await site.connect(site.owner);
  await owner.call('site.change', { envelope });
}

/** Resolves when no link of the endpoint serves any more. */
export function untilAway(site: LiveSite, endpoint: string): Promise<void> {
  const { links } = site.appliance.desk;
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (!links.isOnline(endpoint)) resolve();
  };
  const stop = links.onChange(look);
  look();
  return promise.finally(stop);
}

/** What a test does to the next entries of a kind, before the log gets them. */
export interface HeldRecord {
  /** Resolves when the first one is held. */
  readonly reached: Promise<void>;
  /** Lets them go, and all that come after. */
  release(): void;
  /** Has the log refuse them, and all that come after, until released. */
  refuse(error: Error): void;
}

/** Holds every entry of a kind: on its way to the log, or when it is there and nobody was told yet. */
export function holdRecord(
  site: LiveSite,
  kind: Kind,
  { when = 'before' }: { when?: 'before' | 'after' } = {},
): HeldRecord {
  const { ledger } = site.appliance.desk.site;
  const append = ledger.append.bind(ledger);
  const reached = Promise.withResolvers<undefined>();
  let gate = Promise.withResolvers<Error | null>();
  Object.assign(ledger, {
    append: async (...[draft, options]: Parameters<Ledger['append']>) => {
      if (draft.sealed.kind !== kind) return append(draft, options);
      const appended = when === 'after' ? await append(draft, options) : null;
      reached.resolve(undefined);
      const error = await gate.promise;
      if (error !== null) throw error;
      return appended ?? append(draft, options);
    },
  });
  return {
    reached: reached.promise,
    release() {
      gate.resolve(null);
      gate = Promise.withResolvers();
      gate.resolve(null);
    },
    refuse(error) {
      gate.resolve(error);
    },
  };
}
