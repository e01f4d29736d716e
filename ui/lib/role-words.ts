// What roles are called and what they may, for people.

/** What somebody may be in the console, from the most that may be done to the least. */
export const ROLE_WORDS = {
  owner: 'Owner: people, sites, keys, and all that a technician does',
  technician: 'Technician: works on machines',
  reviewer: 'Reviewer: reads and checks what others did',
  'read-only': 'Looks only: sees the console, works nowhere',
} as const;

/** The roles that a key in the roster may have. */
export const ROSTER_ROLES = ['owner', 'technician', 'reviewer'] as const;
export type RosterRole = (typeof ROSTER_ROLES)[number];

/** A role in one word or two. */
export function roleName(role: string): string {
  return role === 'read-only' ? 'looks only' : role;
}

/** The role in the roster that a role in the console suggests; null: none. */
export function rosterRoleOf(role: string): RosterRole | null {
  return ROSTER_ROLES.find((known) => known === role) ?? null;
}
