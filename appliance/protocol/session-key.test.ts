import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { checkDevice, MAX_DEVICE_LIFE_MS } from '#crypto/device.ts';
import { parseDisclosure } from '#crypto/disclosure.ts';
import { COMMAND_FIELDS } from '#crypto/kind.ts';
import { formatTime } from '#crypto/leaf.ts';
import { verifyStatement, statementSigner } from '#crypto/statement.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import {
  APPROVAL_LIFE_MS,
  CLOCK_SLACK_MS,
  COMMAND_LIFE_MS,
  signApproval,
  signCommand,
  signDevice,
  signOpening,
} from './session-key.ts';

const NOW_MS = Date.parse('2026-11-21T02:00:00.000Z');
const LOG = 'console.example/site/4f1c/1';
const ID = 'ZW5kcG9pbnQtMDAwMDAwMQ';
const HASH = 'A'.repeat(43);
const FIELDS = {
  command: 'uptime',
  shell: 'sh',
  cwd: null,
  env: { A: '1' },
  timeout_ms: 1000,
  output_limit: 10,
} as const;

const opening = suite('signOpening()');

opening('signs the digests of what it discloses, for one session made anew', async () => {
  const technician = statementSigner(await importSigner(randomBytes(32)));
  const { publicKey: delegate } = await importSigner(randomBytes(32));
  const asked = { log: LOG, endpoint: ID, technician, delegate, nowMs: NOW_MS, lifeMs: 1000 };
  const one = await signOpening({ ...asked, reason: 'A test.', ticket: null });
  const two = await signOpening({ ...asked, reason: 'A test.', ticket: null });
  assert.not.equal(one.session, two.session);
  assert.not.equal(one.reason, two.reason, 'salted');
  const { statement } = await verifyStatement(one.envelope, { type: 'session', log: LOG });
  assert.is(statement.session, one.session);
  assert.is(statement.digests.reason, parseDisclosure(one.reason).digest);
  assert.is(statement.digests.ticket, parseDisclosure(one.ticket).digest);
  assert.is(parseDisclosure(one.reason).value, 'A test.');
  assert.is(statement.not_before, formatTime(NOW_MS - CLOCK_SLACK_MS));
  assert.is(statement.expires, formatTime(NOW_MS + 1000));
});

opening.run();

const command = suite('signCommand()');

command('signs the six fields by digest, and names the statement', async () => {
  const key = statementSigner(await importSigner(randomBytes(32)));
  const place = { log: LOG, endpoint: ID, session: ID };
  const signed = await signCommand({ place, key, purpose: 'work', fields: FIELDS, nowMs: NOW_MS });
  const { statement, hash } = await verifyStatement(signed.envelope, { type: 'command', log: LOG });
  assert.is(signed.hash, hash);
  const disclosed = signed.disclosures.map(parseDisclosure);
  assert.equal(
    disclosed.map(({ name }) => name),
    [...COMMAND_FIELDS],
  );
  for (const { name, digest, value } of disclosed) {
    const field = name as keyof typeof FIELDS;
    assert.is(statement.digests[field], digest);
    assert.equal(value, FIELDS[field]);
  }
  assert.is(statement.expires, formatTime(NOW_MS + COMMAND_LIFE_MS));
});

command.run();

const device = suite('signDevice()');

device('signs for a peer, as long as a device statement may live', async () => {
  const signer = statementSigner(await importSigner(randomBytes(32)));
  const { key: peer } = statementSigner(await importSigner(randomBytes(32)));
  const envelope = await signDevice({ peer, nowMs: NOW_MS }, signer);
  const members = [{ id: 'olga', name: 'Olga', role: 'owner' as const, key: signer.key }];
  const checked = await checkDevice(envelope, { roster: { members }, peer, atMs: NOW_MS });
  assert.is(checked.member.id, 'olga');
  assert.is(checked.expiresMs, NOW_MS - CLOCK_SLACK_MS + MAX_DEVICE_LIFE_MS);
});

device.run();

const approval = suite('signApproval()');

approval('signs one decision over one request', async () => {
  const approver = statementSigner(await importSigner(randomBytes(32)));
  const deciding = {
    ...{ log: LOG, request: HASH, order: HASH, command: HASH },
    ...{ endpoint: ID, session: ID, state: null },
  };
  for (const decision of ['approve', 'deny'] as const) {
    const envelope = await signApproval(deciding, { decision, approver, nowMs: NOW_MS });
    const { statement } = await verifyStatement(envelope, { type: 'approval', log: LOG });
    assert.is(statement.decision, decision);
    assert.is(statement.request, HASH);
    assert.is(statement.expires, formatTime(NOW_MS + APPROVAL_LIFE_MS));
  }
});

approval.run();
