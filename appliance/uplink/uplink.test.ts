// The uplink against a console that only listens, over real sockets, on a clock whose waits are over at once.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Conversation, openConversation } from '#agent/protocol/conversation.ts';
import { openPeerNode } from '#agent/protocol/node.ts';
import {
  STATUS_MS,
  UPLINK_PROTOCOL,
  type UplinkDown,
  type UplinkUp,
  uplinkUpSchema,
} from '../protocol/uplink-message.ts';
import type { Clock } from '../work/clock.ts';
import { openUplink, uplinkBackoff, type UplinkSource } from './uplink.ts';

type Talk = Conversation<UplinkUp, UplinkDown>;

/** An appliance that waits to be claimed: no log, no endpoint, nothing that changes. */
const UNCLAIMED: UplinkSource = {
  hello: () => ({
    site: 'c2l0ZS1zaXRlLXNpdGUtMQ',
    origin: 'a/site/b/1',
    log: null,
    software: 's/1',
  }),
  status: () => null,
  endpoints: () => [],
  onChange: () => () => undefined,
};

const uplink = suite('openUplink()');

uplink(
  'openUplink() gives a sign of life every STATUS_MS, though there is nothing to tell',
  async () => {
    await using stack = new AsyncDisposableStack();
    const listen = ['/ip4/127.0.0.1/tcp/0'];
    const host = stack.use(
      await openPeerNode({ seed: new Uint8Array(32).fill(1), listen, gater: {} }),
    );
    const node = stack.use(await openPeerNode({ seed: new Uint8Array(32).fill(2), gater: {} }));
    const talking = Promise.withResolvers<Talk>();
    await host.handle(UPLINK_PROTOCOL, (stream, remotePublicKey) => {
      talking.resolve(openConversation(stream, { schema: uplinkUpSchema, remotePublicKey }));
    });
    const waits: number[] = [];
    const clock = hurriedClock(waits, { times: 3 });
    stack.use(
      openUplink({
        ...{ node, clock, source: UNCLAIMED },
        console: { addresses: host.addresses, publicKey: host.publicKey },
        relay: {
          transport: () => {
            throw new Error('unreachable: this node listens on no relay');
          },
          reserve: () => Promise.resolve(),
          onLost: () => () => undefined,
        },
        onRoster: () => Promise.reject(new Error('unreachable: no roster is sent')),
        onState: () => undefined,
      }),
    );
    const talk = stack.use(await talking.promise);
    assert.is((await talk.receive())?.kind, 'hello');
    await talk.send({ kind: 'welcome', organisation: 'Acme IT' });
    const none = { kind: 'endpoints', isWhole: true, endpoints: [], removed: [] };
    for (const isReset of [true, false, false]) {
      assert.equal(await talk.receive(), { ...none, isReset });
    }
    assert.equal(waits.slice(0, 3), [0, STATUS_MS, STATUS_MS]);
  },
);

uplink.run();

const backoff = suite('uplinkBackoff()');

backoff('uplinkBackoff() asks soon for a console on this computer, and for no other', () => {
  const near = uplinkBackoff(['/ip4/127.0.0.1/tcp/4020', '/ip4/127.0.0.1/tcp/4021/ws']);
  const far = uplinkBackoff(['/ip4/127.0.0.1/tcp/4020', '/dns4/relay.example/tcp/4020']);
  assert.equal([near.maxMs, far.maxMs], [2_000, 60_000]);
});

backoff.run();

/** A clock that notes how long is waited, and does not wait; after so many times it stands still. */
function hurriedClock(waits: number[], { times }: { times: number }): Clock {
  return {
    now: () => 0,
    after(delayMs, callback) {
      waits.push(delayMs);
      if (waits.length > times) return () => undefined;
      const soon = setImmediate(callback);
      return () => clearImmediate(soon);
    },
  };
}
