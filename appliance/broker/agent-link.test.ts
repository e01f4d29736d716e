import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { AgentMessage, ApplianceMessage } from '#agent/protocol/link-message.ts';
import { ProtocolError } from '#agent/protocol/error.ts';
import { ManualClock } from '#scripts/testing/manual-clock.ts';
import { type AgentConversation, AgentLink, FAREWELL_MS } from './agent-link.ts';

/** A conversation of which the test says what comes of sending; it receives until the signal says no more. */
function conversationThat(send: (message: ApplianceMessage) => Promise<void>): {
  conversation: AgentConversation;
  isEnded: () => boolean;
} {
  let isEnded = false;
  const conversation: AgentConversation = {
    remotePeer: new Uint8Array(32),
    receivedCount: 0,
    queuedBytes: 0,
    closed: new Promise(() => undefined),
    send,
    receive: ({ signal } = {}) =>
      new Promise<AgentMessage>((_, reject) => {
        signal?.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      }),
    [Symbol.asyncDispose]: () => {
      isEnded = true;
      return Promise.resolve();
    },
  };
  return { conversation, isEnded: () => isEnded };
}

const never = new Promise<never>(() => undefined);

const dismiss = suite('AgentLink.dismiss()');

dismiss('says that it was removed, then ends', async () => {
  const said: ApplianceMessage[] = [];
  const { conversation, isEnded } = conversationThat((message) => {
    assert.is(isEnded(), false);
    said.push(message);
    return Promise.resolve();
  });
  await new AgentLink(conversation, new ManualClock()).dismiss();
  assert.equal(said, [{ kind: 'removed' }]);
  assert.is(isEnded(), true);
});

dismiss('does not wait for ever for an endpoint that takes nothing', async () => {
  const clock = new ManualClock();
  const dismissing = new AgentLink(conversationThat(() => never).conversation, clock).dismiss();
  clock.advance(FAREWELL_MS);
  await dismissing;
});

dismiss('is content with an endpoint that has gone', async () => {
  const lost = new ProtocolError('stream-lost', 'Cannot send: the connection was lost');
  const { conversation, isEnded } = conversationThat(() => Promise.reject(lost));
  await new AgentLink(conversation, new ManualClock()).dismiss();
  assert.is(isEnded(), true);
});

dismiss.run();

const post = suite('AgentLink.post()');

async function brokenWith(error: Error): Promise<unknown> {
  const clock = new ManualClock();
  const link = new AgentLink(conversationThat(() => Promise.reject(error)).conversation, clock);
  const receiving = link.receive().catch((cause: unknown) => cause);
  link.post({ kind: 'cancel', run: 'r' });
  await Promise.resolve();
  await new Promise(setImmediate);
  clock.advance(60_000);
  return receiving;
}

post('ends the link over what cannot be sent at all', async () => {
  const large = new ProtocolError('frame-too-large', 'Cannot encode frame: too large');
  assert.is(await brokenWith(large), large);
});

post('leaves a loss to whoever reads', async () => {
  const lost = new ProtocolError('stream-lost', 'Cannot send: the connection was lost');
  const error = await brokenWith(lost);
  assert.is(error instanceof ProtocolError && error.code, 'timeout');
});

post.run();
