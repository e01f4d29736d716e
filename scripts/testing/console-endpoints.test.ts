// Every endpoint of the built console, asked over HTTP as no page of ours asks: by nobody, from elsewhere, by a role that
// may not, and with what it does not take. Each says so by its status, and nothing changes. An endpoint that is new is
// in no table here, and fails.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Acme, openNeighbours } from './console-neighbours.ts';
import { consoleDoors } from './console-routes.ts';
import type { FormVisitor } from './form-visitor.ts';

interface Endpoint {
  /** Somebody who is not signed in may ask. */
  readonly isOpen?: true;
  /** What it takes; absent: it reads no body. */
  readonly body?: (acme: Acme) => unknown;
  /** The status for a technician, who says what it takes. */
  readonly technician: number;
  /** It says this before it reads anything: there is no such thing at this console. */
  readonly always?: number;
}

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'GET /api/alive': { isOpen: true, technician: 204 },
  'GET /api/events': { technician: 200 },
  'GET /api/find': { technician: 200 },
  'GET /api/notices': { technician: 200 },
  'POST /api/claiming': {
    body: ({ site, siteKey: peerKey }) => ({ site, peerKey }),
    technician: 403,
  },
  'POST /api/devices': { body: ({ device: peerKey }) => ({ peerKey }), technician: 409 },
  'POST /api/devices/revoke': { body: ({ device: peerKey }) => ({ peerKey }), technician: 200 },
  'POST /api/join': { isOpen: true, body: () => ({ site: 'x' }), technician: 400 },
  'POST /api/roster': {
    body: ({ roster: envelope, rootKeys }) => ({ envelope, rootKeys }),
    technician: 403,
  },
  'POST /api/sign-in/challenge': { isOpen: true, technician: 200 },
  'POST /api/sign-in/passkey': {
    isOpen: true,
    body: () => ({ response: { id: 'x' } }),
    technician: 401,
  },
  'POST /api/signing-key': {
    body: ({ signingKey: key }) => ({ key, credentialId: 'x' }),
    technician: 409,
  },
  'POST /api/site-keys': {
    body: ({ site, roster: envelope }) => ({ site, envelope }),
    technician: 403,
  },
  'POST /api/this-computer': {
    body: ({ rootKeys }) => ({ code: 'x', rootKeys }),
    technician: 404,
    always: 404,
  },
  'POST /settings/account/passkeys': {
    body: () => ({ name: 'x', response: { id: 'x' } }),
    technician: 410,
  },
  'POST /settings/account/passkeys/options': { technician: 200 },
};

const JSON_TYPE = { 'content-type': 'application/json' };

/** Says something, and answers the status. A stream is sent without its length. */
async function say(
  visitor: FormVisitor,
  door: string,
  { body, headers = JSON_TYPE }: { body?: BodyInit; headers?: Record<string, string> } = {},
): Promise<number> {
  const [method = '', path = ''] = door.split(' ');
  const leaving = new AbortController();
  const init = { method, headers, signal: leaving.signal, duplex: 'half' } as RequestInit;
  const answer = await visitor.ask(path, body === undefined ? init : { ...init, body });
  if (path === '/api/events') leaving.abort();
  else await answer.arrayBuffer();
  return answer.status;
}

const endpoints = suite('endpoints of the console');

endpoints('refuse whom and what they should, each by its status, and change nothing', async () => {
  await using stage = await openNeighbours();
  const { acme, owner, technician, nobody, kept } = stage;
  const all = (await consoleDoors()).filter((door) => isEndpoint(door));
  assert.equal(Object.keys(ENDPOINTS).toSorted(), all, 'each endpoint is in the table');
  const before = await kept();
  const wrong: string[] = [];
  const expect = async (what: string, asked: Promise<number>, status: number): Promise<void> => {
    const is = await asked.catch(String);
    if (is !== status) wrong.push(`${what}: ${is} instead of ${status}`);
  };
  for (const [door, { isOpen, body, always }] of Object.entries(ENDPOINTS)) {
    const said = JSON.stringify(body?.(acme) ?? {});
    if (isOpen !== true) await expect(`${door}, nobody`, say(nobody, door, sent(door, said)), 401);
    if (door.startsWith('GET ')) continue;
    for (const type of [JSON_TYPE, { 'content-type': 'text/plain' }, { 'content-type': '' }]) {
      const headers = { ...type, origin: 'https://evil.example' };
      await expect(`${door}, forged`, say(owner, door, { body: said, headers }), 403);
    }
    if (body === undefined) continue;
    for (const text of ['{', '', '[]', 'null', '{"peerKey":1,"site":{},"key":[],"response":1}']) {
      await expect(`${door}, ${text}`, say(owner, door, { body: text }), always ?? 400);
    }
    if (always !== undefined) continue;
    const long = JSON.stringify({ site: 'x'.repeat(510_000) });
    for (const each of [long, new Blob([long]).stream()]) {
      await expect(`${door}, too long`, say(owner, door, { body: each }), 413);
    }
  }
  for (const [door, { body, technician: status }] of Object.entries(ENDPOINTS)) {
    const said = sent(door, JSON.stringify(body?.(acme) ?? {}));
    await expect(`${door}, technician`, say(technician, door, said), status);
  }
  assert.equal(wrong, []);
  assert.equal(await kept(), before);
});

endpoints.run();

/** Pages and their forms are none. */
function isEndpoint(door: string): boolean {
  return door.includes(' /api/') || door.includes('/account/passkeys');
}

function sent(door: string, body: string): { body?: string } {
  return door.startsWith('GET ') ? {} : { body };
}
