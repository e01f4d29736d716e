import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { FormatError } from './error.ts';
import { formatKeyFile, KEY_FORMAT, MAX_KEY_FILE_CHARS, parseKeyFile } from './key-file.ts';

const SEED = new Uint8Array(32).fill(7);
const SECRET = 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc';

const format = suite('formatKeyFile()');

format('writes one JSON document that ends in a newline', async () => {
  const text = await formatKeyFile({ name: 'Olga Owner', seed: SEED });
  const parsed = JSON.parse(text) as Record<string, string>;
  assert.equal(Object.keys(parsed), ['format', 'key', 'name', 'secret']);
  assert.is(parsed.format, KEY_FORMAT);
  assert.is(parsed.secret, SECRET);
  assert.ok(text.endsWith('}\n'));
});

format('is undone by parseKeyFile()', async () => {
  const file = await parseKeyFile(await formatKeyFile({ name: 'Olga \u{1F600}', seed: SEED }));
  assert.is(file.name, 'Olga \u{1F600}');
  assert.equal([...file.seed], [...SEED]);
  assert.ok(file.key.startsWith('ed25519:'));
  assert.is(file.signer.publicKey.length, 32);
});

format('refuses a name that it could not read again', async () => {
  const error = await formatKeyFile({ name: 'x'.repeat(129), seed: SEED }).catch(
    (cause: unknown) => cause,
  );
  assert.instance(error, Error);
});

format.run();

const parse = suite('parseKeyFile()');

/** The good file with something else in it. */
async function changed(over: Record<string, unknown>): Promise<string> {
  const text = await formatKeyFile({ name: 'Olga', seed: SEED });
  return JSON.stringify({ ...(JSON.parse(text) as object), ...over });
}

parse('refuses each file that is not a key’s, and never quotes its secret', async () => {
  const texts = [
    '',
    '{',
    'null',
    '[]',
    `{"secret":"${SECRET}"`,
    await changed({ format: 'caisey/key/v2' }),
    await changed({ more: 1 }),
    await changed({ name: 5 }),
    await changed({ name: 'x'.repeat(129) }),
    await changed({ secret: SECRET.slice(1) }),
    await changed({ secret: `${SECRET.slice(1)}!` }),
    await changed({ secret: `${SECRET.slice(0, -1)}d` }),
    await changed({ secret: `A${SECRET.slice(1)}` }),
    await changed({ key: `ed25519:${SECRET}` }),
    await changed({ key: 'ed25519:' }),
    `${await changed({})}${' '.repeat(MAX_KEY_FILE_CHARS)}`,
  ];
  for (const text of texts) {
    const error = await parseKeyFile(text).catch((cause: unknown) => cause);
    assert.instance(error, FormatError, text);
    const { code, message, cause } = error as FormatError;
    assert.is(code, 'key');
    assert.is(cause, undefined);
    assert.not(message.includes(SECRET.slice(1, 20)), message);
  }
});

parse.run();
