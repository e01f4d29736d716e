// Where the palette can take somebody.

export interface Destination {
  readonly href: string;
  readonly title: string;
  readonly note: string;
  readonly group: 'Pages' | 'Machines' | 'Sites';
}

/** The pages that are there for everybody. */
export const PAGES: readonly Destination[] = [
  { href: '/', title: 'Fleet', note: 'g e', group: 'Pages' },
  { href: '/sessions', title: 'Sessions', note: 'g s', group: 'Pages' },
  { href: '/requests', title: 'Requests', note: 'g r', group: 'Pages' },
  { href: '/settings/people', title: 'People', note: 'accounts and keys', group: 'Pages' },
  { href: '/settings/sites', title: 'Sites', note: 'clients, sites, tokens', group: 'Pages' },
  { href: '/settings/account', title: 'Your account', note: 'keys, sign-in', group: 'Pages' },
];
