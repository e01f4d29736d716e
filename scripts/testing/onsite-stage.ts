// An on-site page with everything behind it but the machines: a real log in a temporary folder, the story's
// people, real sessions and requests, a clock that stands still until it is moved, endpoints that do as told.

import { join } from 'node:path';

import type { Hono } from 'hono';

import type { Host } from '#agent/protocol/link-message.ts';
import { createApp } from '#appliance/http/app.ts';
import { type SealedApprover } from '#appliance/gate/approver-file.ts';
import { sealKey } from '#appliance/gate/pin.ts';
import { openPinDesk, type PinDesk } from '#appliance/gate/pin-desk.ts';
import { Requests } from '#appliance/gate/requests.ts';
import type { Ledger, StoredEntry } from '#appliance/ledger/ledger.ts';
import type { CommandOutcome } from '#appliance/protocol/client-message.ts';
import { signCommand, signOpening } from '#appliance/protocol/session-key.ts';
import type { Clock } from '#appliance/work/clock.ts';
import { Commands } from '#appliance/work/commands.ts';
import { record } from '#appliance/work/record.ts';
import type { Session } from '#appliance/work/session.ts';
import { Sessions } from '#appliance/work/sessions.ts';
import { loadSite, type Site } from '#appliance/work/site.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import type { DigestLevel } from '#crypto/digest-level.ts';
import { sha256 } from '#crypto/hash.ts';
import type { FieldsOf, Kind } from '#crypto/kind.ts';
import type { PolicyRules } from '#crypto/policy.ts';

import { breakable, fakeLinks, type Hold, type Told } from './onsite-faults.ts';
import { createLedgerPlace, ENDPOINT, ORIGIN, STARTED_MS } from './ledger-place.ts';
import { createPeople, type People, type Person } from './story-people.ts';
import { STORY_RULES, storyJudge } from './story-policy.ts';
import { authorityOf, policyOf, rosterOf } from './story-statements.ts';
import { statementSigner } from '#crypto/statement.ts';

/** Carol's and Dave's PINs. */
export const PINS = { carol: '739150', dave: 'blue kettle 4' } as const;
/** scrypt as cheap as it is allowed to be. */
export const CHEAP = { costLog2: 10 };

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves time on and calls back what is due, in order. */
  advance(byMs: number): void;
}

type CommandFields = Pick<
  FieldsOf<'command.started'>,
  'command' | 'shell' | 'cwd' | 'env' | 'timeout_ms' | 'output_limit'
>;

export interface Asking extends Partial<CommandFields> {
  readonly why?: string | null;
  /** What the machine answers when it is looked at before; absent: it is not looked at. */
  readonly state?: string;
}

export interface OnsiteStage extends AsyncDisposable {
  readonly people: People;
  readonly clock: ManualClock;
  readonly ledger: Ledger;
  readonly site: Site;
  readonly requests: Requests;
  readonly sessions: Sessions;
  readonly pinDesk: PinDesk;
  readonly app: Hono;
  /** As the page shows it. */
  readonly applianceKey: string;
  readonly attemptsPath: string;
  /** What the app had to report. */
  readonly failures: readonly unknown[];
  /** How long commands run: not at all, until they are told to end, or until this is set to `no`. */
  hold: Hold;
  /** Has the log refuse every entry, as after an I/O error. */
  isLogBroken: boolean;
  /** Whether the machine can be reached. */
  isOnline: boolean;
  /** Has the log refuse the next entry of a kind. */
  crash(kind: Kind): void;
  /** What the machine last said of itself; null: nothing. */
  host: Host | null;
  /** The session in which Alice works. */
  session(): Promise<Session>;
  /** Asks for approval of a command; answers the request's hash, and how it will have ended. */
  ask(asking?: Asking): Promise<{ hash: string; outcome: Promise<CommandOutcome> }>;
  /** Entries of a kind that are in the log. */
  entries(kind: Kind): Promise<StoredEntry[]>;
  /** A new desk over the same file, as after a restart. */
  reopenDesk(): Promise<PinDesk>;
}

