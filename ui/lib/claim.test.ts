import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ClaimError } from '#appliance/protocol/claim-client.ts';
import { CLAIM_TRIES, claimPatiently, isLostClaim } from './claim.ts';

const { signal } = new AbortController();
const pause = async () => undefined;
const failure = (code: string) => Object.assign(new Error(code), { code });

/** A claim that fails as told, one after the other, and then succeeds. */
function claimThat(codes: readonly string[]) {
  const left = [...codes];
  let calls = 0;
  return {
    calls: () => calls,
    claim: async () => {
      calls += 1;
      const code = left.shift();
      if (code !== undefined) throw failure(code);
      return { appliance: 'ed25519:x' } as never;
    },
  };
}

const test = suite('claimPatiently()');

test('claimPatiently() waits for an appliance that is not there yet', async () => {
  const { claim, calls } = claimThat(['peer-unreachable', 'peer-unreachable']);
  await claimPatiently(claim, { pause, signal });
  assert.is(calls(), 3);
});

test('claimPatiently() tells any other failure at once', async () => {
  const { claim, calls } = claimThat(['wrong-secret']);
  const caught = await claimPatiently(claim, { pause, signal }).catch((error: unknown) => error);
  assert.equal([calls(), (caught as { code: string }).code], [1, 'wrong-secret']);
});

test('claimPatiently() gives up in the end, and when the page is left', async () => {
  const never = claimThat(new Array<string>(CLAIM_TRIES + 5).fill('peer-unreachable'));
  await claimPatiently(never.claim, { pause, signal }).then(
    () => assert.unreachable(),
    () => undefined,
  );
  assert.is(never.calls(), CLAIM_TRIES);
  const left = claimThat(['peer-unreachable']);
  const gone = AbortSignal.abort();
  await claimPatiently(left.claim, { pause, signal: gone }).then(
    () => assert.unreachable(),
    () => undefined,
  );
  assert.is(left.calls(), 1);
});

test.run();

const lost = suite('isLostClaim()');

lost('isLostClaim() tells a link that broke from a word of the appliance', () => {
  const broken = Object.assign(new Error('gone'), { name: 'ProtocolError', code: 'stream-lost' });
  assert.ok(isLostClaim(broken));
  for (const said of [new ClaimError('declined', 'no'), new Error('not pinned'), 'gone']) {
    assert.not(isLostClaim(said));
  }
});

lost.run();
