import { isHttpError } from '@sveltejs/kit';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as z from 'zod';

import { encodeUtf8 } from '#crypto/bytes.ts';
import { bodyOf, MAX_BODY_BYTES, readJson } from './body.ts';

const URL_ = 'http://localhost/api/x';

/** A request that does not say how long it is, piece by piece. */
function streamed(pieces: Iterable<string>): Request {
  const each = pieces[Symbol.iterator]();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next: IteratorResult<string, unknown> = each.next();
      if (next.done === true) controller.close();
      else controller.enqueue(encodeUtf8(next.value));
    },
  });
  return new Request(URL_, { method: 'POST', body, duplex: 'half' } as RequestInit);
}

function whole(body: string, headers: Record<string, string> = {}): Request {
  return new Request(URL_, { method: 'POST', body, headers });
}

async function statusOf(asked: Promise<unknown>): Promise<unknown> {
  try {
    return await asked;
  } catch (cause) {
    if (isHttpError(cause)) return cause.status;
    throw cause;
  }
}

const read = suite('readJson()');

read(
  'readJson() counts the bytes itself, also of what breaks off when it was too long',
  async () => {
    assert.equal(await readJson(streamed(['{"a"', ':1}']), 7), { a: 1 });
    assert.is(await statusOf(readJson(streamed(['{"a"', ':12}']), 7)), 413);
    const cut = (function* () {
      yield '[1,2,3,4';
      throw new Error('the server had enough');
    })();
    assert.is(await statusOf(readJson(streamed(cut), 7)), 413);
    assert.is(await statusOf(readJson(whole('{}', { 'content-length': '41' }), 40)), 413);
  },
);

read('readJson() says nothing for what is no JSON or breaks off', async () => {
  const broken = (function* () {
    yield '{"a":';
    throw new Error('gone');
  })();
  for (const request of [whole('{"a":'), whole(''), streamed(broken), streamed([])]) {
    assert.is(await readJson(request, 40), undefined);
  }
  assert.is(await readJson(new Request(URL_, { method: 'POST' }), 40), undefined);
});

read.run();

const body = suite('bodyOf()');

body('bodyOf() takes what its schema takes, and says what was expected', async () => {
  const of = (request: Request): Promise<unknown> =>
    bodyOf(request, { schema: z.strictObject({ a: z.int() }), expected: 'Expected a' });
  assert.equal(await of(whole('{"a":1}')), { a: 1 });
  assert.is(await statusOf(of(whole('{"a":"1"}'))), 400);
  assert.is(await statusOf(of(whole('{'))), 400);
  assert.is(await statusOf(of(whole(`"${'a'.repeat(MAX_BODY_BYTES)}"`))), 413);
});

body.run();
