// The fleet as its page shows it: rows out of what the host told, searched as one types. Pure.

/** One endpoint, as the host's directory knows it. */
export interface FleetRow {
  readonly siteId: string;
  readonly siteName: string;
  readonly clientId: string;
  readonly clientName: string;
  readonly id: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly state: string;
  readonly seenAt: string | null;
  readonly software: string | null;
  readonly host: Readonly<Record<string, string | number | null>> | null;
  readonly openSession: string | null;
  readonly isVerified: boolean;
  readonly note: string;
}

export type Tone = 'good' | 'warn' | 'bad' | 'idle';

/** The state of a machine that was there when its site was last heard: how it is now, nobody here knows. */
const SITE_AWAY = 'site-away';

/** A row as far as it can be believed: a site that is away tells nothing of its machines. */
export function asHeard(row: FleetRow, isSiteOnline: boolean): FleetRow {
  const isPresent = row.state === 'online' || row.state === 'reconnecting';
  return isSiteOnline || !isPresent ? row : { ...row, state: SITE_AWAY };
}

/** A row's state in words, and how it stands out. Unknown states are shown as they came. */
export function stateWords({ state, isVerified }: FleetRow): { text: string; tone: Tone } {
  if (!isVerified) return { text: 'pending', tone: 'warn' };
  switch (state) {
    case 'online':
      return { text: 'online', tone: 'good' };
    case 'reconnecting':
      return { text: 'reconnecting', tone: 'warn' };
    case 'offline':
      return { text: 'offline', tone: 'bad' };
    case SITE_AWAY:
      return { text: 'site away', tone: 'bad' };
    case 'never-seen':
      return { text: 'never seen', tone: 'idle' };
    default:
      return { text: state, tone: 'idle' };
  }
}

/** `client/site/name` and all else that a search looks in, folded. */
export function searchText(row: FleetRow): string {
  const host = Object.values(row.host ?? {}).filter((value) => typeof value === 'string');
  const { clientName, siteName, name, labels, note } = row;
  return foldText([clientName, siteName, name, ...labels, note, ...host].join('\n'));
}

/** Text as searches compare it. */
export function foldText(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** Key of a row: endpoint ids are unique in a site only as far as its appliance is honest. */
export function rowKey({ siteId, id }: Pick<FleetRow, 'siteId' | 'id'>): string {
  return `${siteId}/${id}`;
}

/** Rows whose text, or whose state as it is shown, holds every word of a search; all without one. */
export function searchRows(
  rows: readonly { readonly row: FleetRow; readonly text: string }[],
  query: string,
): readonly FleetRow[] {
  const words = foldText(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows.map(({ row }) => row);
  return rows
    .filter(({ row, text }) => {
      const state = shownState(row);
      return words.every((word) => text.includes(word) || state.includes(word));
    })
    .map(({ row }) => row);
}

/** What a card says of how a machine is. */
function shownState(row: FleetRow): string {
  const { text } = stateWords(row);
  return foldText(row.openSession === null ? text : `${text}\nsession open`);
}

/** How many are in which state, for the line above the list. */
export function countStates(rows: readonly FleetRow[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const { text } = stateWords(row);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}
