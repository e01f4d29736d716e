// Who somebody is, whichever provider says so. It lets them see the console; at a site it grants nothing.

/** What people may be in an organisation, from the most that may be done to the least. */
export const CONSOLE_ROLES = ['owner', 'technician', 'reviewer', 'read-only'] as const;
export type Role = (typeof CONSOLE_ROLES)[number];

/** A person as the provider knows them, at the time of one request. */
export interface Identity {
  /** Who says so: `built-in`, or the address of Clerk's instance. With `subject` it never changes. */
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly email: string;
  /** Null: signed in, but of no organisation. */
  readonly organisation: { readonly externalId: string; readonly name: string } | null;
  readonly role: Role;
  /** When they signed in, in milliseconds since 1970. */
  readonly authTimeMs: number;
  /** How they signed in: `password`, `code`, `backup-code`, `passkey`, or what the provider says. */
  readonly methods: readonly string[];
}

/** Where identities come from. */
export interface IdentityProvider {
  readonly kind: 'built-in' | 'clerk';
  /** Who makes this request; null when nobody who is signed in. Never reaches over the network. */
  authenticate(request: Request): Promise<Identity | null>;
}
