// A site, told as a story for tests: its people and their keys, the log from its founding on, sessions, commands
// by policy and by consent. Keys and times are fixed, salts are not. Every step takes what an attack may want to
// change: another signer, other members of the statement, other references.

import { encodeBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { cosignCheckpoint } from '#crypto/cosignature.ts';
import { createDisclosure, type Disclosure, parseDisclosure } from '#crypto/disclosure.ts';
import { type EntryFields, sealEntry } from '#crypto/entry.ts';
import { sha256 } from '#crypto/hash.ts';
import { type VerifierKey, verifierKey } from '#crypto/key.ts';
import { COMMAND_FIELDS, type FieldsOf, type Kind } from '#crypto/kind.ts';
import { formatTime, parseTime, type Refs } from '#crypto/leaf.ts';
import { formatPersonKey } from '#crypto/person-key.ts';
import type { Judge, PolicyRule, PolicyRules, Role } from '#crypto/policy.ts';
import {
  type Envelope,
  parseStatement,
  signStatement,
  type StatementOf,
  statementSigner,
} from '#crypto/statement.ts';
import { importSigner, type Signer } from '#crypto/webcrypto.ts';
import type { WorkOrder } from '#crypto/work-order.ts';

import { createMemoryLog, type MemoryEntry, type MemoryLog } from './memory-log.ts';

export const STORY_ORIGIN = 'console.example/site/4f1c/1';
export const STORY_START_MS = Date.parse('2026-11-21T02:00:00.000Z');
export const STORY_ENDPOINT = 'ZW5kcG9pbnQtMDAwMDAwMQ';
export const STORY_SESSION = 'c2Vzc2lvbi0wMDAwMDAwMQ';

const DAY_MS = 86_400_000;

/** Somebody with an Ed25519 key; `key` is its line of text. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly signer: Signer;
}

/** A person whose key is made from the id alone, so it is the same in every test. */
export async function createPerson(id: string, name = id): Promise<Person> {
  const signer = await importSigner(sha256(encodeUtf8(`caisey test key of ${id}`)));
  const key = formatPersonKey({ kind: 'ed25519', publicKey: signer.publicKey });
  return { id, name, key, signer };
}

export interface People {
  /** The MSP's root and the client's authority: keys, not persons. */
  readonly root: Person;
  readonly authority: Person;
  readonly alice: Person;
  readonly bob: Person;
  readonly rita: Person;
  readonly carol: Person;
  readonly dave: Person;
  /** The key that a technician's laptop makes for one session. */
  readonly laptop: Person;
  /** Somebody whom nobody appointed. */
  readonly mallory: Person;
  readonly appliance: Person;
  readonly witness: Person;
}

export async function createPeople(): Promise<People> {
  return {
    root: await createPerson('root', 'Brightwater IT'),
    authority: await createPerson('authority', 'Miller Dental'),
    alice: await createPerson('alice', 'Alice Ash'),
    bob: await createPerson('bob', 'Bob Birch'),
    rita: await createPerson('rita', 'Rita Rowan'),
    carol: await createPerson('carol', 'Carol Miller'),
    dave: await createPerson('dave', 'Dave Miller'),
    laptop: await createPerson('laptop'),
    mallory: await createPerson('mallory'),
    appliance: await createPerson('appliance'),
    witness: await createPerson('witness'),
  };
}

/** The policy of the story: reading is allowed, wiping refused, everything else asked. */
export const STORY_RULES: PolicyRules = {
  time_zone: 'Europe/Berlin',
  rules: [
    { id: 'no-wiping', effect: 'deny', programs: ['mkfs'] },
    { id: 'reading', effect: 'allow', access: 'read-only' },
  ],
  ask: { approvals: 1, expires_s: 1800 },
};

const READERS = new Set(['cat', 'ls', 'df', 'nft-list', 'systemctl-status']);

/** A judge as small as its rules: the first word is the program, whatever else the line says. */
export const storyJudge: Judge = (policy, judged) => {
  const program = judged.command.split(' ')[0] ?? '';
  const access = READERS.has(program) ? 'read-only' : 'changing';
  const matches = (rule: PolicyRule): boolean =>
    (rule.programs?.includes(program) ?? true) &&
    (rule.access ?? access) === access &&
    (rule.labels?.every((label) => judged.labels.includes(label)) ?? true) &&
    (rule.roles?.includes(judged.role) ?? true);
  const find = (effect: PolicyRule['effect']): PolicyRule | undefined =>
    policy.rules.find((rule) => rule.effect === effect && matches(rule));
  const rule = find('deny') ?? find('ask') ?? find('allow');
  const effect = rule?.effect ?? 'ask';
  return {
    effect,
    rule: rule?.id ?? null,
    access,
    programs: [program],
    why: `It runs ${program}.`,
    ask: effect === 'ask' ? (rule?.ask ?? policy.ask) : null,
  };
};

/** A site with its log; what is in force is the last that was put on record. */
export interface Site {
  readonly people: People;
  readonly log: MemoryLog;
  readonly endpoint: string;
  readonly witnessKey: VerifierKey;
  /** The time of the next entry in milliseconds; each entry moves it by a second. */
  nowMs: number;
  roster: MemoryEntry;
  authority: MemoryEntry;
  policy: MemoryEntry;
  readonly enrolled: MemoryEntry;
  readonly claimed: MemoryEntry;
}

/** From the day before, for a year. */
export function inForceFrom(fromMs: number): { not_before: string; expires: string } {
  return { not_before: formatTime(fromMs - DAY_MS), expires: formatTime(fromMs + 365 * DAY_MS) };
}

/** What most statements say: who, and for how long. */
export function basics(by: Person, { fromMs = STORY_START_MS }: { fromMs?: number } = {}) {
  return {
    v: 1 as const,
    by: by.key,
    ...inForceFrom(fromMs),
    nonce: 'bm9uY2UtMDAwMDAwMDAwMA',
  };
}

export async function foundSite({
  origin = STORY_ORIGIN,
  endpoint = STORY_ENDPOINT,
  rules = STORY_RULES,
  people,
  startMs = STORY_START_MS,
}: {
  origin?: string;
  endpoint?: string;
  rules?: PolicyRules;
  people?: People;
  /** Other than the story's when a program with a clock of its own takes part. */
  startMs?: number;
} = {}): Promise<Site> {
  const them = people ?? (await createPeople());
  const clock = { nowMs: startMs };
  const over = inForceFrom(startMs);
  const log = createMemoryLog({
    origin,
    signer: them.appliance.signer,
    now: () => (clock.nowMs += 1000),
  });
  log.append({
    sealed: sealEntry('log.opened', {
      log_key: them.appliance.key,
      appliance_key: them.appliance.key,
      software: 'caisey 0.1.0',
    }),
  });
  const claimed = log.append({
    sealed: sealEntry('site.claimed', {
      client: 'Miller Dental',
      site: 'Main Street',
      msp: 'Brightwater IT',
      msp_root: them.root.key,
      authority_key: them.authority.key,
    }),
  });
  const roster = appendStatement(log, 'roster.changed', await rosterOf(them, { over }));
  const authority = appendStatement(
    log,
    'authority.changed',
    await authorityOf(them, origin, { over }),
  );
  const policy = appendStatement(
    log,
    'policy.changed',
    await policyOf(them, { origin, rules, over }),
    {
      authority: authority.name,
    },
  );
  const enrolled = log.append({
    sealed: sealEntry('endpoint.enrolled', {
      name: 'frontdesk-1',
      key: them.laptop.key,
      labels: ['frontdesk'],
      os: 'linux',
      version: '6.8',
      token: 'token-1',
      by: 'Bob Birch',
    }),
    endpoint,
  });
  const witnessKey = verifierKey('witness.example', 0x04, them.witness.signer.publicKey);
  const inForce = { roster, authority, policy, enrolled, claimed };
  return Object.assign(clock, { people: them, log, endpoint, witnessKey, ...inForce });
}

/** Signs a roster of Alice (technician), Bob (owner) and Rita (reviewer), version 1, by the MSP's root. */
export function rosterOf(
  people: People,
  {
    over = {},
    signer = people.root.signer,
  }: { over?: Partial<StatementOf<'roster'>>; signer?: Signer } = {},
): Promise<Envelope> {
  const member = ({ id, name, key }: Person, role: Role) => ({ id, name, key, role });
  return signStatement(
    {
      ...basics(people.root),
      type: 'roster',
      msp: people.root.name,
      version: 1,
      members: [
        member(people.alice, 'technician'),
        member(people.bob, 'owner'),
        member(people.rita, 'reviewer'),
      ],
      ...over,
    },
    statementSigner(signer),
  );
}

/** Signs that Carol and Dave may approve, version 1, by the client's authority key. */
export function authorityOf(
  people: People,
  origin: string,
  {
    over = {},
    signer = people.authority.signer,
  }: { over?: Partial<StatementOf<'authority'>>; signer?: Signer } = {},
): Promise<Envelope> {
  const approver = ({ id, name, key }: Person) => ({ id, name, key });
  return signStatement(
    {
      ...basics(people.authority),
      type: 'authority',
      log: origin,
      version: 1,
      approvers: [approver(people.carol), approver(people.dave)],
      contacts: [{ name: people.carol.name, reach: '+1 555 0100' }],
      ...over,
    },
    statementSigner(signer),
  );
}

/** Signs a policy, version 1, by the client's authority key. */
export function policyOf(
  people: People,
  {
    origin,
    rules = STORY_RULES,
    over = {},
    signer = people.authority.signer,
  }: {
    origin: string;
    rules?: PolicyRules;
    over?: Partial<StatementOf<'policy'>>;
    signer?: Signer;
  },
): Promise<Envelope> {
  return signStatement(
    { ...basics(people.authority), type: 'policy', log: origin, version: 1, rules, ...over },
    statementSigner(signer),
  );
}

export function appendStatement(
  log: MemoryLog,
  kind: 'roster.changed' | 'authority.changed' | 'policy.changed',
  statement: Envelope,
  ref?: Refs,
): MemoryEntry {
  return log.append({ sealed: sealEntry(kind, { statement }), ...(ref !== undefined && { ref }) });
}

/** A session of a site: where its entries go, and the key that signs its commands. */
export interface Session {
  readonly site: Site;
  readonly id: string;
  readonly technician: Person;
  readonly delegate: Person;
  readonly opened: MemoryEntry;
  readonly statement: Envelope;
}

export async function openSession(
  site: Site,
  {
    id = STORY_SESSION,
    technician = site.people.alice,
    delegate = site.people.laptop,
    signer = technician.signer,
    over = {},
    ref = {},
  }: {
    id?: string;
    technician?: Person;
    delegate?: Person;
    signer?: Signer;
    over?: Partial<StatementOf<'session'>>;
    ref?: Refs;
  } = {},
): Promise<Session> {
  const reason = createDisclosure('reason', 'The card terminal is offline.');
  const ticket = createDisclosure('ticket', 'T-1042');
  const statement = await signStatement(
    {
      ...basics(technician),
      type: 'session',
      log: site.log.origin,
      endpoint: site.endpoint,
      session: id,
      delegate: delegate.key,
      digests: { reason: reason.digest, ticket: ticket.digest },
      ...over,
    },
    statementSigner(signer),
  );
  const opened = site.log.append({
    sealed: sealEntry(
      'session.opened',
      {
        technician: technician.name,
        technician_id: technician.id,
        endpoint_name: 'frontdesk-1',
        client: 'Miller Dental',
        site: 'Main Street',
        statement,
      },
      { disclosed: { reason, ticket } },
    ),
    endpoint: site.endpoint,
    session: id,
    ref: { roster: site.roster.name, enrolment: site.enrolled.name, ...ref },
  });
  return { site, id, technician, delegate, opened, statement };
}

/** Appends any entry of a session. */
export function record<K extends Kind>(
  { site, id }: Pick<Session, 'site' | 'id'>,
  kind: K,
  { fields, ref }: { fields: EntryFields<K>; ref?: Refs },
): MemoryEntry {
  return site.log.append({
    sealed: sealEntry(kind, fields),
    endpoint: site.endpoint,
    session: id,
    ...(ref !== undefined && { ref }),
  });
}

type CommandField = (typeof COMMAND_FIELDS)[number];
type Purpose = StatementOf<'command'>['purpose'];

/** A command as the session key signed it, with the six disclosures that request and start share. */
export interface SignedCommand {
  readonly purpose: Purpose;
  readonly fields: Pick<FieldsOf<'command.started'>, CommandField>;
  readonly disclosed: Readonly<Record<CommandField, Disclosure>>;
  readonly statement: Envelope;
  /** The statement's hash, by which an approval names the order. */
  readonly order: string;
}

export async function signCommand(
  session: Session,
  {
    command,
    purpose = 'work',
    signer = session.delegate.signer,
    outputLimit = 1_048_576,
    over = {},
  }: {
    command: string;
    purpose?: Purpose;
    signer?: Signer;
    outputLimit?: number;
    over?: Partial<StatementOf<'command'>>;
  },
): Promise<SignedCommand> {
  const fields = {
    command,
    shell: 'bash' as const,
    cwd: null,
    env: {},
    timeout_ms: 60_000,
    output_limit: outputLimit,
  };
  const disclosed = disclose(fields);
  const statement = await signStatement(
    {
      ...basics(session.delegate, { fromMs: session.site.nowMs }),
      type: 'command',
      log: session.site.log.origin,
      endpoint: session.site.endpoint,
      session: session.id,
      purpose,
      digests: mapFields((name) => disclosed[name].digest),
      ...over,
    },
    statementSigner(signer),
  );
  return { purpose, fields, disclosed, statement, order: parseStatement(statement).hash };
}

function disclose(fields: SignedCommand['fields']): SignedCommand['disclosed'] {
  return mapFields((name) => createDisclosure(name, fields[name]));
}

function mapFields<T>(make: (name: CommandField) => T): Record<CommandField, T> {
  return Object.fromEntries(COMMAND_FIELDS.map((name) => [name, make(name)])) as Record<
    CommandField,
    T
  >; // one value for each name of the list
}

/** What the gate would have recorded, by the story's judge. */
export function decisionOn({ fields }: SignedCommand, rules = STORY_RULES) {
  const { effect, access, rule, why } = storyJudge(rules, {
    shell: fields.shell,
    command: fields.command,
    cwd: fields.cwd,
    env: fields.env,
    labels: ['frontdesk'],
    role: 'technician',
    atMs: STORY_START_MS,
  });
  return { effect, access, rule, why };
}

/** Puts `command.started` on record; with grants, as approved by them. */
export function startCommand(
  session: Session,
  command: SignedCommand,
  {
    request,
    grants = [],
    decision = decisionOn(command),
    ref = {},
    purpose = command.purpose,
  }: {
    request?: MemoryEntry;
    grants?: readonly MemoryEntry[];
    decision?: FieldsOf<'command.started'>['decision'];
    ref?: Refs;
    purpose?: Purpose;
  } = {},
): MemoryEntry {
  const { site } = session;
  const approval = grants.at(-1);
  return site.log.append({
    sealed: sealEntry(
      'command.started',
      { purpose, decision, statement: command.statement },
      { disclosed: command.disclosed },
    ),
    endpoint: site.endpoint,
    session: session.id,
    ref: {
      ...(approval !== undefined && { approval: approval.name }),
      ...(request !== undefined && { request: request.name }),
      ...refsInForce(site),
      ...ref,
    },
  });
}

function refsInForce(site: Site): Refs {
  return { policy: site.policy.name, roster: site.roster.name, authority: site.authority.name };
}

/** Records what a started command printed, in one entry a stream, and how it ended. */
export function finishCommand(
  session: Session,
  started: MemoryEntry,
  { stdout = '', stderr = '', exitCode = 0 }: OutputOf = {},
): MemoryEntry {
  const ref = { command: started.name };
  const printed = { stdout: bytesOf(stdout), stderr: bytesOf(stderr) };
  for (const stream of ['stdout', 'stderr'] as const) {
    const bytes = printed[stream];
    if (bytes.length === 0) continue;
    record(session, 'command.output', { fields: { stream, offset: 0, text: { bytes } }, ref });
  }
  return record(session, 'command.exited', {
    fields: {
      outcome: 'exited',
      exit_code: exitCode,
      signal: null,
      duration_ms: 120,
      stdout_bytes: printed.stdout.length,
      stderr_bytes: printed.stderr.length,
      dropped_bytes: 0,
      problem: null,
    },
    ref,
  });
}

export interface OutputOf {
  readonly stdout?: string | Uint8Array;
  readonly stderr?: string | Uint8Array;
  readonly exitCode?: number;
}

function bytesOf(printed: string | Uint8Array): Uint8Array {
  return typeof printed === 'string' ? encodeUtf8(printed) : printed;
}

/** Runs a command that only reads, by policy, from signature to exit. Answers its `command.started`. */
export async function readByPolicy(
  session: Session,
  { command, output = {} }: { command: string; output?: OutputOf },
): Promise<MemoryEntry> {
  const started = startCommand(session, await signCommand(session, { command }));
  finishCommand(session, started, output);
  return started;
}

/** Captures the state of what a change touches, before or after it. Answers `state.captured`. */
export async function captureState(
  session: Session,
  { phase, command, text }: { phase: 'before' | 'after'; command: string; text: string },
): Promise<MemoryEntry> {
  const signed = await signCommand(session, { command, purpose: `state-${phase}` });
  const started = startCommand(session, signed);
  finishCommand(session, started, { stdout: text });
  return record(session, 'state.captured', {
    fields: { phase, exit_code: 0, text: { bytes: encodeUtf8(text) }, dropped_bytes: 0 },
    ref: { command: started.name },
  });
}

/** Asks the client for a command. Answers `approval.requested`. */
export function askFor(
  session: Session,
  command: SignedCommand,
  { state, ref = {} }: { state?: MemoryEntry; ref?: Refs } = {},
): MemoryEntry {
  const { site } = session;
  return site.log.append({
    sealed: sealEntry(
      'approval.requested',
      {
        decision: decisionOn(command),
        why: 'Opens the port of the card terminal.',
        approvals: 1,
        approvers: null,
        expires: formatTime(site.nowMs + 1_800_000),
        statement: command.statement,
      },
      { disclosed: command.disclosed },
    ),
    endpoint: site.endpoint,
    session: session.id,
    ref: { ...refsInForce(site), ...(state !== undefined && { state: state.name }), ...ref },
  });
}

/** Puts an approver's signed decision on record. Answers `approval.granted` or `approval.denied`. */
export async function decide(
  session: Session,
  request: MemoryEntry,
  {
    command,
    by = session.site.people.carol,
    decision = 'approve',
    signer = by.signer,
    over = {},
    kind = decision === 'approve' ? 'approval.granted' : 'approval.denied',
  }: {
    command: SignedCommand;
    by?: Person;
    decision?: 'approve' | 'deny';
    signer?: Signer;
    over?: Partial<StatementOf<'approval'>>;
    kind?: 'approval.granted' | 'approval.denied';
  },
): Promise<MemoryEntry> {
  const { site, id } = session;
  const statement = await signStatement(
    {
      ...basics(by, { fromMs: site.nowMs }),
      type: 'approval',
      log: site.log.origin,
      decision,
      endpoint: site.endpoint,
      session: id,
      request: request.name,
      order: command.order,
      command: command.disclosed.command.digest,
      state: request.leaf.ref?.state ?? null,
      ...over,
    },
    statementSigner(signer),
  );
  return record(session, kind, {
    fields: {
      approver: by.name,
      approver_id: by.id,
      method: 'key-file',
      comment: 'Go ahead.',
      statement,
    },
    ref: { request: request.name },
  });
}

export function say(session: Session, from: 'technician' | 'client', text: string): MemoryEntry {
  const name = from === 'client' ? session.site.people.carol.name : session.technician.name;
  return record(session, 'chat.said', {
    fields: { from, name, text: { bytes: encodeUtf8(text) } },
  });
}

export function closeSession(session: Session): MemoryEntry {
  return record(session, 'session.closed', {
    fields: { by: session.technician.name, reason: 'technician', note: null, ticket: 'T-1042' },
  });
}

/** The whole story, and the entries of it that tests take hold of. */
export interface Story {
  readonly site: Site;
  readonly session: Session;
  readonly read: MemoryEntry;
  readonly before: MemoryEntry;
  readonly change: SignedCommand;
  readonly request: MemoryEntry;
  readonly grant: MemoryEntry;
  readonly started: MemoryEntry;
  readonly closed: MemoryEntry;
}

/**
 * One session at a site: a look by policy, a change that is asked with the state before it, granted, run, the
 * state after it, a word in the chat, closed; with an entry of somebody else's in between.
 */
export async function siteStory(given?: Site): Promise<Story> {
  const site = given ?? (await foundSite());
  const session = await openSession(site);
  const read = await readByPolicy(session, {
    command: 'cat /etc/hosts',
    output: { stdout: '127.0.0.1 localhost\n10.0.0.7 till-1 # Anna Smith\n', stderr: 'warn\n' },
  });
  site.log.append({ sealed: sealEntry('clock.checked', CLOCK_CHECKED) });
  const before = await captureState(session, {
    phase: 'before',
    command: 'nft-list ruleset',
    text: 'policy drop;\n',
  });
  const change = await signCommand(session, { command: 'nft add rule inet filter input accept' });
  const request = askFor(session, change, { state: before });
  const ref = { request: request.name };
  record(session, 'approval.notified', {
    fields: { channel: 'web-push', to: 'carol', by: null },
    ref,
  });
  record(session, 'approval.viewed', { fields: { channel: 'phone', by: 'carol' }, ref });
  const grant = await decide(session, request, { command: change });
  const started = startCommand(session, change, { request, grants: [grant] });
  finishCommand(session, started, { stdout: new Uint8Array([0x6f, 0x6b, 0xff, 0x0a]) });
  await captureState(session, {
    phase: 'after',
    command: 'nft-list ruleset',
    text: 'policy drop;\naccept;\n',
  });
  say(session, 'technician', 'The terminal is back.\n');
  const closed = closeSession(session);
  return { site, session, read, before, change, request, grant, started, closed };
}

const CLOCK_CHECKED = { source: 'ntp', offset_ms: 3, detail: null };

/** The work order of a started command, for an agent that saw nothing yet. */
export async function workOrderOf(
  { session, ...story }: Pick<Story, 'session'> & Partial<Story>,
  started: MemoryEntry,
  { seen = 0, size = session.site.log.size }: { seen?: number; size?: number } = {},
): Promise<WorkOrder> {
  const { site } = session;
  const isAsked = started.leaf.ref?.request !== undefined;
  const proved = (entry: MemoryEntry) => ({
    leaf: new TextDecoder().decode(entry.leafBytes),
    proof: site.log.proveInclusion(entry.leaf.i, size).map(encodeBase64url),
    disclosures: [...entry.disclosures],
  });
  return {
    checkpoint: await site.log.checkpoint(size),
    seen,
    consistency: seen === 0 ? [] : site.log.proveConsistency(seen, size).map(encodeBase64url),
    started: proved(started),
    request: isAsked && story.request !== undefined ? proved(story.request) : null,
    grants: isAsked && story.grant !== undefined ? [proved(story.grant)] : [],
    session: session.statement,
    roster: statementOf(site.roster),
    authority: statementOf(site.authority),
    policy: statementOf(site.policy),
  };
}

/** The envelope in an entry's `statement` field. */
export function statementOf({ leaf, disclosures }: MemoryEntry): Envelope {
  const found = disclosures.map(parseDisclosure).find(({ name }) => name === 'statement');
  if (found === undefined) throw new RangeError(`Cannot read entry ${leaf.i}: no statement`);
  return found.value as Envelope; // the schema of its kind held when it was sealed
}

/** The checkpoint of the whole log, cosigned by the story's witness a second after the last entry. */
export async function witnessedCheckpoint(
  { log, people, witnessKey, nowMs }: Site,
  { size = log.size }: { size?: number } = {},
): Promise<string> {
  return cosignCheckpoint(await log.checkpoint(size), {
    key: witnessKey,
    signer: people.witness.signer,
    timestampS: Math.floor(nowMs / 1000) + 1,
  });
}

/** The time of an entry in milliseconds since 1970. */
export function timeOf(entry: MemoryEntry): number {
  return parseTime(entry.leaf.t);
}
