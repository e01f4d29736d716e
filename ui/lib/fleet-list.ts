// The fleet as one list: clients, their sites, and the machines of each under its site's line. Pure.

import { type FleetRow, foldText, rowKey, stateWords } from './fleet.ts';

/** A site, as the host tells of it. */
export interface FleetSite {
  readonly id: string;
  readonly name: string;
  readonly clientId: string;
  readonly clientName: string;
  readonly state: string;
}

export type FleetItem =
  | {
      readonly kind: 'site';
      readonly key: string;
      readonly site: FleetSite;
      /** Of the machines that are listed under it. */
      readonly machines: number;
      readonly online: number;
    }
  | { readonly kind: 'machine'; readonly key: string; readonly row: FleetRow };

/** Puts machines under their sites. Sites without any stand there too, unless somebody searches. */
export function fleetList(
  rows: readonly FleetRow[],
  { sites, isSearch }: { sites: readonly FleetSite[]; isSearch: boolean },
): readonly FleetItem[] {
  const groups = new Map<string, { site: FleetSite; rows: FleetRow[] }>();
  const known = new Map(sites.map((site) => [site.id, site]));
  if (!isSearch) for (const site of sites) groups.set(site.id, { site, rows: [] });
  for (const row of rows) {
    const { siteId, siteName, clientId, clientName } = row;
    let group = groups.get(siteId);
    if (group === undefined) {
      const told = { id: siteId, name: siteName, clientId, clientName, state: 'claimed' };
      group = { site: known.get(siteId) ?? told, rows: [] };
      groups.set(siteId, group);
    }
    group.rows.push(row);
  }
  return [...groups.values()]
    .map((group) => ({ ...group, place: placeOf(group.site) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .flatMap(({ site, rows: machines }): FleetItem[] => [
      {
        ...{ kind: 'site', key: site.id, site, machines: machines.length },
        online: machines.filter((row) => stateWords(row).text === 'online').length,
      },
      ...machines.map((row): FleetItem => ({ kind: 'machine', key: rowKey(row), row })),
    ]);
}

/** How many machines, and how they are: `3 machines · 2 online`. */
export function siteWords({
  site,
  machines,
  online,
}: Pick<FleetItem & { kind: 'site' }, 'site' | 'machines' | 'online'>): string {
  if (site.state === 'invited') return 'waits for its appliance';
  if (site.state === 'joined') return 'waits to be claimed';
  if (site.state === 'claiming') return 'waits for its contact';
  if (machines === 0) return 'no machine yet';
  return `${machines === 1 ? '1 machine' : `${machines} machines`} · ${online} online`;
}

function placeOf({ clientName, name, id }: FleetSite): string {
  return [foldText(clientName), foldText(name), id].join('\0');
}
