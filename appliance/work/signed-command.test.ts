import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createDisclosure, type Disclosure } from '#crypto/disclosure.ts';
import { COMMAND_FIELDS } from '#crypto/kind.ts';
import { formatTime } from '#crypto/leaf.ts';
import { formatPersonKey } from '#crypto/person-key.ts';
import { signStatement, type StatementOf, statementSigner } from '#crypto/statement.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import type { SignedCommand } from '../protocol/client-message.ts';
import { refusalOf } from '#scripts/testing/live-session.ts';
import { openSignedCommand } from './signed-command.ts';

const NOW_MS = Date.parse('2026-11-21T02:00:00.000Z');
const LOG = 'console.example/site/4f1c/1';
const ID = 'ZW5kcG9pbnQtMDAwMDAwMQ';
const NONCE = 'bm9uY2UtMDAwMDAwMDAwMA';
const KEY = await importSigner(randomBytes(32));
const BY = formatPersonKey({ kind: 'ed25519', publicKey: KEY.publicKey });
const VALUES = {
  command: 'uptime',
  shell: 'sh',
  cwd: null,
  env: {},
  timeout_ms: 1000,
  output_limit: 10,
};

type Field = (typeof COMMAND_FIELDS)[number];

/** A signed command. `over` changes the statement, `disclose` what is disclosed for a value. */
async function signed({
  over = {},
  values = {},
  disclose = (_name, disclosure) => disclosure,
}: {
  over?: Partial<StatementOf<'command'>>;
  values?: Partial<Record<Field, unknown>>;
  disclose?: (name: Field, disclosure: Disclosure) => Disclosure;
} = {}): Promise<SignedCommand> {
  const made = COMMAND_FIELDS.map((name) => {
    const value = { ...VALUES, ...values }[name] as string; // whatever a test wants
    return { name, disclosure: createDisclosure(name, value) };
  });
  const digests = Object.fromEntries(
    made.map(({ name, disclosure }) => [name, disclosure.digest]),
  ) as Record<Field, string>; // one for each
  const statement: StatementOf<'command'> = {
    ...{ v: 1, by: BY, nonce: NONCE, type: 'command', log: LOG, purpose: 'work' },
    ...{ endpoint: ID, session: ID, digests },
    not_before: formatTime(NOW_MS - 1000),
    expires: formatTime(NOW_MS + 1000),
    ...over,
  };
  return {
    envelope: await signStatement(statement, statementSigner(KEY)),
    disclosures: made.map(({ name, disclosure }) => disclose(name, disclosure).text),
  };
}

function opened(command: SignedCommand, atMs = NOW_MS) {
  const session = { delegate: BY, session: ID, endpoint: ID } as StatementOf<'session'>; // what is looked at
  return openSignedCommand(command, { log: LOG, session, purpose: 'work', atMs });
}

const open = suite('openSignedCommand()');

open('opens what its session key signed', async () => {
  const { fields, disclosed, signed: statement } = await opened(await signed());
  assert.equal(fields, VALUES);
  assert.equal(Object.keys(disclosed), [...COMMAND_FIELDS]);
  assert.is(statement.hash.length, 43);
});

open('takes the disclosures in any order', async () => {
  const command = await signed();
  const reversed = { ...command, disclosures: command.disclosures.toReversed() };
  assert.equal((await opened(reversed)).fields, VALUES);
});

open('refuses each field that is not the one that was signed', async () => {
  for (const field of COMMAND_FIELDS) {
    const resalted = await signed({
      disclose: (name, disclosure) =>
        name === field ? createDisclosure(name, disclosure.value) : disclosure,
    });
    assert.is(await refusalOf(opened(resalted)), 'command-mismatch', `${field} salted anew`);
    const renamed = await signed({
      disclose: (name, disclosure) =>
        name === field ? createDisclosure('other', disclosure.value) : disclosure,
    });
    assert.is(await refusalOf(opened(renamed)), 'command-mismatch', `${field} missing`);
  }
});

open('refuses values that no command has', async () => {
  for (const values of [
    { command: 5 },
    { command: 'x'.repeat(32_769) },
    { command: ' \n' },
    { cwd: 'nope' },
    { shell: 'zsh' },
    { cwd: 5 },
    { env: { A: 5 } },
    { env: null },
    { timeout_ms: 0 },
    { timeout_ms: 86_400_001 },
    { output_limit: -1 },
    { output_limit: (1 << 30) + 1 },
  ]) {
    const code = await refusalOf(opened(await signed({ values })));
    assert.is(code, 'command-mismatch', JSON.stringify(values).slice(0, 60));
  }
});

open('refuses what was signed for elsewhere, or is out of time', async () => {
  const other = 'b3RoZXItMDAwMDAwMDAwMA';
  const cases = {
    'command-mismatch': [{ endpoint: other }, { session: other }, { purpose: 'state-after' }],
    'wrong-log': [{ log: 'console.example/site/other/1' }],
    signature: [{ by: formatPersonKey({ kind: 'ed25519', publicKey: await otherKey() }) }],
    expired: [{ expires: formatTime(NOW_MS) }],
    'not-yet-valid': [{ not_before: formatTime(NOW_MS + 1) }],
  } as const;
  for (const [code, overs] of Object.entries(cases)) {
    for (const over of overs) {
      assert.is(await refusalOf(opened(await signed({ over }))), code, JSON.stringify(over));
    }
  }
});

open.run();

async function otherKey(): Promise<Uint8Array<ArrayBuffer>> {
  return (await importSigner(randomBytes(32))).publicKey;
}
