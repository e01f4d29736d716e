// Every route and form action of the built console, asked over HTTP by the owner of another organisation with what is
// Acme's; and every endpoint by whoever should not, with what it should not take. A door that is new is in no table
// here, and fails.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Acme, openNeighbours } from './console-neighbours.ts';
import { consoleDoors } from './console-routes.ts';
import type { FormVisitor } from './form-visitor.ts';

/** What is sent to a door, and the status of its answer. A string is a query. */
type Ask = readonly [status: number, sent?: string | Readonly<Record<string, unknown>>];

const GONE: Ask = [404];
const X = 'x'.repeat(16);

/** What the neighbour asks for at each page. */
function pagesFor(acme: Acme): Readonly<Record<string, Ask>> {
  return {
    'GET /': [200],
    'GET /api/alive': [204],
    'GET /api/events': [200],
    'GET /api/find': [200, '?q=uillon'],
    'GET /api/notices': [200],
    'GET /clients/[client]': GONE,
    'GET /found': [200],
    'GET /invitation/[secret]': [200],
    'GET /requests': [200],
    'GET /sessions': [200],
    'GET /settings': [307],
    'GET /settings/account': [200],
    'GET /settings/changes': [200, `?after=${acme.change}`],
    'GET /settings/notifications': [200],
    'GET /settings/people': [200],
    'GET /settings/sites': [200],
    'GET /sign-in': [303],
    'GET /sign-in/code': [200],
    'GET /sign-out': [303],
    'GET /sites/[site]': GONE,
    'GET /sites/[site]/endpoints/[endpoint]': GONE,
    'GET /sites/[site]/sessions/[session]': [200],
    'GET /welcome': [303],
  };
}

/** What the neighbour says to each endpoint, about what is Acme's. */
function endpointsFor(acme: Acme): Readonly<Record<string, Ask>> {
  const { site, siteKey: peerKey, roster: envelope, rootKeys } = acme;
  return {
    'POST /api/claiming': [404, { site, peerKey }],
    'POST /api/devices': [409, { peerKey: acme.device }],
    'POST /api/devices/revoke': [200, { peerKey: acme.device }],
    'POST /api/join': [
      403,
      { site, secret: 'A'.repeat(43), key: peerKey, proof: `${'A'.repeat(85)}A` },
    ],
    'POST /api/roster': [409, { envelope, rootKeys }],
    'POST /api/sign-in/challenge': [200, {}],
    'POST /api/sign-in/passkey': [400, { response: {} }],
    'POST /api/site-keys': [404, { site, envelope }],
    'POST /api/this-computer': [404, { code: X, rootKeys }],
    'POST /settings/account/passkeys': [410, { name: 'x', response: { id: X } }],
    'POST /settings/account/passkeys/options': [200, {}],
  };
}

/** What the neighbour enters in each form. */
function formsFor(acme: Acme): Readonly<Record<string, Ask>> {
  const { site, client, person } = acme;
  const password = 'wrong horse battery';
  return {
    'POST /found': [400, { organisation: '', name: '', email: '', password: '' }],
    'POST /invitation/[secret]': [410, { name: 'Mallory', password }],
    'POST /settings/account?/confirm': [400, { code: '000000' }],
    'POST /settings/account?/device': [404, { peerKey: acme.device }],
    'POST /settings/account?/drop': [401, { password }],
    'POST /settings/account?/enrol': [401, { password }],
    'POST /settings/account?/passkey': [401, { passkey: X }],
    'POST /settings/account?/password': [401, { password, newPassword: password }],
    'POST /settings/account?/theme': [200, { theme: 'dark' }],
    'POST /settings/notifications': [200, {}],
    'POST /settings/people?/invite': [400, { email: 'not an address', role: 'owner' }],
    'POST /settings/people?/remove': [404, { person }],
    'POST /settings/people?/role': [404, { person, role: 'reviewer' }],
    'POST /settings/people?/withdraw': [404, { invitation: acme.invitation }],
    'POST /settings/sites?/add': [404, { client, name: 'Mine' }],
    'POST /settings/sites?/removeClient': [404, { client }],
    'POST /settings/sites?/removeSite': [404, { site }],
    'POST /settings/sites?/renameClient': [404, { client, name: 'Mine' }],
    'POST /settings/sites?/renameSite': [404, { site, name: 'Mine' }],
    'POST /settings/sites?/revoke': [404, { site }],
    'POST /settings/sites?/token': [404, { site, joins: 'new' }],
    // Who is signed in is sent on from there, as who they are.
    'POST /sign-in': [303, { email: 'sarah@quillon.example', password }],
    'POST /sign-in/code': [400, { kind: 'code', code: '000000' }],
    'POST /sites/[site]/endpoints/[endpoint]?/note': [404, { note: 'Mine' }],
  };
}

