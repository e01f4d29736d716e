// Two organisations at one running console: Acme, with all that it may have there, and another that wants to know it.

import type { Actor } from '#ui/server/directory-actor.ts';
import { actorOf } from '#ui/server/directory-actor.ts';
import { openDirectory } from '#ui/server/directory.ts';
import { openStore, type Store } from '#ui/server/store/store.ts';
import type { Envelope } from '#crypto/statement.ts';
import { openConsoleProcess } from './console-process.ts';
import { storyEndpoint, storyKey } from './console-story.ts';
import { type FormVisitor, formVisitor } from './form-visitor.ts';
import { createKeyed } from './live-site.ts';
import { offerOf } from './unclaimed-site.ts';

/** What Acme has: each text stands nowhere else. */
export interface Acme {
  readonly organisation: string;
  readonly client: string;
  readonly site: string;
  readonly siteKey: string;
  readonly endpoint: string;
  readonly person: string;
  readonly invitation: string;
  readonly device: string;
  readonly signingKey: string;
  readonly rootKeys: string;
  readonly roster: Envelope;
  /** Where the second page of its changes begins. */
  readonly change: string;
  /** Names that people gave. */
  readonly names: readonly string[];
}

export interface Neighbours extends AsyncDisposable {
  readonly origin: string;
  readonly acme: Acme;
  readonly owner: FormVisitor;
  /** Acme's, too. */
  readonly technician: FormVisitor;
  /** The owner of the other organisation. */
  readonly neighbour: FormVisitor;
  readonly nobody: FormVisitor;
  /** All that the store has of Acme, to be compared. */
  kept(): Promise<readonly string[]>;
}

const PASSWORD = 'correct horse battery';
const NAMES = ['Quillon IT', 'Quillon Bakery', 'Quillon Street', 'quillon-till', 'Sarah Quillon'];
const [ORGANISATION = '', CLIENT = '', SITE = '', TILL = '', OWNER = ''] = NAMES;

/** Opens the console and founds both. */
export async function openNeighbours(): Promise<Neighbours> {
  await using stack = new AsyncDisposableStack();
  const console = stack.use(await openConsoleProcess(() => ({ SIGN_UP: 'open' })));
  const [owner, technician, neighbour] = [0, 1, 2].map(() => formVisitor(console)) as Visitors;
  await found(owner, { organisation: ORGANISATION, name: OWNER, email: 'sarah@quillon.example' });
  await found(neighbour, { organisation: 'Other IT', name: 'Mallory', email: 'm@other.example' });
  const store = stack.use(await openStore({ dataFolder: console.data }));
  const root = await createKeyed();
  const { roster } = await offerOf(root);
  await demand(owner.tell('/api/roster', { envelope: roster, rootKeys: root.key }));
  const another = await createKeyed();
  const theirs = { envelope: (await offerOf(another)).roster, rootKeys: another.key };
  await demand(neighbour.tell('/api/roster', theirs));
  await join(owner, technician);
  const is = await ownerOf(store);
  const acme = { ...(await fill(store, { is, owner })), rootKeys: root.key, roster };
  const held = stack.move();
  return {
    ...{ origin: console.origin, acme, owner, technician, neighbour },
    nobody: formVisitor(console),
    kept: () => rowsOf(store, acme),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

type Visitors = [FormVisitor, FormVisitor, FormVisitor];

async function found(visitor: FormVisitor, who: Readonly<Record<string, string>>): Promise<void> {
  await demand(visitor.post('/found', { ...who, password: PASSWORD }));
}

/** A technician accepts an invitation; another stays open. */
async function join(owner: FormVisitor, technician: FormVisitor): Promise<void> {
  const invite = async (email: string): Promise<string> => {
    const form = { email, role: 'technician' };
    const page = await (await demand(owner.post('/settings/people?/invite', form))).text();
    return /\/invitation\/[A-Za-z0-9_-]+/.exec(page)?.[0] ?? '';
  };
  const link = await invite('tom@quillon.example');
  await demand(technician.post(link, { name: 'Tom Quillon', password: PASSWORD }));
  await demand(technician.ask('/settings/account')); // from now on they are seen
  await invite('ulla@quillon.example');
}

async function fill(
  store: Store,
  { is, owner }: { is: Actor; owner: FormVisitor },
): Promise<Omit<Acme, 'rootKeys' | 'roster'>> {
  const directory = openDirectory(store);
  const own = directory.of(is);
  const [siteKey, device, signingKey] = [
    (await storyKey()).key,
    (await storyKey()).key,
    (await storyKey()).key,
  ];
  const { id: client } = await own.createClient(CLIENT);
  const { siteId, secret } = await own.createSite({ clientId: client, name: SITE });
  const site = await directory.joinByToken({ secret, peerKey: siteKey });
  const endpoint = 'quillonendpoint1';
  const endpoints = [storyEndpoint(endpoint, { name: TILL })];
  await directory.keepEndpoints(site, { endpoints, isAll: true });
  await own.noteEndpoint(siteId, endpoint, 'quillon-note');
  await demand(owner.tell('/api/devices', { peerKey: device }));
  await own.proposeSigningKey({ key: signingKey, credentialId: 'quillon-credential' });
  const invitation = await store.db
    .selectFrom('invitation')
    .select('id')
    .where('organisation_id', '=', is.organisationId)
    .executeTakeFirstOrThrow();
  const { next } = await own.changes({ limit: 1 });
  return {
    ...{ organisation: is.organisationId, person: is.personId, client, site: siteId, siteKey },
    ...{ endpoint, invitation: invitation.id, device, signingKey, change: next ?? '' },
    names: ['uillon'], // all of them, however they are written
  };
}

async function ownerOf({ db }: Store): Promise<Actor> {
  const { id, organisation_id: organisationId } = await db
    .selectFrom('person')
    .select(['id', 'organisation_id'])
    .where('name', '=', OWNER)
    .executeTakeFirstOrThrow();
  return actorOf({ personId: id, organisationId, role: 'owner' });
}

/** The rows of all tables that name anything of Acme's; when somebody was seen is no change. */
async function rowsOf({ db }: Store, acme: Acme): Promise<readonly string[]> {
  const { signingKey: _, ...own } = acme; // anybody may write that a key is theirs
  const texts = Object.values(own).filter((each) => typeof each === 'string');
  const rows: string[] = [];
  for (const { name } of await db.introspection.getTables()) {
    if (name === 'auth_rate_limit') continue; // addresses, and how often they asked
    for (const row of await db
      .selectFrom(name as 'person')
      .selectAll()
      .execute()) {
      const text = JSON.stringify({ ...row, seen_at: null });
      if (texts.some((each) => text.includes(each))) rows.push(`${name} ${text}`);
    }
  }
  return rows.toSorted();
}

async function demand(asked: Promise<Response>): Promise<Response> {
  const answer = await asked;
  if (answer.status < 400) return answer;
  throw new Error(`Cannot set the stage: ${answer.status} ${await answer.text()}`);
}
