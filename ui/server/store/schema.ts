// The console's tables. Only types that SQLite and PostgreSQL share: text and integers. Times are ISO 8601 in UTC
// with milliseconds, truth is 0 or 1, lists and records are JSON text that its reader parses.
//
// better-auth's tables (`auth_…`) lie in the same database and are its own affair.

export interface Schema {
  organisation: OrganisationTable;
  person: PersonTable;
  client: ClientTable;
  site: SiteTable;
  endpoint: EndpointTable;
  note: NoteTable;
  device: DeviceTable;
  change: ChangeTable;
  notice_choice: NoticeChoiceTable;
  invitation: InvitationTable;
}

/** An MSP, as the provider of identities knows it. */
export interface OrganisationTable {
  id: string;
  issuer: string;
  external_id: string;
  name: string;
  /** The root set, as sites pin it. */
  root_keys: string | null;
  /** The roster in force: an envelope. */
  roster: string | null;
  roster_version: number;
  created_at: string;
}

/** Who signed in at least once, or is kept because things name them. */
export interface PersonTable {
  id: string;
  organisation_id: string;
  issuer: string;
  subject: string;
  name: string;
  email: string;
  role: string;
  signing_key: string | null;
  credential_id: string | null;
  key_state: string;
  created_at: string;
  seen_at: string;
  removed_at: string | null;
}

export interface ClientTable {
  id: string;
  organisation_id: string;
  name: string;
  /** The name as a search compares it. */
  folded: string;
  created_at: string;
}

export interface SiteTable {
  id: string;
  organisation_id: string;
  client_id: string;
  name: string;
  folded: string;
  state: string;
  /** SHA-256 of the secret of a join token, base64url. */
  token_hash: string | null;
  token_expires_at: string | null;
  peer_key: string | null;
  log_key: string | null;
  origin: string | null;
  /** Both keys as the organisation's root signed them: an envelope. */
  signed_keys: string | null;
  digest_level: string;
  software: string | null;
  checkpoint: string | null;
  checkpoint_size: number;
  /** Of the roster in force there. */
  roster_version: number;
  seen_at: string | null;
  created_at: string;
}

/** An endpoint as its site tells of it. */
export interface EndpointTable {
  site_id: string;
  id: string;
  name: string;
  /** Name, labels and system as a search compares them. */
  folded: string;
  labels: string;
  state: string;
  seen_at: string | null;
  software: string | null;
  host: string | null;
  open_session: string | null;
  is_verified: number;
}

/** A technician's note on an endpoint: the console's own, which stays when a site tells anew what it has. */
export interface NoteTable {
  site_id: string;
  endpoint_id: string;
  text: string;
}

/** A browser's key, and whose it is for how long. */
export interface DeviceTable {
  peer_key: string;
  /** Null: the key was registered before there were secrets. */
  secret_hash: string | null;
  organisation_id: string;
  person_id: string;
  expires_at: string;
  created_at: string;
}

/** What administrators did here. What happens at sites is in the sites' logs. */
export interface ChangeTable {
  id: string;
  organisation_id: string;
  at: string;
  person_id: string | null;
  what: string;
  detail: string;
}

/** Of what a person is told while a page is open. */
export interface NoticeChoiceTable {
  person_id: string;
  /** JSON: names of kinds. */
  kinds: string;
}

/** A place in an organisation of built-in accounts that was offered to somebody. */
export interface InvitationTable {
  id: string;
  organisation_id: string;
  /** SHA-256 of the link's secret, base64url. */
  secret_hash: string;
  email: string;
  role: string;
  expires_at: string;
  created_at: string;
  /** The owner; null for invitations of before this was kept. */
  invited_by: string | null;
}