/** What changes who the neighbour is: asked at the end. */
function lastFor(acme: Acme): Readonly<Record<string, Ask>> {
  return {
    'POST /api/signing-key': [200, { key: acme.signingKey, credentialId: X }],
    'POST /sign-out': [303, {}],
  };
}

/** The address of a door, with what is Acme's in its place. */
function pathOf(door: string, acme: Acme): string {
  const places: Readonly<Record<string, string>> = {
    ...{ '[client]': acme.client, '[site]': acme.site, '[endpoint]': acme.endpoint },
    ...{ '[secret]': acme.invitation, '[session]': 'A'.repeat(22) },
  };
  const path = door.slice(door.indexOf(' ') + 1);
  return path.replaceAll(/\[[^\]]+\]/g, (place) => places[place] ?? place);
}

/** Asks at a door. What never ends is read once. */
async function askAt(
  visitor: FormVisitor,
  { door, sent, acme }: { door: string; sent: Ask[1]; acme: Acme },
): Promise<{ status: number; text: string }> {
  const path = pathOf(door, acme);
  if (door.startsWith('GET ')) {
    const leaving = new AbortController();
    const query = typeof sent === 'string' ? sent : '';
    const answer = await visitor.ask(`${path}${query}`, { signal: leaving.signal });
    if (!path.startsWith('/api/')) {
      const data = await visitor.ask(`${path === '/' ? '' : path}/__data.json${query}`);
      return { status: answer.status, text: `${await answer.text()} ${await data.text()}` };
    }
    if (path !== '/api/events') return { status: answer.status, text: await answer.text() };
    const first = await answer.body?.getReader().read();
    leaving.abort();
    return { status: answer.status, text: new TextDecoder().decode(first?.value) };
  }
  const isForm = !(door in endpointsFor(acme)) && !door.includes(' /api/');
  const answer = isForm
    ? await visitor.post(path, sent as Readonly<Record<string, string>>) // forms hold texts
    : await visitor.tell(path, sent);
  return { status: answer.status, text: await answer.text() };
}

/** What is Acme's in an answer, but for what the asker said. */
function leaked(text: string, { acme, said }: { acme: Acme; said: string }): readonly string[] {
  const { names, roster, ...ids } = acme;
  const all = [...names, roster.statement, ...Object.values(ids)];
  return all.filter((each) => text.includes(each) && !said.includes(each));
}

const another = suite('a member of another organisation');

another('gets nothing at any route or action, and changes nothing', async () => {
  await using stage = await openNeighbours();
  const { acme, neighbour, kept } = stage;
  const table = { ...pagesFor(acme), ...endpointsFor(acme), ...formsFor(acme), ...lastFor(acme) };
  assert.equal(Object.keys(table).toSorted(), await consoleDoors(), 'each door is in the table');
  const before = await kept();
  assert.ok(before.length >= 10, String(before.length));
  const wrong: string[] = [];
  for (const [door, [status, sent]] of Object.entries(table)) {
    const answer = await askAt(neighbour, { door, sent, acme });
    const said = `${pathOf(door, acme)} ${JSON.stringify(sent)}`;
    const found = leaked(answer.text, { acme, said });
    if (answer.status !== status || found.length > 0) {
      wrong.push(`${door}: ${answer.status} instead of ${status}, ${JSON.stringify(found)}`);
    }
  }
  assert.equal(wrong, []);
  assert.equal(await kept(), before);
});

another.run();
