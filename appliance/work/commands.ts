// The way of a command through the appliance (design.md §6): signature, policy, the client's consent, the
// log, the endpoint, the log again. Every step is durable before the next one begins.

import { openWhole } from '#crypto/entry.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import type { Decision } from '#crypto/policy.ts';
import type { Answer, Requests } from '../gate/requests.ts';
import type { CommandOutcome, SignedCommand } from '../protocol/client-message.ts';
import type { JudgedFields } from '../protocol/command-fields.ts';
import { type Consent, judgeCommand, judgeInForce, NO_CONSENT } from './consent.ts';
import { WorkError } from './error.ts';
import { type Ended, execute, refsInForce, refusalBy, refuse } from './execution.ts';
import type { EndpointLinks, RunOutput } from './link-port.ts';
import { record, type Recorded } from './record.ts';
import { type LiveCommand, MAX_COMMANDS_AT_ONCE, type Session, type Stop } from './session.ts';
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

interface Parts {
  readonly work: OpenedCommand;
  readonly before: OpenedCommand | null;
  readonly after: OpenedCommand | null;
  readonly why: string | null;
}

/** What a state command left: `state.captured`, its text and what is missing of it, or nothing of a command that did not end. */
interface Captured {
  readonly ended: Ended;
  readonly state: Recorded | null;
  readonly text: string;
  readonly droppedBytes: number;
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
    const commands = [work, before, after]; // looked at before judging, which costs most
    this.#checkRoom(session, commands);
    for (const command of commands) if (command !== null) this.#checkShell(session, command.fields);
    this.#checkStates(session, [before, after]);
    const live = this.#admit(session, commands);
    try {
      const outcome = await this.#take(session, live, { work, before, after, why: submitted.why });
      return stoppedOutcome(outcome, { session, stop: live.stopped });
    } finally {
      this.#release(session, commands);
      live.resolve();
      this.#sessions.touch(session);
    }
  }

  /** Cancels a command that runs; false when it no longer does. */
  async cancel(session: Session, command: string, stop: Stop): Promise<boolean> {
    const live = session.commands.get(command);
    if (live === undefined || live === null) return false;
    live.stopped ??= stop;
    if (live.run !== null) this.#links.cancel(session.endpoint.id, live.run);
    else await this.#requests.withdrawOf(command, { by: stop.name, reason: 'Cancelled.' });
    return true;
  }

  /**
   * What would become of a command if it were submitted now. Nothing is kept of it, and nothing may lean on it.
   * @throws {WorkError} `session-closed`, `endpoint-offline`, `session-busy`, `shell-missing`
   * @throws {VerifyError} when something that its start would lean on is not in force
   */
  judge(session: Session, fields: JudgedFields): Decision {
    this.#checkRoom(session, []);
    this.#checkShell(session, fields);
    return judgeInForce(this.#site, { session, command: { fields } });
  }

  #open(session: Session, command: SignedCommand, purpose: Purpose): Promise<OpenedCommand> {
    return openSignedCommand(command, {
      log: this.#site.ledger.origin,
      session: session.signed.statement,
      purpose,
      atMs: this.#site.now(),
    });
  }

  /** State is captured without asking: only what policy allows may capture it. */
  #checkStates(session: Session, states: readonly (OpenedCommand | null)[]): void {
    for (const state of states) {
      if (state === null) continue;
      if (judgeCommand(this.#site, { session, command: state }).effect === 'allow') continue;
      throw new WorkError(
        'state-not-read-only',
        'Cannot capture state: policy does not allow its command without asking',
      );
    }
  }

  #checkRoom(session: Session, commands: readonly (OpenedCommand | null)[]): void {
    if (session.isClosing) throw new WorkError('session-closed', 'Cannot run command: closing');
    if (!this.#links.isOnline(session.endpoint.id)) {
      throw new WorkError(
        'endpoint-offline',
        `Cannot run command: ${session.endpoint.name} is offline`,
      );
    }
    const live = new Set(session.commands.values());
    live.delete(null);
    const busy = live.size;
    if (busy >= MAX_COMMANDS_AT_ONCE) {
      throw new WorkError('session-busy', `Cannot run command: ${busy} run or wait already`);
    }
    for (const command of commands) {
      if (command !== null && session.commands.has(command.signed.hash)) {
        throw new WorkError('command-replayed', 'Cannot run command: it was submitted before');
      }
    }
  }

  /** What the endpoint could not begin is not asked for. */
  #checkShell({ endpoint }: Session, { shell }: Pick<JudgedFields, 'shell'>): void {
    const shells = this.#links.shells(endpoint.id);
    if (shells === null || shells.includes(shell)) return;
    const others = shells.length === 0 ? 'nor any other' : `only ${shells.join(', ')}`;
    throw new WorkError(
      'shell-missing',
      `Cannot run command: ${endpoint.name} has no ${shell}, ${others}`,
    );
  }

  #admit(
    session: Session,
    commands: readonly (OpenedCommand | null)[],
  ): LiveCommand & { resolve: () => void } {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const admitted = {
      run: null,
      stopped: null,
      ended: promise,
      resolve: () => {
        resolve(undefined);
      },
    };
    for (const command of commands) {
      if (command !== null) session.commands.set(command.signed.hash, admitted);
    }
    this.#sessions.touch(session);
    return admitted;
  }

  #release(session: Session, commands: readonly (OpenedCommand | null)[]): void {
    for (const command of commands) {
      if (command !== null) session.commands.set(command.signed.hash, null);
    }
  }

  async #take(session: Session, live: LiveCommand, parts: Parts): Promise<CommandOutcome> {
    const { work, before, after } = parts;
    const decision = judgeCommand(this.#site, { session, command: work });
    if (decision.effect === 'deny') return this.#deny(session, work, decision);
    const state =
      before && (await this.#capture(session, live, { state: before, phase: 'before' }));
    const isAsKnown = state === null || state.state !== null;
    const stop = live.stopped ?? session.stopped;
    if (stop !== null || !isAsKnown) {
      const refusal = stop === null ? UNKNOWN_STATE : refusalBy(stop);
      return outcomeOfEnd(await refuse(this.#site, { session, command: work }, { refusal }));
    }
    let consent = NO_CONSENT;
    if (decision.effect === 'ask') {
      const answer = await this.#ask(session, live, { ...parts, decision, state });
      if (answer.state !== 'granted') return refusedBy(answer);
      consent = { request: answer.requested, grants: answer.grants };
    }
    const done = await this.#work(session, live, { work, consent });
    if (after && done.end.kind === 'exited' && live.stopped === null) {
      await this.#capture(session, live, { state: after, phase: 'after' });
    }
    return outcomeOfEnd(done);
  }

  async #deny(
    session: Session,
    command: OpenedCommand,
    { why }: Decision,
  ): Promise<CommandOutcome> {
    const refusal = { by: 'policy', code: 'denied', why } as const;
    const ref = { policy: this.#site.policy.entry };
    return outcomeOfEnd(await refuse(this.#site, { session, command }, { refusal, ref }));
  }

  async #ask(
    session: Session,
    live: LiveCommand,
    {
      work,
      why,
      decision,
      state,
    }: Pick<Parts, 'work' | 'why'> & { decision: Decision; state: Captured | null },
  ): Promise<Answer> {
    if (decision.ask === null) throw new Error('unreachable: a decision to ask has its terms');
    const cited = state?.state ?? null;
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
      refs: { ...refsInForce(this.#site), ...(cited === null ? {} : { state: cited.name }) },
      stateText: state?.text ?? null,
      stateDroppedBytes: state?.droppedBytes ?? 0,
    });
    const stop = live.stopped ?? session.stopped;
    if (stop !== null) {
      // while it was being asked, when there was no request yet to take back
      await this.#requests.withdrawOf(work.signed.hash, { by: stop.name, reason: 'Cancelled.' });
    }
    return answer;
  }

  /** Runs the command itself; what it prints is recorded piece by piece. */
  #work(
    session: Session,
    live: LiveCommand,
    { work, consent }: { work: OpenedCommand; consent: Consent },
  ): Promise<Ended> {
    let total = 0;
    const onOutput = async (
      started: Recorded,
      { stream, offset, bytes }: RunOutput,
    ): Promise<void> => {
      await record(this.#site.ledger, {
        kind: 'command.output',
        session: session.id,
        endpoint: session.endpoint.id,
        ref: { command: started.name },
        fields: { stream, offset, text: { bytes, offset: total } },
        isEssential: true,
      });
      total += bytes.length;
    };
    const execution = { session, live, command: work, purpose: 'work', consent, onOutput } as const;
    return execute(this.#site, this.#links, execution);
  }

  /** Runs a state command; what it prints is the state. */
  async #capture(
    session: Session,
    live: LiveCommand,
    { state, phase }: { state: OpenedCommand; phase: 'before' | 'after' },
  ): Promise<Captured> {
    const pieces: Uint8Array[] = [];
    let length = 0;
    let printed = 0;
    let droppedBytes = 0;
    const captured: { entry: Recorded | null } = { entry: null };
    const ended = await execute(this.#site, this.#links, {
      ...{ session, live, command: state, consent: NO_CONSENT },
      purpose: phase === 'before' ? 'state-before' : 'state-after',
      onOutput: (_started, { bytes }) => {
        pieces.push(bytes.slice(0, MAX_STATE_BYTES - length));
        length += pieces.at(-1)?.length ?? 0;
        printed += bytes.length;
        return Promise.resolve();
      },
      onEnd: async (started, end) => {
        if (end.kind !== 'exited' || end.outcome === 'interrupted') return;
        droppedBytes = printed - length + end.droppedBytes;
        captured.entry ??= await record(this.#site.ledger, {
          kind: 'state.captured',
          session: session.id,
          endpoint: session.endpoint.id,
          ref: { command: started.name },
          fields: {
            phase,
            exit_code: end.exitCode,
            text: { bytes: Buffer.concat(pieces) },
            dropped_bytes: droppedBytes,
          },
          isEssential: true,
        });
      },
    });
    const text = Buffer.concat(pieces).toString('utf8');
    return { ended, state: captured.entry, text, droppedBytes };
  }
}