/** Opens a stage. `holders` are those whose keys are kept on site. */
export async function openOnsiteStage({
  rules = STORY_RULES,
  holders = ['carol', 'dave'],
  joinedLevel = 'standard',
}: {
  rules?: PolicyRules;
  holders?: readonly (keyof typeof PINS)[];
  /** What the console may know as long as nobody has said; null: there is no console. */
  joinedLevel?: DigestLevel | null;
} = {}): Promise<OnsiteStage> {
  await using stack = new AsyncDisposableStack();
  const place = stack.use(await createLedgerPlace());
  const clock = createClock(STARTED_MS);
  const told: Told = { hold: 'no', state: '', isLogBroken: false, isOnline: true, crash: null };
  const ledger = breakable(stack.use(await place.open({ now: () => clock.now() })), told);
  const people = await createPeople();
  await found(ledger, { people, rules });
  const now = (): number => clock.now();
  const site = await loadSite({ ledger, logKey: place.logKey, judge: storyJudge, now });
  await site.enrol(
    { id: ENDPOINT, name: 'frontdesk-1', key: people.mallory.key, labels: ['frontdesk'] },
    { os: 'linux', version: '6.8', token: 'token-1', by: 'Bob Birch' },
  );
  await site.verify(ENDPOINT, { by: 'Bob Birch' });
  const failures: unknown[] = [];
  const onFailure = (cause: unknown): void => {
    failures.push(cause);
  };
  const links = fakeLinks(told);
  const requests = new Requests(site, clock);
  const sessions = new Sessions(site, { links, requests, clock, onFailure });
  const commands = new Commands(site, { links, requests, sessions });
  const sealed = await sealAll(holders.map((id) => people[id]));
  const attemptsPath = join(place.base, 'pin-attempts.json');
  const desk = { site, requests, clock, approvers: () => sealed, attemptsPath };
  const pinDesk = await openPinDesk(desk);
  let host: Host | null = null;
  const hostOf = (): Host | null => host;
  const unsaidLevel = (): DigestLevel | null => joinedLevel;
  const applianceKey = people.mallory.key;
  const ports = { site, requests, sessions, pinDesk, clock, unsaidLevel, applianceKey };
  const app = createApp({ ...ports, hostOf, onFailure });
  const work = createWork({ people, clock, sessions });
  const outcomes: Promise<unknown>[] = [];
  const opened = stack.move();
  return {
    ...{ people, clock, ledger, site, requests, sessions, pinDesk, app, attemptsPath, failures },
    applianceKey,
    get hold() {
      return told.hold;
    },
    set hold(hold) {
      told.hold = hold;
      if (hold === 'no') links.release();
    },
    get isLogBroken() {
      return told.isLogBroken;
    },
    set isLogBroken(isLogBroken) {
      told.isLogBroken = isLogBroken;
    },
    get isOnline() {
      return told.isOnline;
    },
    set isOnline(isOnline) {
      told.isOnline = isOnline;
    },
    crash(kind) {
      told.crash = kind;
    },
    get host() {
      return host;
    },
    set host(told) {
      host = told;
    },
    session: work.session,
    async ask({ why = 'The card terminal is offline.', state, ...fields } = {}) {
      told.state = state ?? '';
      const session = await work.session();
      const before = state === undefined ? null : await work.sign('state-before', LOOKING);
      const command = await work.sign('work', fields);
      const known = new Set(requests.list().map(({ request }) => request));
      const appeared = Promise.withResolvers<string>();
      const stop = requests.onChange(() => {
        const added = requests.list().find(({ request }) => !known.has(request));
        if (added !== undefined) appeared.resolve(added.request);
      });
      const outcome = commands.submit(session, { command, why, before, after: null });
      outcome.catch(appeared.reject);
      outcomes.push(outcome);
      const hash = await appeared.promise;
      stop();
      return { hash, outcome };
    },
    async entries(kind) {
      const found: StoredEntry[] = [];
      for await (const entry of ledger.entriesOfKind(kind)) found.push(entry);
      return found;
    },
    reopenDesk: () => openPinDesk(desk),
    async [Symbol.asyncDispose]() {
      Object.assign(told, { hold: 'no', isLogBroken: false });
      links.release();
      for (const session of sessions.open) {
        const closing = { by: 'test', reason: 'technician', note: null, ticket: null } as const;
        if (!session.isClosing) await sessions.closeSession(session, closing);
      }
      await Promise.allSettled(outcomes);
      await opened.disposeAsync();
    },
  };
}

