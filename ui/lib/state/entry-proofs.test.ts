// The proofs behind a page, over a site that proves whatever it is asked, at once or when the test lets it.

import '#scripts/testing/svelte-module.ts';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ClientError } from '#appliance/protocol/client.ts';
import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import { EMPTY_ROOT } from '#crypto/hash.ts';
import type { Claim } from '#ui/lib/log-view.ts';
import type { Proved } from '#ui/lib/site-proof.ts';

const { EntryProofs, GATHER_MS } = await import('./entry-proofs.svelte.ts');

const name = encodeBase64url(EMPTY_ROOT);

/** As far as proofs look at it. */
function entry(i: number): CheckedEntry {
  return { leaf: { i }, name } as unknown as CheckedEntry;
}

class Proving {
  readonly asked: number[][] = [];
  fails: Error | null = null;
  readonly waits: number[] = [];
  readonly #later: (() => void)[] = [];
  readonly proofs = new EntryProofs(
    { prove: (claims) => this.#prove(claims) },
    {
      later: (work, ms) => {
        this.waits.push(ms);
        this.#later.push(work);
      },
    },
  );

  /** Lets the time pass that is waited for, and all that follows from it. */
  async pass(): Promise<void> {
    for (const work of this.#later.splice(0)) work();
    await new Promise((resolve) => setImmediate(resolve));
  }

  #prove(claims: readonly Claim[]): Promise<Proved> {
    this.asked.push(claims.map(({ index }) => index));
    const { fails } = this;
    this.fails = null;
    return fails === null ? Promise.resolve({ size: 9, note: 'note' }) : Promise.reject(fails);
  }
}

const proofs = suite('EntryProofs');

proofs('asks once for entries that come together, and not before they were gathered', async () => {
  const proving = new Proving();
  for (const i of [1, 2, 3]) proving.proofs.take(entry(i));
  assert.equal(proving.asked, []);
  await proving.pass();
  assert.equal(proving.asked, [[1, 2, 3]]);
  assert.equal([...proving.proofs.proved], [1, 2, 3]);
  proving.proofs.take(entry(4));
  await proving.pass();
  assert.equal(proving.asked, [[1, 2, 3], [4]]);
});

proofs('asks again for what got lost with the link', async () => {
  const proving = new Proving();
  proving.fails = new ClientError('stream-lost', 'Lost the appliance');
  proving.proofs.take(entry(1));
  await proving.pass();
  assert.equal(proving.asked, [[1], [1]]);
  assert.is(proving.proofs.distrust, null);
});

proofs('says aloud what cannot be proved, and asks no more', async () => {
  const proving = new Proving();
  proving.fails = new Error('the log is another one');
  proving.proofs.take(entry(1));
  await proving.pass();
  proving.proofs.take(entry(2));
  await proving.pass();
  assert.is(proving.proofs.distrust, 'the log is another one');
  assert.equal(proving.asked, [[1]]);
  assert.is(proving.proofs.proved.size, 0);
});

proofs(
  'calls nothing untrue for which the site gives no answer, and asks with the next',
  async () => {
    for (const code of ['not-allowed', 'not-authorised', 'expired', 'stopping']) {
      const proving = new Proving();
      proving.fails = new ClientError(code, `Said no: ${code}`);
      proving.proofs.take(entry(1));
      await proving.pass();
      assert.is(proving.proofs.distrust, null, code);
      assert.is(proving.proofs.unanswered, `Said no: ${code}`);
      assert.is(proving.proofs.proved.size, 0);
      proving.proofs.take(entry(2));
      await proving.pass();
      assert.equal(proving.asked, [[1], [1, 2]]);
      assert.is(proving.proofs.unanswered, null);
    }
  },
);

proofs('asks a site that is busy again when it says', async () => {
  const proving = new Proving();
  proving.fails = new ClientError('overloaded', 'Too many calls at once', 700);
  proving.proofs.take(entry(1));
  await proving.pass();
  assert.equal([proving.asked.length, proving.proofs.distrust], [1, null]);
  await proving.pass();
  assert.equal(proving.asked, [[1], [1]]);
  assert.equal(proving.waits, [GATHER_MS, 700]);
  assert.equal([...proving.proofs.proved], [1]);
});

proofs('distrusts a site that showed an entry and does not have it', async () => {
  const proving = new Proving();
  proving.fails = new ClientError('entry-unknown', 'Cannot prove entry 9: the log has 4');
  proving.proofs.take(entry(9));
  await proving.pass();
  assert.is(proving.proofs.distrust, 'Cannot prove entry 9: the log has 4');
});

proofs.run();
