import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { Client } from '#appliance/protocol/client.ts';
import { findEndpoint, findRequest, findSession, protectIds } from './reference.ts';

const DASHED = `-${'a'.repeat(21)}`;

const protect = suite('protectIds()');

protect('marks ids that begin with a dash, before "--" alone', () => {
  const hash = `-${'Z'.repeat(42)}`;
  assert.equal(protectIds(['session', 'show', DASHED]), ['session', 'show', `id:${DASHED}`]);
  assert.equal(protectIds(['request', 'show', hash]), ['request', 'show', `id:${hash}`]);
  assert.equal(protectIds(['run', 'x', '--', DASHED]), ['run', 'x', '--', DASHED]);
});

protect('marks the beginnings of such ids', () => {
  for (const start of ['-a9b', '-Abc', '-_cdefg', '-ab-cd', `-${'z9'.repeat(20)}`]) {
    assert.equal(protectIds(['request', 'show', start]), ['request', 'show', `id:${start}`]);
  }
});

protect('leaves options and commands as they are', () => {
  const argv = ['ls', '--format', 'json', '-h', '--output-limit', '64MiB', '-', '-yes', '-help'];
  assert.equal(protectIds(argv), argv);
});

protect.run();

/** A client that knows these endpoints, sessions and requests. */
function knowing(lists: {
  endpoints?: readonly object[];
  sessions?: readonly object[];
  waiting?: readonly object[];
  all?: readonly object[];
}): Pick<Client, 'call'> {
  const call = async (verb: string, { state }: { state?: string }): Promise<unknown> => {
    if (verb === 'endpoint.list')
      return Promise.resolve({ endpoints: lists.endpoints, next: null });
    if (verb === 'session.list') return Promise.resolve({ sessions: lists.sessions, next: null });
    const requests = state === 'waiting' ? lists.waiting : lists.all;
    return Promise.resolve({ requests: requests ?? [], next: null });
  };
  return { call: call as unknown as Client['call'] };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as { code: string }).code;
  }
  throw new Error('it was found');
}

async function hintOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as { hint: string }).hint;
  }
  throw new Error('it was found');
}

const find = suite('findEndpoint(), findSession(), findRequest()');

find('takes a name before an id that begins so', async () => {
  const client = knowing({
    endpoints: [
      { name: 'other', endpoint: 'web0AAAA' },
      { name: 'web0', endpoint: 'xxxx' },
    ],
  });
  assert.is((await findEndpoint(client, 'web0')).endpoint, 'xxxx');
  assert.is((await findEndpoint(client, 'web0A')).name, 'other');
});

find('takes the beginning of an id when it fits one', async () => {
  const client = knowing({
    sessions: [{ session: 'abcdX' }, { session: 'abcdY' }, { session: DASHED }],
  });
  assert.is((await findSession(client, 'abcdX')).session, 'abcdX');
  assert.is((await findSession(client, `id:${DASHED}`)).session, DASHED);
  assert.is(await codeOf(findSession(client, 'abcd')), 'ambiguous');
  assert.is(await codeOf(findSession(client, 'abc')), 'unknown');
  assert.is(await codeOf(findSession(client, '')), 'unknown');
});

find('names the endpoint that was probably meant', async () => {
  const client = knowing({
    endpoints: [
      { name: 'Web', endpoint: 'xxxx' },
      { name: 'dns', endpoint: 'yyyy' },
    ],
  });
  for (const typed of ['wbe', 'WEB', 'web', 'webb']) {
    assert.match(
      await hintOf(findEndpoint(client, typed)),
      /^Did you mean Web\? "caisey ls"/,
      typed,
    );
  }
  assert.is(await hintOf(findEndpoint(client, 'mail')), '"caisey ls" lists the endpoints.');
});

find('takes a match code without its dash', async () => {
  const client = knowing({ waiting: [{ request: 'newer', match: 'PSP-TJG' }] });
  for (const typed of ['psptjg', 'PSPTJG', 'psp-tjg']) {
    assert.is((await findRequest(client, typed)).request, 'newer', typed);
  }
  assert.is(await codeOf(findRequest(client, 'pspt')), 'unknown');
});

find('takes a match code in either case, and what waits before what is decided', async () => {
  const client = knowing({
    waiting: [{ request: 'newer', match: 'AAA-000' }],
    all: [
      { request: 'newer', match: 'AAA-000' },
      { request: 'older', match: 'AAA-000' },
      { request: 'third', match: 'BBB-111' },
    ],
  });
  assert.is((await findRequest(client, 'aaa-000')).request, 'newer');
  assert.is((await findRequest(client, 'BBB-111')).request, 'third');
  assert.is(await codeOf(findRequest(client, 'CCC-222')), 'unknown');
});

find.run();
