// Where the palette can take somebody: pages, things to do, and whatever the host finds by name.

import * as z from 'zod';

import { foldText } from './fleet.ts';

export const DESTINATION_GROUPS = ['Pages', 'Actions', 'Machines', 'Sites', 'Clients'] as const;

export const destinationSchema = z.object({
  href: z.string(),
  title: z.string(),
  note: z.string(),
  group: z.enum(DESTINATION_GROUPS),
});

export type Destination = Readonly<z.infer<typeof destinationSchema>>;

/** What `/api/find` answers. */
export const foundSchema = z.object({ found: z.array(destinationSchema) });

const PAGES: readonly Destination[] = [
  { href: '/', title: 'Fleet', note: 'g e', group: 'Pages' },
  { href: '/sessions', title: 'Sessions', note: 'g s', group: 'Pages' },
  { href: '/requests', title: 'Requests', note: 'g r', group: 'Pages' },
  { href: '/settings/people', title: 'People', note: 'accounts and keys', group: 'Pages' },
  { href: '/settings/sites', title: 'Sites', note: 'clients, sites, tokens', group: 'Pages' },
  { href: '/settings/changes', title: 'Changes', note: 'who changed what here', group: 'Pages' },
  { href: '/settings/account', title: 'Your account', note: 'keys, sign-in', group: 'Pages' },
  {
    href: '/settings/notifications',
    title: 'Notifications',
    note: 'what to be told',
    group: 'Pages',
  },
  { href: '/settings/account', title: 'Light or dark', note: '', group: 'Actions' },
];

/** What only an owner can do there. */
const OWNERS_ACTIONS: readonly Destination[] = [
  { href: '/settings/sites', title: 'Add a site', note: '', group: 'Actions' },
  { href: '/settings/people#invite-title', title: 'Invite somebody', note: '', group: 'Actions' },
];

/** The pages, and what somebody of this role can do on them. */
export function pagesFor(role: string): readonly Destination[] {
  return role === 'owner' ? [...PAGES, ...OWNERS_ACTIONS] : PAGES;
}

/** Those that hold every word of a search; all without one. */
export function chooseDestinations(
  destinations: readonly Destination[],
  query: string,
): readonly Destination[] {
  const words = foldText(query).split(/\s+/).filter(Boolean);
  return destinations.filter(({ title, note }) => {
    const text = foldText(`${title} ${note}`);
    return words.every((word) => text.includes(word));
  });
}
