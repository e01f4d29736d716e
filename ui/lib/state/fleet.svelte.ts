// The fleet on the page: what the load gave, moved on by what the host tells while the page is open.

import { type FleetRow, rowKey, searchRows, searchText } from '#ui/lib/fleet.ts';

/** What `/api/events` tells of endpoints. */
export type FleetEvent =
  | { readonly kind: 'endpoints'; readonly items: readonly FleetRow[] }
  | { readonly kind: 'gone'; readonly siteId: string; readonly ids: readonly string[] };

interface Indexed {
  readonly row: FleetRow;
  readonly text: string;
}

export class FleetState {
  #rows = $state.raw<ReadonlyMap<string, Indexed>>(new Map());
  query = $state('');
  readonly shown = $derived(searchRows([...this.#rows.values()], this.query));
  readonly all = $derived([...this.#rows.values()].map(({ row }) => row));

  constructor(rows: readonly FleetRow[]) {
    this.replace(rows);
  }

  /** Begins anew with what was loaded: it is all there is. */
  replace(rows: readonly FleetRow[]): void {
    this.#rows = new Map(rows.map((row) => [rowKey(row), indexed(row)]));
  }

  /** Takes events in; one assignment however many come at once. */
  take(events: readonly FleetEvent[]): void {
    const rows = new Map(this.#rows);
    for (const event of events) {
      if (event.kind === 'gone') {
        for (const id of event.ids) rows.delete(rowKey({ siteId: event.siteId, id }));
      } else {
        for (const row of event.items) rows.set(rowKey(row), indexed(row));
      }
    }
    this.#rows = rows;
  }
}

function indexed(row: FleetRow): Indexed {
  return { row, text: searchText(row) };
}
