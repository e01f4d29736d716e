// A session's entries made by hand, for tests of what shows them: sealed, chained and checked as those of a site are,
// without a site. Indexes leave gaps, as other sessions' entries do.

import { type CheckedEntry, checkShownEntry } from '#appliance/protocol/shown-entry.ts';
import { signCommand } from '#appliance/protocol/session-key.ts';
import { encodeBase64, encodeBase64url } from '#crypto/base64.ts';
import { concatBytes, encodeUtf8 } from '#crypto/bytes.ts';
import { type EntryFields, sealEntry } from '#crypto/entry.ts';
import { leafHash } from '#crypto/hash.ts';
import type { FieldsOf, Kind } from '#crypto/kind.ts';
import { encodeLeaf, formatTime, type Leaf, type Refs } from '#crypto/leaf.ts';
import { type Envelope, parseStatement, statementSigner } from '#crypto/statement.ts';
import { importSigner } from '#crypto/webcrypto.ts';

export const STORY_LOG = 'console.example/site/AAAAAAAAAAAAAAAAAAAAAA/1';
export const STORY_START_MS = Date.UTC(2026, 10, 21, 2, 9, 14);

type Purpose = FieldsOf<'command.started'>['purpose'];

const DECISION = {
  effect: 'allow',
  access: 'read-only',
  rule: 'reading',
  why: 'Reading is allowed.',
} as const;

/** A signed command, and the fields of the entries that hold it. */
export interface ToldCommand {
  readonly fields: Pick<
    FieldsOf<'command.started'>,
    'command' | 'shell' | 'cwd' | 'env' | 'timeout_ms' | 'output_limit'
  >;
  readonly statement: Envelope;
  readonly hash: string;
  readonly purpose: Purpose;
}

/** Tells a session entry by entry. */
export class ToldSession {
  readonly session: string;
  readonly endpoint: string;
  readonly entries: CheckedEntry[] = [];
  /** What is cited where the site's statements in force are. */
  readonly #inForce = encodeBase64url(leafHash(encodeUtf8('in force')));

  constructor({ session = 'S'.repeat(21) + 'A', endpoint = 'E'.repeat(21) + 'A' } = {}) {
    this.session = session;
    this.endpoint = endpoint;
  }

  /** Adds an entry. */
  add<K extends Kind>(kind: K, fields: EntryFields<K>, ref: Refs = {}): CheckedEntry {
    const n = this.entries.length;
    const previous = this.entries.at(-1);
    const sealed = sealEntry(kind, fields);
    const leaf: Leaf = {
      ...{ v: 1, log: STORY_LOG, i: 10 + n * 2, t: formatTime(STORY_START_MS + n * 1000) },
      ...{ k: kind, e: this.endpoint, s: this.session, n },
      ...(previous === undefined ? {} : { p: previous.name }),
      ...(Object.keys(ref).length === 0 ? {} : { ref }),
      ...{ _sd: sealed.digests, _sd_alg: 'sha-256' },
    };
    const entry = checkShownEntry({
      leaf: new TextDecoder().decode(encodeLeaf(leaf)),
      disclosures: [...sealed.disclosures],
      texts: sealed.texts.map(({ field, key, segments }) => ({
        field,
        key: encodeBase64url(key),
        cuts: segments.map(({ length }) => length),
        data: encodeBase64(concatBytes(...segments)),
      })),
    });
    this.entries.push(entry);
    return entry;
  }

