// The way of a command through the appliance (design.md §6): signature, policy, the client's consent, the
// log, the endpoint, the log again. Every step is durable before the next one begins.

import { VerifyError } from '#crypto/error.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import type { Refs } from '#crypto/leaf.ts';
import type { Decision } from '#crypto/policy.ts';
import { type Answer, recordedDecision, type Requests } from '../gate/requests.ts';
import type { CommandOutcome, SignedCommand } from '../protocol/client-message.ts';
import { WorkError } from './error.ts';
import type { EndpointLinks, RunEnd, RunOutput } from './link-port.ts';
import { makeOrder } from './order.ts';
import { record, type Recorded } from './record.ts';
import { type LiveCommand, MAX_COMMANDS_AT_ONCE, type Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import { type OpenedCommand, openSignedCommand } from './signed-command.ts';
import type { Site } from './site.ts';

/** A captured state is shown on the approver's page: more than this is not read by anybody. */
const MAX_STATE_BYTES = 64 * 1024;

type Purpose = FieldsOf<'command.started'>['purpose'];

export interface Submitted {
  readonly command: SignedCommand;
  readonly why: string | null;
  readonly before: SignedCommand | null;
  readonly after: SignedCommand | null;
}

interface Consent {
  readonly request: Recorded | null;
  readonly grants: readonly Recorded[];
}

const NO_CONSENT: Consent = { request: null, grants: [] };

/** A run's end on record: how, and the entry that says so. */
interface Ended {
  readonly end: RunEnd;
  readonly entry: Recorded;
  readonly started: Recorded;
}

/** What of a state command is recorded as `state.captured`. */
interface Captured extends Ended {
  readonly state: Recorded;
  readonly text: string;
}

/** Runs commands of open sessions. */
export class Commands {
  readonly #site: Site;
  readonly #links: EndpointLinks;
  readonly #requests: Requests;
  readonly #sessions: Sessions;

  constructor(site: Site, ports: { links: EndpointLinks; requests: Requests; sessions: Sessions }) {
    this.#site = site;
    this.#links = ports.links;
    this.#requests = ports.requests;
    this.#sessions = ports.sessions;
  }

  /**
   * Takes a signed command all its way; resolves with how it ended.
   * @throws {WorkError} when it is refused before anything is recorded
   * @throws {VerifyError} when a signature does not hold
   */
  async submit(session: Session, submitted: Submitted): Promise<CommandOutcome> {
    const work = await this.#open(session, submitted.command, 'work');
    const before =
      submitted.before && (await this.#open(session, submitted.before, 'state-before'));
    const after = submitted.after && (await this.#open(session, submitted.after, 'state-after'));
    for (const state of [before, after]) if (state !== null) this.#checkState(session, state);
    const live = this.#admit(session, [work, before, after]);
    try {
      return await this.#take(session, live, { work, before, after, why: submitted.why });
    } finally {
      this.#release(session, [work, before, after]);
      live.resolve();
      this.#sessions.touch(session);
    }
  }

  /** Cancels a command that runs; false when it no longer does. */
  async cancel(session: Session, command: string, by: string): Promise<boolean> {
    const live = session.commands.get(command);
    if (live === undefined || live === null) return false;
    live.isCancelled = true;
    if (live.run !== null) this.#links.cancel(session.endpoint.id, live.run);
    else await this.#requests.withdrawOf(command, { by, reason: 'Cancelled.' });
    return true;
  }

  #open(session: Session, command: SignedCommand, purpose: Purpose): Promise<OpenedCommand> {
    return openSignedCommand(command, {
      log: this.#site.ledger.origin,
      session: session.signed.statement,
      purpose,
      atMs: this.#site.now(),
    });
  }

  #judge(session: Session, { fields }: OpenedCommand): Decision {
    return this.#site.judge(this.#site.policy.signed.statement.rules, {
      shell: fields.shell,
      command: fields.command,
      cwd: fields.cwd,
      env: fields.env,
      labels: session.endpoint.labels,
      role: session.technician.role,
      atMs: this.#site.now(),
    });
  }

  /** State is captured without asking: only what policy allows may capture it. */
  #checkState(session: Session, state: OpenedCommand): void {
    if (this.#judge(session, state).effect === 'allow') return;
    throw new WorkError(
      'state-not-read-only',
      'Cannot capture state: policy does not allow its command without asking',
    );
  }

  #admit(
    session: Session,
    commands: readonly (OpenedCommand | null)[],
  ): LiveCommand & { resolve: () => void } {
    if (session.isClosing) throw new WorkError('session-closed', 'Cannot run command: closing');
    if (!this.#links.isOnline(session.endpoint.id)) {
      throw new WorkError(
        'endpoint-offline',
        `Cannot run command: ${session.endpoint.name} is offline`,
      );
    }
    const busy = [...session.commands.values()].filter((command) => command !== null).length;
    if (busy >= MAX_COMMANDS_AT_ONCE) {
      throw new WorkError('session-busy', `Cannot run command: ${busy} run or wait already`);
    }
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const live = {
      run: null,
      isCancelled: false,
      ended: promise,
      resolve: () => {
        resolve(undefined);
      },
    };
    for (const command of commands) {
      if (command === null) continue;
      if (session.commands.has(command.signed.hash)) {
        throw new WorkError('command-replayed', 'Cannot run command: it was submitted before');
      }
      session.commands.set(command.signed.hash, live);
    }
    this.#sessions.touch(session);
    return live;
  }

  #release(session: Session, commands: readonly (OpenedCommand | null)[]): void {
    for (const command of commands) {
      if (command !== null) session.commands.set(command.signed.hash, null);
    }
  }

  async #take(
    session: Session,
    live: LiveCommand,
    parts: {
      work: OpenedCommand;
      before: OpenedCommand | null;
      after: OpenedCommand | null;
      why: string | null;
    },
  ): Promise<CommandOutcome> {
    const decision = this.#judge(session, parts.work);
    if (decision.effect === 'deny') {
      const entry = await this.#refuse(session, parts.work, {
        by: 'policy',
        code: 'denied',
        why: decision.why,
        ref: { policy: this.#site.policy.entry },
      });
      return outcomeOf('refused', entry, { problem: decision.why });
    }
    const before =
      parts.before &&
      (await this.#capture(session, live, { state: parts.before, phase: 'before' }));
    let consent = NO_CONSENT;
    if (decision.effect === 'ask') {
      const answer = await this.#ask(session, { ...parts, decision, before });
      if (answer.state !== 'granted') return refusedBy(answer);
      consent = { request: answer.requested, grants: answer.grants };
    }
    const done = await this.#execute(session, live, {
      command: parts.work,
      decision,
      consent,
      purpose: 'work',
      onOutput: this.#recordOutput(session),
    });
    if (parts.after && done.end.kind === 'exited') {
      await this.#capture(session, live, { state: parts.after, phase: 'after' });
    }
    return outcomeOfEnd(done);
  }

  async #ask(
    session: Session,
    {
      work,
      why,
      decision,
      before,
    }: { work: OpenedCommand; why: string | null; decision: Decision; before: Captured | null },
  ): Promise<Answer> {
    if (decision.ask === null) throw new Error('unreachable: a decision to ask has its terms');
    const { answer } = await this.#requests.ask({
      session: session.id,
      endpoint: session.endpoint.id,
      endpointName: session.endpoint.name,
      technician: session.technician.name,
      disclosed: work.disclosed,
      fields: work.fields,
      command: work.signed,
      statement: work.envelope,
      decision,
      ask: decision.ask,
      why,
      refs: { ...this.#refs(), ...(before === null ? {} : { state: before.state.name }) },
      stateText: before?.text ?? null,
    });
    return answer;
  }

  /** Records the start, has the endpoint run it, and records the end. */
  async #execute(
    session: Session,
    live: LiveCommand,
    {
      command,
      decision,
      consent,
      purpose,
      onOutput,
      onEnd = () => Promise.resolve(),
    }: {
      command: OpenedCommand;
      decision: Decision;
      consent: Consent;
      purpose: Purpose;
      onOutput: (started: Recorded) => (output: RunOutput) => Promise<void>;
      onEnd?: (started: Recorded, end: RunEnd) => Promise<void>;
    },
  ): Promise<Ended> {
    const { roster, authority, policy } = this.#site;
    const started = await record(this.#site.ledger, {
      kind: 'command.started',
      session: session.id,
      endpoint: session.endpoint.id,
      ref: { ...this.#refs(), ...consentRefs(consent) },
      disclosed: command.disclosed,
      fields: {
        purpose,
        decision: recordedDecision(decision),
        statement: command.envelope,
      },
    });
    live.run = started.name;
    const taken = { stdout: 0, stderr: 0 };
    const take = onOutput(started);
    const reported = await this.#run(session, live, {
      started,
      maxOutputBytes: command.fields.output_limit,
      onOutput: async (output) => {
        await take(output);
        taken[output.stream] += output.bytes.length;
      },
      order: (seen) =>
        makeOrder(
          this.#site,
          {
            started,
            ...consent,
            session: session.envelope,
            endpoint: session.endpoint,
            roster: roster.envelope,
            authority: authority.envelope,
            policy: policy.envelope,
          },
          seen,
        ),
    });
    live.run = null;
    const end = isInterrupted(reported)
      ? { ...reported, stdoutBytes: taken.stdout, stderrBytes: taken.stderr }
      : reported;
    await onEnd(started, end);
    const entry = await this.#recordEnd(session, { command, started, end });
    return { end, entry, started };
  }

  async #run(
    session: Session,
    live: LiveCommand,
    {
      started,
      maxOutputBytes,
      order,
      onOutput,
    }: {
      started: Recorded;
      maxOutputBytes: number;
      order: Parameters<EndpointLinks['run']>[0]['order'];
      onOutput: (output: RunOutput) => Promise<void>;
    },
  ): Promise<RunEnd> {
    if (live.isCancelled) {
      return { kind: 'refused', code: 'cancelled', message: 'It was cancelled before it ran.' };
    }
    try {
      return await this.#links.run({
        endpoint: session.endpoint.id,
        run: started.name,
        maxOutputBytes,
        order,
        onOutput,
      });
    } catch (cause) {
      // an order that does not hold was not sent: the endpoint ran nothing
      if (!(cause instanceof VerifyError)) throw cause;
      return { kind: 'refused', code: cause.code, message: cause.message };
    }
  }

  #recordOutput(session: Session): (started: Recorded) => (output: RunOutput) => Promise<void> {
    return (started) => {
      let total = 0;
      return async ({ stream, offset, bytes }) => {
        const at = total;
        total += bytes.length;
        await record(this.#site.ledger, {
          kind: 'command.output',
          session: session.id,
          endpoint: session.endpoint.id,
          ref: { command: started.name },
          fields: { stream, offset, text: { bytes, offset: at } },
          isEssential: true,
        });
      };
    };
  }

  /** Runs a state command; what it prints is the state. */
  async #capture(
    session: Session,
    live: LiveCommand,
    { state, phase }: { state: OpenedCommand; phase: 'before' | 'after' },
  ): Promise<Captured> {
    const pieces: Uint8Array[] = [];
    let recorded: Recorded | null = null;
    let length = 0;
    const done = await this.#execute(session, live, {
      command: state,
      decision: this.#judge(session, state),
      consent: NO_CONSENT,
      purpose: phase === 'before' ? 'state-before' : 'state-after',
      onOutput:
        () =>
        async ({ bytes }) => {
          const room = MAX_STATE_BYTES - length;
          if (room > 0) pieces.push(bytes.slice(0, room));
          length += Math.min(bytes.length, Math.max(room, 0));
          return Promise.resolve();
        },
      onEnd: async (started, end) => {
        recorded = await record(this.#site.ledger, {
          kind: 'state.captured',
          session: session.id,
          endpoint: session.endpoint.id,
          ref: { command: started.name },
          fields: {
            phase,
            exit_code: end.kind === 'exited' ? end.exitCode : null,
            text: { bytes: Buffer.concat(pieces) },
          },
          isEssential: true,
        });
      },
    });
    if (recorded === null) throw new Error('unreachable: a run that ended captured its state');
    return { ...done, state: recorded, text: Buffer.concat(pieces).toString('utf8') };
  }

  #recordEnd(
    session: Session,
    { command, started, end }: { command: OpenedCommand; started: Recorded; end: RunEnd },
  ): Promise<Recorded> {
    if (end.kind === 'refused') {
      return this.#refuse(session, command, {
        by: end.code === 'cancelled' ? 'technician' : 'agent',
        code: end.code,
        why: end.message,
        ref: { command: started.name },
      });
    }
    return record(this.#site.ledger, {
      kind: 'command.exited',
      session: session.id,
      endpoint: session.endpoint.id,
      ref: { command: started.name },
      fields: {
        outcome: end.outcome,
        exit_code: end.exitCode,
        signal: end.signal,
        duration_ms: end.durationMs === null ? null : Math.round(end.durationMs),
        stdout_bytes: end.stdoutBytes,
        stderr_bytes: end.stderrBytes,
        dropped_bytes: end.droppedBytes,
        problem: end.problem,
      },
      isEssential: true,
    });
  }

  #refuse(
    session: Session,
    command: OpenedCommand,
    {
      by,
      code,
      why,
      ref,
    }: {
      by: FieldsOf<'command.refused'>['by'];
      code: string;
      why: string;
      ref: Refs;
    },
  ): Promise<Recorded> {
    return record(this.#site.ledger, {
      kind: 'command.refused',
      session: session.id,
      endpoint: session.endpoint.id,
      ref,
      disclosed: command.disclosed,
      fields: { by, code, why, statement: command.envelope },
      isEssential: true,
    });
  }

  #refs(): { policy: string; roster: string; authority: string } {
    const { policy, roster, authority } = this.#site;
    return { policy: policy.entry, roster: roster.entry, authority: authority.entry };
  }
}

