// The owner's side of a claim, on a node that answers as it is told.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ProtocolError } from '#agent/protocol/error.ts';
import type { PeerNode } from '#agent/protocol/transport-node.ts';
import { createKeyed } from '#scripts/testing/live-site.ts';
import { offerOf } from '#scripts/testing/unclaimed-site.ts';
import { claimSite } from './claim-client.ts';
import { createClaimSecret, formatClaimCode } from './claim-code.ts';

const root = await createKeyed();
const offer = await offerOf(root);
const { publicKey } = root.signer;
const code = formatClaimCode(publicKey, createClaimSecret());

const AWAY = 'failed to connect via relay with status NO_RESERVATION';

/** A node that fails to dial by these words, one after the other. */
function nodeThat(dials: readonly string[]): { node: PeerNode; dialled(): number } {
  let count = 0;
  const dial = (): Promise<never> => {
    const why = new Error(dials[Math.min(count++, dials.length - 1)]);
    return Promise.reject(
      new ProtocolError('peer-unreachable', 'Cannot dial', { cause: new AggregateError([why]) }),
    );
  };
  return { node: { dial } as unknown as PeerNode, dialled: () => count }; // nothing else is asked
}

async function refusalOf(node: PeerNode, signal: AbortSignal): Promise<unknown> {
  const target = { publicKey, addresses: ['/memory/relay'] };
  const claimed = claimSite(node, {
    ...{ target, code, offer, signal, pauseMs: 0 },
    onOffered: () => undefined,
  });
  return claimed.catch((cause: unknown) =>
    cause instanceof Error && 'code' in cause ? cause.code : cause,
  );
}

const claim = suite('claimSite()');

claim('claimSite() dials again while the relay has no way to the appliance yet', async () => {
  const { node, dialled } = nodeThat([AWAY, AWAY, 'PERMISSION_DENIED']);
  assert.is(await refusalOf(node, new AbortController().signal), 'peer-unreachable');
  assert.is(dialled(), 3);
});

claim('claimSite() says in the end that the appliance cannot be reached', async () => {
  const { node } = nodeThat([AWAY]);
  assert.is(await refusalOf(node, new AbortController().signal), 'unreachable');
});

claim('claimSite() stops trying when it is told to', async () => {
  const { node, dialled } = nodeThat([AWAY]);
  const reason = new Error('left the page');
  assert.is(await refusalOf(node, AbortSignal.abort(reason)), reason);
  assert.is(dialled(), 1);
});

claim.run();
