import '#scripts/testing/deno-exit.ts';

import { Buffer } from 'node:buffer';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { signCheckpoint } from '#crypto/checkpoint.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import {
  openAppliance,
  openFolder,
  seedOf,
  type TestAppliance,
} from '#scripts/testing/agent-appliance.ts';
import { enrol } from './enrol.ts';
import { AgentError } from './error.ts';
import { isEnrolled, loadIdentity, parsePins } from './identity.ts';
import { openJournal } from './journal.ts';
import type { EnrolAnswer } from './protocol/enrol-message.ts';
import { isProtocolError } from './protocol/error.ts';
import { openPeerNode } from './protocol/node.ts';

function enrolAt(
  appliance: TestAppliance,
  folder: string,
  token = appliance.token('frontdesk-1'),
): ReturnType<typeof enrol> {
  const { site } = appliance;
  return enrol({
    token,
    folder,
    signal: new AbortController().signal,
    now: () => site.nowMs,
    mdns: false,
  });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => assert.unreachable('expected a refusal'),
    (reason: unknown) => reason,
  );
  if (error instanceof AgentError || isProtocolError(error)) return error.code;
  throw error;
}

async function neverAsked(): Promise<never> {
  throw new Error('the appliance was asked');
}

const subject = suite('enrol()');

subject('enrol() leaves an identity and a journal that begins with its own entry', async () => {
  await using appliance = await openAppliance();
  await using folder = await openFolder();
  const path = join(folder.path, 'deep', 'agent');
  const identity = await enrolAt(appliance, path);
  assert.is(identity.endpoint, appliance.site.endpoint);
  assert.equal(identity.labels, ['frontdesk']);
  assert.equal(identity.site, appliance.pins);
  assert.equal(await loadIdentity(path), identity);
  assert.is((await stat(path)).mode & 0o777, 0o700);
  const { logKey } = parsePins(identity.site);
  await using journal = await openJournal(path, { endpoint: identity.endpoint, logKey });
  assert.is(journal.seen.size, appliance.site.log.size);
});

subject('enrol() proves the key that it keeps, which is new each time', async () => {
  await using appliance = await openAppliance();
  const keys: string[] = [];
  const honest = appliance.answerEnrolment;
  appliance.answerEnrolment = (request, tokenKey) => {
    keys.push(request.key);
    return honest(request, tokenKey);
  };
  for (let i = 0; i < 2; i++) {
    await using folder = await openFolder();
    const { seed } = await enrolAt(appliance, folder.path);
    await using node = await openPeerNode({ seed });
    assert.is(keys[i], `ed25519:${Buffer.from(node.publicKey).toString('base64url')}`);
  }
  assert.is.not(keys[0], keys[1]);
});

subject('enrol() spends no token on a folder that is an endpoint already', async () => {
  await using appliance = await openAppliance();
  await using folder = await openFolder();
  await enrolAt(appliance, folder.path);
  appliance.answerEnrolment = neverAsked;
  assert.is(await codeOf(enrolAt(appliance, folder.path)), 'identity-exists');
  const { endpoint } = await loadIdentity(folder.path);
  const said = String(await enrolAt(appliance, folder.path).catch((cause: unknown) => cause));
  for (const part of [endpoint, 'frontdesk-1', appliance.site.log.origin, folder.path]) {
    assert.ok(said.includes(part), `${said} lacks ${part}`);
  }
  assert.match(said, /caisey agent run --dir .*\n.*caisey endpoint rm frontdesk-1/);
});

subject(
  'enrol() says of a folder what is so when its endpoint was removed, or is damaged',
  async () => {
    await using appliance = await openAppliance();
    await using folder = await openFolder();
    const { endpoint } = await enrolAt(appliance, folder.path);
    appliance.answerEnrolment = neverAsked;
    const refusal = async (): Promise<string> =>
      String(await enrolAt(appliance, folder.path).catch((cause: unknown) => cause));
    {
      const { logKey } = parsePins(appliance.pins);
      await using journal = await openJournal(folder.path, { endpoint, logKey });
      await journal.recordRemoved();
    }
    const removed = await refusal();
    assert.match(removed, 'The site removed it');
    assert.not.match(removed, 'agent run');
    assert.is(await codeOf(enrolAt(appliance, folder.path)), 'identity-exists');
    await rm(join(folder.path, 'journal.jsonl'));
    assert.match(await refusal(), /is gone\n.*enrol in an empty folder: caisey agent enrol/);
    await writeFile(join(folder.path, 'journal.jsonl'), 'damage\n');
    assert.match(
      await refusal(),
      /does not follow\n.*enrol in an empty folder: caisey agent enrol/,
    );
  },
);

