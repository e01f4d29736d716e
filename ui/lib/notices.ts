// What a notice says: who, what they do, on which machine. It may lie on a locked screen: no command, no reason, nothing
// that somebody typed.

import type { RequestItem } from '#appliance/protocol/client-message.ts';
import type { SessionSummary } from '#appliance/protocol/session-summary.ts';
import { visibleText } from '#crypto/visible.ts';

export interface Notice {
  /** One thing has one tag: several open pages show it once. */
  readonly tag: string;
  readonly title: string;
  /** Where: client and site. */
  readonly body: string;
  /** The page that a click opens. */
  readonly href: string;
}

/** A site, as notices name it. */
export interface NoticePlace {
  readonly id: string;
  /** Client and site. */
  readonly name: string;
}

/** So many characters of a name: a screen shows little more than the beginning. */
const MAX_NAME_CHARS = 40;
const DAY_MS = 86_400_000;
/** A roster that ends within so long is about to end. */
export const ROSTER_SOON_MS = 14 * DAY_MS;

type Asked = Pick<RequestItem, 'request' | 'technician' | 'endpointName' | 'session'>;

/** Somebody asks; null: who and where is not known, for this browser is locked or the site is away. */
export function waitingNotice(place: NoticePlace, asked: Asked | null): Notice {
  if (asked === null) {
    const title = `A request waits at ${short(place.name)}`;
    return {
      tag: `waits ${place.id}`,
      title,
      body: 'Unlock this browser to see it',
      href: '/requests',
    };
  }
  const title = `${short(asked.technician)} asks to run a command on ${short(asked.endpointName)}`;
  return { tag: `waits ${asked.request}`, title, ...at(place), href: sessionPage(place, asked) };
}

type Decided = Asked & Pick<RequestItem, 'state' | 'decidedBy'>;

/** One's own request ended; null for one that waits still, or that one took back oneself. */
export function decidedNotice(place: NoticePlace, decided: Decided): Notice | null {
  const machine = short(decided.endpointName);
  const by = short(decided.decidedBy.at(-1) ?? 'Somebody');
  const title = (): string | null => {
    switch (decided.state) {
      case 'waiting':
        return null;
      case 'granted':
        return `${by} approved your request on ${machine}`;
      case 'denied':
        return `${by} denied your request on ${machine}`;
      case 'expired':
        return `Nobody decided your request on ${machine} in time`;
      case 'withdrawn':
        return by === short(decided.technician)
          ? null
          : `${by} took back your request on ${machine}`;
      default:
        throw new Error(`unreachable: state ${String(decided.state satisfies never)}`);
    }
  };
  const said = title();
  if (said === null) return null;
  const tag = `decided ${decided.request}`;
  return { tag, title: said, ...at(place), href: sessionPage(place, decided) };
}

/** Somebody opened a session; `session` is null when it is not known who. */
export function sessionNotice(
  place: NoticePlace,
  machine: { readonly name: string; readonly session: string },
  session: Pick<SessionSummary, 'technician'> | null,
): Notice {
  const on = short(machine.name);
  const title =
    session === null
      ? `A session was opened on ${on}`
      : `${short(session.technician)} opened a session on ${on}`;
  const { session: id } = machine;
  return { tag: `session ${id}`, title, ...at(place), href: sessionPage(place, { session: id }) };
}

/** A machine went offline. */
export function machineNotice(
  place: NoticePlace,
  machine: { readonly id: string; readonly name: string },
): Notice {
  const title = `${short(machine.name)} went offline`;
  const href = `/sites/${place.id}/endpoints/${machine.id}`;
  return { tag: `offline ${machine.id}`, title, ...at(place), href };
}

/** A site's appliance went, and did not come back. */
export function siteNotice(place: NoticePlace): Notice {
  const title = `${short(place.name)} cannot be reached`;
  const body = 'Its appliance is not connected to the console. Work on site goes on.';
  return { tag: `away ${place.id}`, title, body, href: `/sites/${place.id}` };
}

/** The roster is about to end, or has ended; null when there is time. */
export function rosterNotice({
  expires,
  nowMs,
}: {
  expires: string;
  nowMs: number;
}): Notice | null {
  const leftMs = Date.parse(expires) - nowMs;
  if (leftMs > ROSTER_SOON_MS) return null;
  const days = Math.ceil(leftMs / DAY_MS);
  const title =
    leftMs <= 0
      ? 'The roster has ended: sites let nobody work'
      : `The roster ends in ${days === 1 ? 'a day' : `${days} days`}`;
  const body = 'An owner renews it: Settings, People.';
  return { tag: 'roster', title, body, href: '/settings/people' };
}

function at({ name }: NoticePlace): { body: string } {
  return { body: visibleText(name).slice(0, 2 * MAX_NAME_CHARS) };
}

function sessionPage({ id }: NoticePlace, { session }: { readonly session: string }): string {
  return `/sites/${id}/sessions/${session}`;
}

/** A name as a line: sites choose them. */
function short(name: string): string {
  const line = visibleText(name);
  return line.length > MAX_NAME_CHARS ? `${line.slice(0, MAX_NAME_CHARS - 1)}…` : line;
}