const UNKNOWN_STATE = {
  by: 'appliance',
  code: 'state-unknown',
  why: 'The state before it could not be captured.',
} as const;

function refusedBy({ state, last }: Answer): CommandOutcome {
  if (state === 'granted') throw new Error('unreachable: a granted request refuses nothing');
  const problem =
    state === 'withdrawn'
      ? withdrawnWords(last)
      : { denied: 'The client denied it.', expired: 'Nobody decided in time.' }[state];
  return outcomeOf(state, last, { problem });
}

function withdrawnWords(last: Recorded): string {
  const { by, reason } = openWhole('approval.withdrawn', last);
  return `Withdrawn by ${by}${reason === null ? '.' : `: ${reason}`}`;
}

function outcomeOfEnd({ end, entry }: Ended): CommandOutcome {
  if (end.kind === 'refused') {
    return outcomeOf('refused', entry, { problem: end.message, code: end.code });
  }
  const { outcome, exitCode, signal, problem, droppedBytes } = end;
  return outcomeOf(outcome, entry, { exitCode, signal, problem, droppedBytes });
}

function outcomeOf(
  outcome: CommandOutcome['outcome'],
  { index, leaf }: Recorded,
  over: Partial<CommandOutcome>,
): CommandOutcome {
  return {
    ...{ outcome, index, n: leaf.n ?? 0 },
    ...{ exitCode: null, signal: null, problem: null, code: null, stoppedBy: null },
    droppedBytes: 0,
    ...over,
  };
}

const STOPPED: ReadonlySet<CommandOutcome['outcome']> = new Set([
  'cancelled',
  'refused',
  'withdrawn',
]);

/** Says who stopped it, when that is why it ended and it was not its technician. */
function stoppedOutcome(
  outcome: CommandOutcome,
  { session, stop }: { session: Session; stop: Stop | null },
): CommandOutcome {
  if (stop === null || !STOPPED.has(outcome.outcome)) return outcome;
  const isOwn = stop.by === 'technician' && stop.name === session.technician.name;
  return isOwn ? outcome : { ...outcome, stoppedBy: stop.name };
}