  async open(by = 'Tess Technician', signed?: Envelope): Promise<CheckedEntry> {
    const statement = signed ?? (await this.sign('not shown')).statement;
    return this.add(
      'session.opened',
      {
        ...{ technician: by, technician_id: 'tess', endpoint_name: 'till-1' },
        ...{ client: 'Corner Shop', site: 'High Street' },
        ...{ reason: 'The till prints nothing.', ticket: 'T-1', statement },
      },
      { roster: this.#inForce, enrolment: this.#inForce },
    );
  }

  close(): CheckedEntry {
    const fields = {
      by: 'Tess Technician',
      reason: 'technician',
      note: null,
      ticket: null,
    } as const;
    return this.add('session.closed', fields);
  }

  async sign(
    command: string,
    { purpose = 'work' }: { purpose?: Purpose } = {},
  ): Promise<ToldCommand> {
    const fields = {
      ...{ command, shell: 'sh' as const, cwd: null, env: { LANG: 'C' } },
      ...{ timeout_ms: 60_000, output_limit: 1 << 20 },
    };
    const signed = await signCommand({
      place: { log: STORY_LOG, endpoint: this.endpoint, session: this.session },
      key: statementSigner(await importSigner(new Uint8Array(32).fill(7))),
      ...{ purpose, fields, nowMs: STORY_START_MS },
    });
    const { hash } = parseStatement(signed.envelope);
    return { fields, statement: signed.envelope, hash, purpose };
  }

  request(
    { fields, statement }: ToldCommand,
    { approvals = 1, state }: { approvals?: number; state?: CheckedEntry } = {},
  ): CheckedEntry {
    const ref = { ...this.#inForceRefs(), ...(state === undefined ? {} : { state: state.name }) };
    return this.add(
      'approval.requested',
      {
        ...{ ...fields, statement, approvals, approvers: null, why: 'The spooler hangs.' },
        decision: { ...DECISION, effect: 'ask', access: 'changing', why: 'Changes are asked.' },
        expires: formatTime(STORY_START_MS + 600_000),
      },
      ref,
    );
  }

  async decide(
    request: CheckedEntry,
    { grant = true, approver = 'carla' }: { grant?: boolean; approver?: string } = {},
  ): Promise<CheckedEntry> {
    const { statement } = await this.sign('not shown');
    const fields = {
      approver: `${approver} Client`,
      approver_id: approver,
      method: 'pin',
    } as const;
    const kind = grant ? 'approval.granted' : 'approval.denied';
    return this.add(kind, { ...fields, comment: 'Fine.', statement }, { request: request.name });
  }

  start(
    { fields, statement, purpose }: ToldCommand,
    { request, approval }: { request?: CheckedEntry; approval?: CheckedEntry } = {},
  ): CheckedEntry {
    return this.add(
      'command.started',
      { ...fields, statement, purpose, decision: DECISION },
      {
        ...this.#inForceRefs(),
        ...(request === undefined ? {} : { request: request.name }),
        ...(approval === undefined ? {} : { approval: approval.name }),
      },
    );
  }

  print(
    started: CheckedEntry,
    text: string | Uint8Array,
    stream: 'stdout' | 'stderr' = 'stdout',
  ): CheckedEntry {
    const bytes = typeof text === 'string' ? encodeUtf8(text) : text;
    const fields = { stream, offset: 0, text: { bytes } };
    return this.add('command.output', fields, { command: started.name });
  }

  exit(started: CheckedEntry, code = 0): CheckedEntry {
    return this.add(
      'command.exited',
      {
        ...{ outcome: 'exited', exit_code: code, signal: null, duration_ms: 1234 },
        ...{ stdout_bytes: 0, stderr_bytes: 0, dropped_bytes: 0, problem: null },
      },
      { command: started.name },
    );
  }

  capture(started: CheckedEntry, phase: 'before' | 'after', text: string): CheckedEntry {
    const fields = { phase, exit_code: 0, text: { bytes: encodeUtf8(text) }, dropped_bytes: 0 };
    return this.add('state.captured', fields, { command: started.name });
  }

  /** A whole state command: started, captured, exited. Answers the capture. */
  async state(phase: 'before' | 'after', text: string): Promise<CheckedEntry> {
    const started = this.start(await this.sign('lpstat', { purpose: `state-${phase}` }));
    const captured = this.capture(started, phase, text);
    this.exit(started);
    return captured;
  }

  refuse(
    { fields, statement }: ToldCommand,
    { by = 'appliance', why, ref = {} }: { by?: 'policy' | 'appliance'; why: string; ref?: Refs },
  ): CheckedEntry {
    return this.add('command.refused', { ...fields, statement, by, code: 'no', why }, ref);
  }

  say(from: 'technician' | 'client', text: string): CheckedEntry {
    const name = from === 'client' ? 'Carla Client' : 'Tess Technician';
    return this.add('chat.said', { from, name, text: { bytes: encodeUtf8(text) } });
  }

  #inForceRefs(): Refs {
    return { policy: this.#inForce, roster: this.#inForce, authority: this.#inForce };
  }
}
