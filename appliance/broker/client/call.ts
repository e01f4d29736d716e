// One call of a client: who asks, what the answer may use, and how events go back while it lasts.

import type { Approver, Member } from '#crypto/statement.ts';
import type { SitePins } from '#agent/protocol/enrol-message.ts';
import type { Requests } from '../../gate/requests.ts';
import type {
  AnswerOf,
  ClientEvent,
  ClientRequestOf,
  ClientVerb,
} from '../../protocol/client-message.ts';
import type { Commands } from '../../work/commands.ts';
import { WorkError } from '../../work/error.ts';
import type { Session } from '../../work/session.ts';
import type { Sessions } from '../../work/sessions.ts';
import { keyText, type Site } from '../../work/site.ts';
import type { Tokens } from '../../work/tokens.ts';
import type { AgentLinks } from '../agent-links.ts';
import type { Alarms } from '../alarms.ts';
import type { Guests } from '../guests.ts';

/** What the appliance is made of, as far as clients reach it. */
export interface Desk {
  readonly site: Site;
  readonly links: AgentLinks;
  readonly sessions: Sessions;
  readonly commands: Commands;
  readonly requests: Requests;
  readonly tokens: Tokens;
  /** What the site itself raises: forged statements. */
  readonly alarms: Alarms;
  /** Peers of unpinned keys, and the devices of members among them. */
  readonly guests: Guests;
  /** What endpoints pin, with the addresses of now. */
  readonly pins: () => SitePins;
  readonly about: {
    readonly software: string;
    readonly startedAtMs: number;
    readonly http: () => string | null;
    readonly diskFreeBytes: () => Promise<number>;
  };
  /** Closes a peer's connections at once. */
  readonly disconnect: (publicKey: Uint8Array) => void;
}

/** Who asks: the key that Noise proved, and who that is here at this moment. */
export interface Caller {
  /** The peer's; a member's own, or that of a member's device. */
  readonly publicKey: Uint8Array;
  readonly member: Member | null;
  readonly approver: Approver | null;
}

export interface Call {
  readonly desk: Desk;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  /** Aborts when the client is gone, also after the call. */
  readonly left: AbortSignal;
  /** Sends an event; resolves when the client's stream has taken it. */
  readonly emit: (event: ClientEvent) => Promise<void>;
}

export type Handler<V extends ClientVerb> = (
  request: ClientRequestOf<V>,
  call: Call,
) => Promise<AnswerOf<V>>;

/** Who this key is at the site now: by itself, or as the device of a member. */
export function callerOf(
  { site, guests }: Pick<Desk, 'site' | 'guests'>,
  publicKey: Uint8Array,
): Caller {
  const key = keyText(publicKey);
  const { approvers } = site.authority.signed.statement;
  const deviceOf = guests.memberKeyOf(publicKey);
  return {
    publicKey,
    member: site.memberOf(deviceOf ?? key),
    approver: approvers.find((approver) => approver.key === key) ?? null,
  };
}

/** The caller's name, for the record. */
export function nameOf({ member, approver }: Caller): string {
  return member?.name ?? approver?.name ?? 'nobody';
}

/** @throws {WorkError} code `not-allowed` unless the caller is in the roster with one of these roles */
export function demandRole(caller: Caller, roles: readonly Member['role'][]): Member {
  const { member } = caller;
  if (member === null || !roles.includes(member.role)) {
    throw new WorkError('not-allowed', `Not allowed: this needs the role ${roles.join(' or ')}`);
  }
  return member;
}

/** @throws {WorkError} code `not-allowed` unless the caller is of the roster or an approver */
export function demandKnown({ member, approver }: Caller): void {
  if (member === null && approver === null) {
    throw new WorkError('not-allowed', 'Not allowed: your key is no longer known at this site');
  }
}

/** Whether the caller is the technician whose session it is. */
export function isTechnician({ technician }: Session, { member }: Caller): boolean {
  return member !== null && member.key === technician.key;
}
