// One execution of a command: its start on record, the order to the endpoint, its output and its end on record.
// What an endpoint reports is what it says; the counts and texts that go on record are made to fit it first.

import { VerifyError } from '#crypto/error.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import type { Decision } from '#crypto/policy.ts';
import type { Refs } from '#crypto/leaf.ts';
import { recordedDecision } from '../gate/requests.ts';
import { type Consent, decideStart } from './consent.ts';
import type { EndpointLinks, Run, RunEnd, RunOutput } from './link-port.ts';
import { makeOrder } from './order.ts';
import { record, type Recorded } from './record.ts';
import type { LiveCommand, Session, Stop } from './session.ts';
import type { OpenedCommand } from './signed-command.ts';
import type { Site } from './site.ts';

/** A command to execute, and what goes on record of it besides start and end. */
export interface Execution {
  readonly session: Session;
  readonly live: LiveCommand;
  readonly command: OpenedCommand;
  readonly purpose: FieldsOf<'command.started'>['purpose'];
  readonly consent: Consent;
  /** Told each piece of output, once and in order. */
  readonly onOutput: (started: Recorded, output: RunOutput) => Promise<void>;
  /** Told before the end goes on record; again, when recording failed and is tried again. */
  readonly onEnd?: (started: Recorded, end: RunEnd) => Promise<void>;
}

/** An end on record: how, and the entry that says so. */
export interface Ended {
  readonly end: RunEnd;
  readonly entry: Recorded;
}

type Refusal = Pick<FieldsOf<'command.refused'>, 'by' | 'code' | 'why'>;

/** Why a command that was stopped in time did not run. */
export function refusalBy({ name, by }: Stop): Refusal {
  return { by, code: 'cancelled', why: `It was stopped before it ran, by ${name}.` };
}

const OFFLINE: Refusal = {
  by: 'appliance',
  code: 'endpoint-offline',
  why: 'The endpoint is offline.',
};

/**
 * Executes a command to its end. One that may not start now, or was cancelled before, is refused on record.
 * @throws {LedgerError} when the record cannot be kept
 */
export async function execute(
  site: Site,
  links: EndpointLinks,
  execution: Execution,
): Promise<Ended> {
  while (site.isChanging) await site.settled(); // its entry must cite what is in force where it stands
  const { live, session, consent } = execution;
  const ref = consent.request === null ? undefined : { request: consent.request.name };
  if (live.stopped !== null) {
    return refuse(site, execution, { refusal: refusalBy(live.stopped), ref });
  }
  if (!links.isOnline(session.endpoint.id)) {
    return refuse(site, execution, { refusal: OFFLINE, ref });
  }
  let decision: Decision;
  try {
    decision = decideStart(site, execution);
  } catch (cause) {
    if (!(cause instanceof VerifyError)) throw cause;
    const refusal = { by: 'appliance', code: cause.code, why: cause.message } as const;
    return refuse(site, execution, { refusal, ref });
  }
  const order = orderOf(site, execution);
  const started = await recordStart(site, execution, decision);
  live.run = started.name;
  try {
    return await runStarted(site, links, { ...execution, started, order: order(started) });
  } finally {
    live.run = null;
  }
}

/** Records that a command is not run. `ref` cites its start, its request or the policy that says so. */
export async function refuse(
  site: Site,
  { session, command }: Pick<Execution, 'session' | 'command'>,
  { refusal, ref }: { refusal: Refusal; ref?: Refs | undefined },
): Promise<Ended> {
  const entry = await record(site.ledger, {
    kind: 'command.refused',
    session: session.id,
    endpoint: session.endpoint.id,
    ...(ref === undefined ? {} : { ref }),
    disclosed: command.disclosed,
    fields: { ...refusal, statement: command.envelope },
    isEssential: true,
  });
  return { entry, end: { kind: 'refused', code: refusal.code, message: refusal.why } };
}

/** What the entries of a command cite: the statements in force. */
export function refsInForce({ policy, roster, authority }: Site): {
  policy: string;
  roster: string;
  authority: string;
} {
  return { policy: policy.entry, roster: roster.entry, authority: authority.entry };
}

function recordStart(
  site: Site,
  { session, command, purpose, consent }: Execution,
  decision: Decision,
): Promise<Recorded> {
  return record(site.ledger, {
    kind: 'command.started',
    session: session.id,
    endpoint: session.endpoint.id,
    ref: { ...refsInForce(site), ...consentRefs(consent) },
    disclosed: command.disclosed,
    fields: { purpose, decision: recordedDecision(decision), statement: command.envelope },
  });
}

function consentRefs({ request, grants }: Consent): Refs {
  const last = grants.at(-1);
  if (request === null || last === undefined) return {};
  return { request: request.name, approval: last.name };
}

