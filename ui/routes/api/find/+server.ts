// Machines, sites and clients of the organisation by their names, for the palette.

import { json } from '@sveltejs/kit';

import { visibleText } from '#crypto/visible.ts';
import { chooseDestinations, type Destination } from '#ui/lib/destination.ts';
import { actorOf, orError } from '#ui/server/request.ts';
import type { RequestHandler } from './$types';

/** More of each would be no list to choose from. */
const LIMIT = 12;

export const GET: RequestHandler = async ({ locals, url }) => {
  const { directory } = actorOf(locals);
  const text = url.searchParams.get('q') ?? '';
  const [{ items }, sites, clients] = await orError(() =>
    Promise.all([
      directory.endpoints({ text, limit: LIMIT }),
      directory.sites(),
      directory.clients(),
    ]),
  );
  const machines = items.map(({ siteId, id, name, clientName, siteName }): Destination => {
    const note = visibleText(`${clientName} · ${siteName}`);
    return {
      ...{ href: `/sites/${siteId}/endpoints/${id}`, title: visibleText(name), note },
      group: 'Machines',
    };
  });
  const places = sites.map(({ id, name, clientName }): Destination => {
    const names = { title: visibleText(name), note: visibleText(clientName) };
    return { href: `/sites/${id}`, ...names, group: 'Sites' };
  });
  const parties = clients.map(({ id, name, sites: count }): Destination => {
    const names = { title: visibleText(name), note: count === 1 ? '1 site' : `${count} sites` };
    return { href: `/clients/${id}`, ...names, group: 'Clients' };
  });
  const found = [
    ...machines,
    ...[places, parties].flatMap((each) => chooseDestinations(each, text).slice(0, LIMIT)),
  ];
  return json({ found }, { headers: { 'cache-control': 'no-store' } });
};