/** The seed of a person of the story. */
export function seedOf(id: string): ReturnType<typeof sha256> {
  return sha256(encodeUtf8(`caisey test key of ${id}`));
}

/** Opens an entry's fields as whoever holds the content sees them. */
export function fieldsOf(entry: StoredEntry | undefined): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const text of entry?.content?.disclosures ?? []) {
    const [, name, value] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    fields[String(name)] = value;
  }
  return fields;
}

const LOOKING: Partial<CommandFields> = { command: 'cat /etc/terminal.conf' };
const COMMAND: CommandFields = {
  command: 'systemctl restart card-terminal',
  shell: 'bash',
  cwd: null,
  env: {},
  timeout_ms: 60_000,
  output_limit: 1_048_576,
};

function createClock(startMs: number): ManualClock {
  let nowMs = startMs;
  const timers = new Set<{ atMs: number; callback: () => void }>();
  return {
    now: () => nowMs,
    after(delayMs, callback) {
      const timer = { atMs: nowMs + Math.max(delayMs, 0), callback };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    advance(byMs) {
      const untilMs = nowMs + byMs;
      for (;;) {
        const due = [...timers].filter(({ atMs }) => atMs <= untilMs);
        const next = due.sort((a, b) => a.atMs - b.atMs)[0];
        if (next === undefined) break;
        timers.delete(next);
        nowMs = next.atMs;
        next.callback();
      }
      nowMs = untilMs;
    },
  };
}

async function found(
  ledger: Ledger,
  { people, rules }: { people: People; rules: PolicyRules },
): Promise<void> {
  await record(ledger, {
    kind: 'log.opened',
    fields: {
      log_key: people.appliance.key,
      appliance_key: people.appliance.key,
      software: 'caisey/test',
    },
  });
  await record(ledger, {
    kind: 'site.claimed',
    fields: {
      client: people.authority.name,
      site: 'Main Street',
      msp: people.root.name,
      msp_root: people.root.key,
      authority_key: people.authority.key,
    },
  });
  const roster = await rosterOf(people);
  await record(ledger, { kind: 'roster.changed', fields: { statement: roster } });
  const authority = await record(ledger, {
    kind: 'authority.changed',
    fields: { statement: await authorityOf(people, ORIGIN) },
  });
  await record(ledger, {
    kind: 'policy.changed',
    ref: { authority: authority.name },
    fields: { statement: await policyOf(people, { origin: ORIGIN, rules }) },
  });
}

async function sealAll(holders: readonly Person[]): Promise<readonly SealedApprover[]> {
  const sealed: SealedApprover[] = [];
  for (const { id, name, key } of holders) {
    const pin = id === 'carol' ? PINS.carol : PINS.dave;
    sealed.push({ id, name, key, sealed: await sealKey(seedOf(id), pin, CHEAP) });
  }
  return sealed;
}

function createWork({
  people,
  clock,
  sessions,
}: {
  people: People;
  clock: Clock;
  sessions: Sessions;
}): {
  session: () => Promise<Session>;
  sign: (
    purpose: 'work' | 'state-before',
    fields: Partial<CommandFields>,
  ) => ReturnType<typeof signCommand>;
} {
  const { alice, laptop } = people;
  const session = async (): Promise<Session> => {
    const open = sessions.open.find(({ isClosing }) => !isClosing);
    if (open !== undefined) return open;
    const { envelope, reason, ticket } = await signOpening({
      log: ORIGIN,
      endpoint: ENDPOINT,
      technician: statementSigner(alice.signer),
      delegate: laptop.signer.publicKey,
      reason: 'Carol called: no card payments since this morning.',
      ticket: 'T-1042',
      nowMs: clock.now(),
      lifeMs: 8 * 3_600_000,
    });
    const caller = alice.key;
    return sessions.openSession({ envelope, caller, reason, ticket });
  };
  return {
    session,
    async sign(purpose, fields) {
      const place = { log: ORIGIN, endpoint: ENDPOINT, session: (await session()).id };
      const whole = { ...COMMAND, ...fields };
      return signCommand({
        ...{ place, purpose, key: statementSigner(laptop.signer) },
        fields: whole,
        nowMs: clock.now(),
      });
    },
  };
}
