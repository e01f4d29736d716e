// The commands of the story: signed by the session key, put on record, run, and the state captured around them.

import { encodeUtf8 } from '#crypto/bytes.ts';
import { createDisclosure, type Disclosure } from '#crypto/disclosure.ts';
import { sealEntry } from '#crypto/entry.ts';
import { COMMAND_FIELDS, type FieldsOf } from '#crypto/kind.ts';
import type { Refs } from '#crypto/leaf.ts';
import {
  type Envelope,
  parseStatement,
  signStatement,
  type StatementOf,
  statementSigner,
} from '#crypto/statement.ts';
import type { Signer } from '#crypto/webcrypto.ts';

import type { MemoryEntry } from './memory-log.ts';
import { STORY_RULES, storyJudge } from './story-policy.ts';
import { record, type Session } from './story-session.ts';
import { refsInForce } from './story-site.ts';
import { basics, STORY_START_MS } from './story-statements.ts';

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