/** An end that the endpoint did not report: what it had sent by then is what is known. */
function isInterrupted(end: RunEnd): end is Extract<RunEnd, { kind: 'exited' }> {
  return end.kind === 'exited' && end.outcome === 'interrupted';
}

function consentRefs({ request, grants }: Consent): Refs {
  const last = grants.at(-1);
  if (request === null || last === undefined) return {};
  return { request: request.name, approval: last.name };
}

function refusedBy({ state, last }: Answer): CommandOutcome {
  if (state === 'granted') throw new Error('unreachable: a granted request refuses nothing');
  const problem = {
    denied: 'The client denied it.',
    expired: 'Nobody decided in time.',
    withdrawn: 'The request was withdrawn.',
  }[state];
  return outcomeOf(state, last, { problem });
}

function outcomeOfEnd({ end, entry }: Ended): CommandOutcome {
  if (end.kind === 'refused') return outcomeOf('refused', entry, { problem: end.message });
  const { outcome, exitCode, signal, problem } = end;
  return outcomeOf(outcome, entry, { exitCode, signal, problem });
}

function outcomeOf(
  outcome: CommandOutcome['outcome'],
  { index, leaf }: Recorded,
  {
    exitCode = null,
    signal = null,
    problem = null,
  }: { exitCode?: number | null; signal?: string | null; problem?: string | null },
): CommandOutcome {
  return { outcome, exitCode, signal, problem, index, n: leaf.n ?? 0 };
}
