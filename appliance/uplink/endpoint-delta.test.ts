import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeFrame } from '#agent/protocol/frame.ts';
import { FAKE_HOST } from '#scripts/testing/fake-agent.ts';
import {
  MAX_ENDPOINTS_PER_MESSAGE,
  type UplinkEndpoint,
  uplinkUpSchema,
} from '../protocol/uplink-message.ts';
import { endpointDelta } from './endpoint-delta.ts';

/** Endpoints by number, as wordy as their schema lets them be. */
function endpointsOf(count: number, from = 0): UplinkEndpoint[] {
  return Array.from({ length: count }, (_, i) => ({
    endpoint: String(from + i).padStart(22, 'A'),
    isVerified: true,
    state: 'online',
    details: {
      name: 'ü'.repeat(256),
      labels: Array.from({ length: 32 }, () => 'ü'.repeat(64)),
      lastSeen: '2026-11-21T02:00:00.000Z',
      software: 'ü'.repeat(256),
      host: { ...FAKE_HOST, hostname: 'ü'.repeat(256), os: 'ü'.repeat(256) },
      openSession: 'B'.repeat(22),
    },
  }));
}

const delta = suite('endpointDelta()');

delta('tells all first, in messages that each fit a frame, the last of them whole', () => {
  const count = 2 * MAX_ENDPOINTS_PER_MESSAGE + 1;
  const { messages } = endpointDelta(null, endpointsOf(count));
  assert.equal(
    messages.map(({ isReset, isWhole, endpoints }) => [isReset, isWhole, endpoints.length]),
    [
      [true, false, MAX_ENDPOINTS_PER_MESSAGE],
      [false, false, MAX_ENDPOINTS_PER_MESSAGE],
      [false, true, 1],
    ],
  );
  for (const message of messages) {
    assert.equal(uplinkUpSchema.parse(message), message);
    assert.ok(encodeFrame(message).length > 0);
  }
  assert.equal(endpointDelta(null, []).messages, [
    { kind: 'endpoints', isReset: true, isWhole: true, endpoints: [], removed: [] },
  ]);
});

delta('then tells what changed, came and went, and nothing when nothing did', () => {
  const before = endpointsOf(3);
  const { told } = endpointDelta(null, before);
  assert.equal(endpointDelta(told, endpointsOf(3)).messages, []);
  const [first, second] = before;
  if (first === undefined || second === undefined) throw new Error('unreachable: there are three');
  const now: UplinkEndpoint[] = [first, { ...second, state: 'offline' }, ...endpointsOf(1, 9)];
  const [message, ...others] = endpointDelta(told, now).messages;
  assert.equal(others, []);
  assert.equal(message?.isReset, false);
  assert.equal(
    message?.endpoints.map(({ endpoint }) => endpoint),
    now.slice(1).map(({ endpoint }) => endpoint),
  );
  assert.equal(message?.removed, [before[2]?.endpoint]);
});

delta.run();
