// What the session page says of commands, requests and the link, in plain words. Pure: the time comes in.

import { awayWords } from './away-words.ts';
import { refusalWords } from './refusal-words.ts';
import type { LinkState } from './site.ts';
import {
  type CommandCard,
  commandStatus,
  type ExitPart,
  type RequestPart,
} from './session-card.ts';
import { formatDuration } from './time.ts';

export interface StatusWords {
  readonly tone: 'idle' | 'good' | 'warn' | 'bad' | 'busy';
  readonly text: string;
}

/** How a command is, for its chip. `nowMs` is null when the page learns no more of it. */
export function statusWords(card: CommandCard, nowMs: number | null): StatusWords {
  const status = commandStatus(card);
  switch (status) {
    case 'preparing':
      return { tone: 'busy', text: card.before === null ? 'Preparing' : 'State before' };
    case 'waiting':
      if (nowMs === null) return { tone: 'idle', text: 'Waited for approval' };
      return { tone: 'warn', text: 'Waits for approval' };
    case 'approved':
      return { tone: 'busy', text: 'Approved, starting' };
    case 'running': {
      if (nowMs === null) return { tone: 'idle', text: 'Was running' };
      const spentMs = nowMs - Date.parse(card.started?.at ?? '');
      return { tone: 'busy', text: `Running ${formatDuration(Math.max(0, spentMs))}` };
    }
    case 'succeeded':
    case 'failed':
      return exitWords(card.exit, status);
    case 'refused':
      return { tone: 'bad', text: 'Not run: refused' };
    case 'denied':
      return { tone: 'bad', text: 'Not run: denied' };
    case 'expired':
      return { tone: 'warn', text: 'Not run: nobody decided in time' };
    case 'withdrawn':
      return { tone: 'idle', text: 'Not run: withdrawn' };
    default:
      throw new Error(`unreachable: status ${String(status satisfies never)}`);
  }
}

function exitWords(exit: ExitPart | null, status: 'succeeded' | 'failed'): StatusWords {
  const took = exit?.durationMs == null ? '' : `, ${formatDuration(exit.durationMs)}`;
  return {
    tone: status === 'succeeded' ? 'good' : 'bad',
    text: `${endWords(exit)}${took}`,
  };
}

function endWords(exit: ExitPart | null): string {
  const outcome = exit?.outcome ?? null;
  switch (outcome) {
    case null:
      return 'Ended (how is withheld)';
    case 'exited':
      return `Exit code ${exit?.code ?? 'withheld'}`;
    case 'signalled':
      return `Ended by ${exit?.signal ?? 'a signal'}`;
    case 'timed-out':
      return 'Timed out';
    case 'cancelled':
      return 'Cancelled';
    case 'not-started':
      return 'Could not be started';
    case 'interrupted':
      return 'Lost: the endpoint went away while it ran';
    default:
      throw new Error(`unreachable: outcome ${String(outcome satisfies never)}`);
  }
}

/** What a request waits for, or how it ended. `nowMs` is null when the page learns no more of it. */
export function requestWords(request: RequestPart, nowMs: number | null): string {
  const { state, needed, grants, ended, expires } = request;
  switch (state) {
    case 'waiting': {
      if (nowMs === null) return 'The client was asked; this page does not hear the answer';
      const leftMs = Date.parse(expires) - nowMs;
      const left = leftMs > 0 ? `${formatDuration(leftMs)} left` : 'its time is over';
      const have = needed === 1 ? '' : `, ${grants.length} of ${needed} approvals`;
      return `The client is asked${have}: ${left}`;
    }
    case 'granted':
      return `Approved by ${grants.map(({ approver }) => approver).join(' and ')}`;
    case 'denied':
      return `Denied by ${ended?.by ?? 'an approver'}`;
    case 'expired':
      return 'Nobody decided in time, so it was not run';
    case 'withdrawn':
      return `Taken back by ${ended?.by ?? 'somebody'}`;
    default:
      throw new Error(`unreachable: request ${String(state satisfies never)}`);
  }
}

/** So long after a reminder the appliance takes the next one. */
const REMIND_EVERY_MS = 60_000;

/** When its approvers may be reminded again; null: at once. */
export function remindAtMs({ asked }: Pick<RequestPart, 'asked'>, nowMs: number): number | null {
  const last = asked.findLast(({ by }) => by !== null);
  const nextMs = last === undefined ? NaN : Date.parse(last.at) + REMIND_EVERY_MS;
  return nextMs > nowMs ? nextMs : null;
}

/** Who was asked, or reminded by whom. */
export function askedWords({ to, by, channel }: RequestPart['asked'][number]): string {
  const whom = to ?? 'every approver';
  return by === null ? `Asked ${whom}, by ${channel}` : `${by} reminded ${whom}, by ${channel}`;
}

/** What the session page says of the link. */
export interface LinkWords {
  readonly tone: 'info' | 'warn' | 'bad';
  readonly title: string;
  readonly text: string;
  /** Whether the next try is waited for or under way; null: nothing is tried again. */
  readonly retry: 'waits' | 'tries' | null;
}

/** How the link is; null while there is nothing to say. Between two tries it says the same, but for when. */
export function linkWords(state: LinkState, nowMs: number): LinkWords | null {
  switch (state.kind) {
    case 'open':
    case 'closed':
      return null;
    case 'connecting':
      if (state.why !== null) return awayLinkWords(state.why, { when: 'now …', retry: 'tries' });
      return {
        ...{ tone: 'info', title: 'Connecting to the site …', retry: null },
        text: 'What runs there goes on and is recorded.',
      };
    case 'away': {
      const leftS = Math.max(0, Math.ceil((state.retryAtMs - nowMs) / 1000));
      return awayLinkWords(state.why, { when: `in ${leftS} s.`, retry: 'waits' });
    }
    case 'refused': {
      const { title, why, next } = refusalWords(state);
      return { tone: 'bad', title: `${title}: ${why}.`, text: next, retry: null };
    }
    default:
      throw new Error(`unreachable: link ${JSON.stringify(state satisfies never)}`);
  }
}

function awayLinkWords(
  why: string,
  { when, retry }: { when: string; retry: 'waits' | 'tries' },
): LinkWords {
  return {
    ...{ tone: 'warn', title: `The site cannot be reached; trying again ${when}`, retry },
    text: `Unless its appliance was ended, what runs there goes on and is recorded. (${awayWords(why)})`,
  };
}
