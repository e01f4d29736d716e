// An event of the agent as one line of its log, for people or for programs.

import type { AgentEvent } from './agent.ts';
import { REMOVED_WORDS } from './error.ts';

export type LogFormat = 'text' | 'json';

/** Formats an event. One line whatever a peer said; times in UTC. */
export function formatEvent(
  event: AgentEvent,
  { format, atMs }: { format: LogFormat; atMs: number },
): string {
  const time = new Date(atMs).toISOString();
  if (format === 'json') return formatJson(event, time);
  return `${time} ${toOneLine(describe(event))}`;
}

function formatJson(event: AgentEvent, time: string): string {
  const { kind, ...rest } = event;
  const error = 'error' in event ? { error: messageOf(event.error) } : {};
  return JSON.stringify({ time, level: levelOf(event), event: kind, ...rest, ...error });
}

function levelOf(event: AgentEvent): 'info' | 'warn' | 'error' {
  switch (event.kind) {
    case 'alarm':
    case 'error':
      return 'error';
    case 'refused':
    case 'dropped':
    case 'orphan':
    case 'removed':
      return 'warn';
    case 'link':
      return event.state === 'waiting' ? 'warn' : 'info';
    case 'opened':
    case 'ready':
    case 'started':
    case 'ended':
      return 'info';
    default:
      throw new Error(`unreachable: event ${String(event satisfies never)}`);
  }
}

function describe(event: AgentEvent): string {
  switch (event.kind) {
    case 'link':
      return describeLink(event);
    case 'opened':
      return `endpoint ${event.name} (${event.endpoint}), key fingerprint ${event.fingerprint}`;
    case 'ready':
      return 'ready: the appliance takes this endpoint as online';
    case 'started':
      return `run ${event.run}: started`;
    case 'ended':
      return `run ${event.run}: ${event.outcome}${event.exitCode === null ? '' : ` with ${event.exitCode}`}`;
    case 'dropped':
      return `run ${event.run}: ended unrecorded, ${event.why}`;
    case 'refused':
      return `run ${event.run}: REFUSED (${event.code}) ${event.message}`;
    case 'orphan':
      return `run ${event.run}: was left running by an agent that died, and is ended now`;
    case 'alarm':
      return `ALARM (${event.code}) ${event.message}. The site's log is not to be trusted`;
    case 'removed':
      return `removed: ${REMOVED_WORDS}`;
    case 'error':
      return `error: ${messageOf(event.error)}`;
    default:
      throw new Error(`unreachable: event ${String(event satisfies never)}`);
  }
}

function describeLink({
  state,
  failures,
  retryInMs = 0,
  error,
}: Extract<AgentEvent, { kind: 'link' }>): string {
  switch (state) {
    case 'connecting':
      return failures === 0 ? 'link: connecting' : `link: connecting, after ${failures} failures`;
    case 'connected':
      return 'link: connected';
    case 'waiting': {
      const why = error === undefined ? 'it ended' : messageOf(error);
      return `link: ${why}; next attempt in ${(retryInMs / 1000).toFixed(1)} s`;
    }
    default:
      throw new Error(`unreachable: state ${String(state satisfies never)}`);
  }
}

/** The message of an error and of what caused it. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : 'unknown';
  const cause = error.cause === undefined ? '' : ` (${messageOf(error.cause)})`;
  return `${error.message}${cause}`;
}

/** What a peer says must not look like other lines of ours. */
function toOneLine(line: string): string {
  return line.toWellFormed().replace(/\p{C}+/gu, ' ');
}