subject('enrol() goes over what an enrolment left that broke off', async () => {
  await using appliance = await openAppliance();
  await using folder = await openFolder();
  await writeFile(join(folder.path, 'journal.jsonl'), 'left');
  await writeFile(join(folder.path, 'identity.json.new'), 'left');
  await enrolAt(appliance, folder.path);
});

subject('enrol() refuses an expired token here, without asking', async () => {
  await using appliance = await openAppliance();
  await using folder = await openFolder();
  appliance.answerEnrolment = neverAsked;
  const token = appliance.token('frontdesk-1', { expiresMs: appliance.site.nowMs });
  assert.is(await codeOf(enrolAt(appliance, folder.path, token)), 'token-expired');
});

subject('enrol() passes every refusal on, and leaves nothing', async () => {
  await using appliance = await openAppliance();
  await using folder = await openFolder();
  const codes = [
    'token-expired',
    'token-used',
    'proof-invalid',
    'name-taken',
    'unavailable',
  ] as const;
  for (const code of codes) {
    appliance.answerEnrolment = async () => ({ kind: 'refused', code, message: 'No.' });
    assert.is(await codeOf(enrolAt(appliance, folder.path)), code);
  }
  appliance.answerEnrolment = async () => null;
  assert.is(await codeOf(enrolAt(appliance, folder.path)), 'unavailable');
  assert.is(await isEnrolled(folder.path), false);
});

subject('enrol() refuses what the log of the token did not sign, and another name', async () => {
  await using appliance = await openAppliance();
  await using folder = await openFolder();
  const { site } = appliance;
  const honest: EnrolAnswer = {
    kind: 'enrolled',
    endpoint: site.endpoint,
    name: 'frontdesk-1',
    labels: [],
    checkpoint: await site.log.checkpoint(),
  };
  const stranger = await importSigner(seedOf('mallory'));
  const { origin, size } = site.log;
  const root = site.log.root();
  const lies: EnrolAnswer[] = [
    { ...honest, name: 'payroll-1' },
    { ...honest, checkpoint: 'nonsense' },
    { ...honest, checkpoint: await signCheckpoint({ origin, size, root }, stranger) },
    {
      ...honest,
      checkpoint: await signCheckpoint({ origin: 'other', size, root }, site.log.signer),
    },
  ];
  for (const lie of lies) {
    appliance.answerEnrolment = async () => lie;
    assert.is(await codeOf(enrolAt(appliance, folder.path)), 'answer-invalid');
  }
  assert.is(await isEnrolled(folder.path), false);
});

subject('enrol() talks to nobody but the appliance of the token', async () => {
  await using appliance = await openAppliance();
  await using impostor = await openPeerNode({
    seed: seedOf('mallory'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    gater: {},
  });
  await using folder = await openFolder();
  const addresses = impostor.addresses.map((address) => address.replace(/\/p2p\/.*$/, ''));
  appliance.pins.addresses.splice(0, Infinity, ...addresses);
  const token = appliance.token('frontdesk-1');
  assert.is(await codeOf(enrolAt(appliance, folder.path, token)), 'peer-unknown');
});

subject('enrol() says what a token is that the appliance does not know', async () => {
  await using appliance = await openAppliance();
  await using closed = await openPeerNode({
    seed: seedOf('appliance'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    gater: { denyInboundEncryptedConnection: () => true },
  });
  await using folder = await openFolder();
  appliance.pins.addresses.splice(0, Infinity, ...closed.addresses);
  const token = appliance.token('frontdesk-1');
  assert.is(await codeOf(enrolAt(appliance, folder.path, token)), 'token-used');
});

subject('enrol() refuses what is no token, and does not quote it', async () => {
  await using appliance = await openAppliance();
  await using folder = await openFolder();
  const token = appliance.token('frontdesk-1');
  for (const text of ['', 'caisey1.', token.slice(0, -5), token.slice(8), `${token}!`]) {
    const error: unknown = await enrolAt(appliance, folder.path, text).catch(
      (cause: unknown) => cause,
    );
    assert.ok(isProtocolError(error, 'message-invalid'), String(error));
    assert.not.ok(text.length > 20 && error.message.includes(text.slice(10, 20)));
  }
});

subject.run();
