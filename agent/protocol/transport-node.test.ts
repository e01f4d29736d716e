import '#scripts/testing/deno-exit.ts';

import { webSockets } from '@libp2p/websockets';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ProtocolError } from './error.ts';
import { openTransportNode, type PeerNode } from './transport-node.ts';

const dial = suite('openTransportNode().dial()');

function openNode(seed: number): Promise<PeerNode> {
  return openTransportNode({
    seed: new Uint8Array(32).fill(seed),
    transports: [webSockets()],
  });
}

dial('says in words that a WebSocket did not open, once for all addresses', async () => {
  await using node = await openNode(1);
  await using other = await openNode(2);
  const failed: unknown = await node
    .dial({
      addresses: ['/ip4/127.0.0.1/tcp/1/ws', '/ip4/127.0.0.1/tcp/2/ws'],
      publicKey: other.publicKey,
      protocol: '/caisey/test/none/1',
      signal: new AbortController().signal,
    })
    .catch((cause: unknown) => cause);
  assert.instance(failed, ProtocolError);
  const { code, message } = failed as ProtocolError;
  assert.is(code, 'peer-unreachable');
  assert.is(message, 'Cannot dial: no connection');
});

dial.run();