/** Makes orders with the statements that are in force at this moment, which its start will cite. */
function orderOf(site: Site, { session, consent }: Execution): (started: Recorded) => Run['order'] {
  const inForce = {
    roster: site.roster.envelope,
    authority: site.authority.envelope,
    policy: site.policy.envelope,
  };
  const { envelope, endpoint } = session;
  return (started) => (seen) =>
    makeOrder(site, { started, ...consent, ...inForce, session: envelope, endpoint }, seen);
}

interface Started extends Execution {
  readonly started: Recorded;
  readonly order: Run['order'];
}

async function runStarted(site: Site, links: EndpointLinks, parts: Started): Promise<Ended> {
  const { session, live, started, order } = parts;
  if (live.stopped !== null) {
    const ref = { command: started.name };
    return refuse(site, parts, { refusal: refusalBy(live.stopped), ref });
  }
  const taken = { stdout: 0, stderr: 0 };
  const ending: { ended: Ended | null } = { ended: null };
  try {
    await links.run({
      endpoint: session.endpoint.id,
      run: started.name,
      maxOutputBytes: parts.command.fields.output_limit,
      order,
      onOutput: async (output) => {
        await parts.onOutput(started, output);
        taken[output.stream] += output.bytes.length;
      },
      onEnd: async (reported) => {
        const stop = live.stopped;
        const end = reported.kind === 'exited' ? fitted(reported, { taken, stop }) : reported;
        await parts.onEnd?.(started, end);
        ending.ended = { end, entry: await recordEnd(site, parts, end) };
      },
    });
  } catch (cause) {
    // an order that does not hold was not sent: the endpoint ran nothing
    if (!(cause instanceof VerifyError)) throw cause;
    const refusal = { by: 'appliance', code: cause.code, why: cause.message } as const;
    return refuse(site, parts, { refusal, ref: { command: started.name } });
  }
  if (ending.ended === null) throw new Error('unreachable: a run that is over has its end');
  return ending.ended;
}

async function recordEnd(site: Site, parts: Started, end: RunEnd): Promise<Recorded> {
  const ref = { command: parts.started.name };
  if (end.kind === 'refused') {
    const refusal = {
      by: 'agent',
      code: end.code.toWellFormed(),
      why: end.message.toWellFormed(),
    } as const;
    return (await refuse(site, parts, { refusal, ref })).entry;
  }
  return record(site.ledger, {
    kind: 'command.exited',
    session: parts.session.id,
    endpoint: parts.session.endpoint.id,
    ref,
    fields: {
      outcome: end.outcome,
      exit_code: end.exitCode,
      signal: end.signal,
      duration_ms: end.durationMs,
      stdout_bytes: end.stdoutBytes,
      stderr_bytes: end.stderrBytes,
      dropped_bytes: end.droppedBytes,
      problem: end.problem,
    },
    isEssential: true,
  });
}

type Exited = Extract<RunEnd, { kind: 'exited' }>;
type Taken = Readonly<Record<RunOutput['stream'], number>>;

/** An end as it goes on record: the output that is there is what counts, whatever the endpoint counted. */
function fitted(end: Exited, { taken, stop }: { taken: Taken; stop: Stop | null }): Exited {
  const problem = problemOf(end, { taken, stop });
  return {
    ...end,
    signal: end.signal?.toWellFormed() ?? null,
    durationMs: end.durationMs === null ? null : Math.round(end.durationMs),
    stdoutBytes: taken.stdout,
    stderrBytes: taken.stderr,
    droppedBytes: Math.round(end.droppedBytes),
    problem: problem === '' ? null : problem.toWellFormed(),
  };
}

/**
 * What is to be said of an end: in our words first, who stopped it among them. The endpoint's own come last, and are
 * called its own, so that none of them reads as ours.
 */
function problemOf(
  { by, outcome, problem, stdoutBytes, stderrBytes }: Exited,
  { taken, stop }: { taken: Taken; stop: Stop | null },
): string {
  const isAsTaken = stdoutBytes === taken.stdout && stderrBytes === taken.stderr;
  const isOdd = !isAsTaken && outcome !== 'interrupted';
  const isEndpoints = by === 'agent' && problem !== null;
  const parts = [
    isEndpoints ? null : problem,
    stopWords(outcome, stop),
    isOdd ? `The endpoint says that it sent ${stdoutBytes} and ${stderrBytes} bytes.` : null,
    isEndpoints ? `The endpoint says: ${problem}` : null,
  ];
  return parts.filter((part) => part !== null).join(' ');
}

/** Who wanted that it did not come to its own end. */
function stopWords(outcome: Exited['outcome'], stop: Stop | null): string | null {
  if (outcome !== 'cancelled' && outcome !== 'interrupted') return null;
  if (stop !== null) return `Stopped by ${stop.name}.`;
  return outcome === 'cancelled' ? 'The endpoint stopped it: nobody had asked for that.' : null;
}
