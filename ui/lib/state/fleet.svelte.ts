// The fleet on the page: what the load gave, moved on by what the host tells while the page is open.

import { asHeard, type FleetRow, rowKey, searchRows, searchText } from '#ui/lib/fleet.ts';

/** What `/api/events` tells of endpoints. */
export type FleetEvent =
  | { readonly kind: 'endpoints'; readonly items: readonly FleetRow[] }
  | { readonly kind: 'gone'; readonly siteId: string; readonly ids: readonly string[] };

/** What is told of sites beside their machines: whose appliance came or went. */
export interface FleetSiteEvent {
  readonly kind: 'site';
  readonly siteId: string;
  readonly link?: 'came' | 'went';
}

/** What was loaded: it is all there is. */
export interface LoadedFleet {
  readonly rows: readonly FleetRow[];
  /** Sites that are not linked with the host. */
  readonly away: ReadonlySet<string>;
}

interface Indexed {
  readonly row: FleetRow;
  readonly text: string;
}

export class FleetState {
  #rows = $state.raw<ReadonlyMap<string, Indexed>>(new Map());
  #away = $state.raw<ReadonlySet<string>>(new Set());
  query = $state('');
  readonly #heard = $derived([...this.#rows.values()].map((each) => heard(each, this.#away)));
  readonly shown = $derived(searchRows(this.#heard, this.query));
  readonly all = $derived(this.#heard.map(({ row }) => row));

  constructor(loaded: LoadedFleet) {
    this.replace(loaded);
  }

  /** Begins anew with what was loaded. */
  replace({ rows, away }: LoadedFleet): void {
    this.#rows = new Map(rows.map((row) => [rowKey(row), indexed(row)]));
    this.#away = away;
  }

  /** Takes events in; one assignment however many come at once. */
  take(events: readonly (FleetEvent | FleetSiteEvent)[]): void {
    const rows = new Map(this.#rows);
    const away = new Set(this.#away);
    for (const event of events) {
      if (event.kind === 'site') {
        if (event.link === 'went') away.add(event.siteId);
        else away.delete(event.siteId); // it said something: it is there
      } else if (event.kind === 'gone') {
        for (const id of event.ids) rows.delete(rowKey({ siteId: event.siteId, id }));
      } else {
        for (const row of event.items) rows.set(rowKey(row), indexed(row));
      }
    }
    this.#rows = rows;
    this.#away = away;
  }
}

function heard({ row, text }: Indexed, away: ReadonlySet<string>): Indexed {
  return { row: asHeard(row, !away.has(row.siteId)), text };
}

function indexed(row: FleetRow): Indexed {
  return { row, text: searchText(row) };
}
