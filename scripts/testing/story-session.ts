// A session of the story: opened, talked in, closed.

import { encodeUtf8 } from '#crypto/bytes.ts';
import { createDisclosure } from '#crypto/disclosure.ts';
import { type EntryFields, sealEntry } from '#crypto/entry.ts';
import type { Kind } from '#crypto/kind.ts';
import type { Refs } from '#crypto/leaf.ts';
import {
  type Envelope,
  signStatement,
  type StatementOf,
  statementSigner,
} from '#crypto/statement.ts';
import type { Signer } from '#crypto/webcrypto.ts';

import type { MemoryEntry } from './memory-log.ts';
import type { Person } from './story-people.ts';
import type { Site } from './story-site.ts';
import { basics } from './story-statements.ts';

export const STORY_SESSION = 'c2Vzc2lvbi0wMDAwMDAwMQ';

/** A session of a site: where its entries go, and the key that signs its commands. */
export interface Session {
  readonly site: Site;
  readonly id: string;
  readonly technician: Person;
  readonly delegate: Person;
  readonly opened: MemoryEntry;
  readonly statement: Envelope;
}

export async function openSession(
  site: Site,
  {
    id = STORY_SESSION,
    technician = site.people.alice,
    delegate = site.people.laptop,
    signer = technician.signer,
    over = {},
    ref = {},
  }: {
    id?: string;
    technician?: Person;
    delegate?: Person;
    signer?: Signer;
    over?: Partial<StatementOf<'session'>>;
    ref?: Refs;
  } = {},
): Promise<Session> {
  const reason = createDisclosure('reason', 'The card terminal is offline.');
  const ticket = createDisclosure('ticket', 'T-1042');
  const statement = await signStatement(
    {
      ...basics(technician),
      type: 'session',
      log: site.log.origin,
      endpoint: site.endpoint,
      session: id,
      delegate: delegate.key,
      digests: { reason: reason.digest, ticket: ticket.digest },
      ...over,
    },
    statementSigner(signer),
  );
  const opened = site.log.append({
    sealed: sealEntry(
      'session.opened',
      {
        technician: technician.name,
        technician_id: technician.id,
        endpoint_name: 'frontdesk-1',
        client: 'Miller Dental',
        site: 'Main Street',
        statement,
      },
      { disclosed: { reason, ticket } },
    ),
    endpoint: site.endpoint,
    session: id,
    ref: { roster: site.roster.name, enrolment: site.enrolled.name, ...ref },
  });
  return { site, id, technician, delegate, opened, statement };
}

/** Appends any entry of a session. */
export function record<K extends Kind>(
  { site, id }: Pick<Session, 'site' | 'id'>,
  kind: K,
  { fields, ref }: { fields: EntryFields<K>; ref?: Refs },
): MemoryEntry {
  return site.log.append({
    sealed: sealEntry(kind, fields),
    endpoint: site.endpoint,
    session: id,
    ...(ref !== undefined && { ref }),
  });
}

export function say(session: Session, from: 'technician' | 'client', text: string): MemoryEntry {
  const name = from === 'client' ? session.site.people.carol.name : session.technician.name;
  return record(session, 'chat.said', {
    fields: { from, name, text: { bytes: encodeUtf8(text) } },
  });
}

export function closeSession(session: Session): MemoryEntry {
  return record(session, 'session.closed', {
    fields: { by: session.technician.name, reason: 'technician', note: null, ticket: 'T-1042' },
  });
}
