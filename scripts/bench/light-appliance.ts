// An appliance as its console sees it, and nothing behind it: joined by a token, welcome on its uplink, with its
// reservation on the relay, a log that never grows, and endpoints that are made up. Five hundred fit one process.

import { openConversation } from '#agent/protocol/conversation.ts';
import { CONSOLE } from '#appliance/broker/gater.ts';
import { openBrokerNode } from '#appliance/broker/node.ts';
import {
  CLIENT_PROTOCOL,
  type ClientAnswer,
  type ClientRequest,
  clientRequestSchema,
} from '#appliance/protocol/client-message.ts';
import {
  JOIN_PATH,
  type JoinAnswer,
  joinAnswerSchema,
  joinProofMessage,
  type JoinRequest,
} from '#appliance/protocol/join-message.ts';
import type { UplinkEndpoint, UplinkStatus } from '#appliance/protocol/uplink-message.ts';
import { consoleWay, openConsoleUplink } from '#appliance/uplink/site-uplink.ts';
import { systemClock } from '#appliance/work/clock.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import { signCheckpoint } from '#crypto/checkpoint.ts';
import { formatVerifierKey, verifierKey } from '#crypto/key.ts';
import { createId } from '#crypto/id.ts';
import type { Signer } from '#crypto/webcrypto.ts';
import { EMPTY_ROOT } from '#crypto/hash.ts';
import { createKeyed, type Keyed } from '../testing/live-site.ts';

export interface LightAppliance extends AsyncDisposable {
  /** `ed25519:…` */
  readonly key: string;
  /** Changes the load of some of its endpoints, and tells the console. */
  stir(count: number): void;
}

export interface LightOptions {
  /** The console's origin. */
  readonly console: string;
  readonly site: string;
  readonly secret: string;
  readonly endpoints: number;
}

/** Joins an appliance to a console; resolves when it is welcome there and holds its reservation. */
export async function openLightAppliance(options: LightOptions): Promise<LightAppliance> {
  await using opening = new AsyncDisposableStack();
  const keyed = await createKeyed();
  const { signer } = await createKeyed();
  const origin = `bench.example/site/${options.site}/1`;
  const log = formatVerifierKey(verifierKey(origin, 0x01, signer.publicKey));
  const { relay } = await join(options, { keyed, log: { key: log, signer } });
  const way = consoleWay({ site: options.site, ...relay, level: 'standard' });
  const node = opening.use(
    await openBrokerNode({
      seed: keyed.seed,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      transports: [way.relay.transport],
      pins: { roleOf: (key) => (way.isConsole(key) ? CONSOLE : 'person') },
      now: Date.now,
      onRefused: () => undefined,
    }),
  );
  await node.handle(CLIENT_PROTOCOL, {
    roles: ['person'],
    serve: ({ stream, remotePublicKey }) => {
      const schema = clientRequestSchema;
      const held = openConversation<ClientRequest, ClientAnswer>(stream, {
        schema,
        remotePublicKey,
      });
      void held.closed.then(() => held[Symbol.asyncDispose]());
    },
  });
  const checkpoint = await signCheckpoint({ origin, size: 0, root: EMPTY_ROOT }, signer);
  const endpoints = Array.from({ length: options.endpoints }, (_, i) => endpointOf(i));
  const status: Omit<UplinkStatus, 'kind'> = {
    ...{ checkpoint, size: 0, openSessions: 0, waitingRequests: 0, rosterVersion: 1 },
    level: 'standard',
  };
  const reached = Promise.withResolvers<void>();
  let changed = (): void => undefined;
  const uplink = openConsoleUplink(way, {
    ...{ node, clock: systemClock },
    source: {
      hello: () => ({ site: options.site, origin, log, software: 'caisey/bench' }),
      status: () => status,
      endpoints: () => endpoints,
      onChange: (listener) => {
        changed = listener;
        return () => (changed = () => undefined);
      },
    },
    onRoster: () => Promise.reject(new Error('It has no roster')),
    onEvent: ({ level, cause }) => {
      if (level === 'info') reached.resolve();
      else if (cause !== undefined) reached.reject(cause);
    },
  });
  opening.use(uplink);
  await reached.promise;
  const held = opening.move();
  let at = 0;
  return {
    key: keyed.key,
    stir(count) {
      for (let i = 0; i < count; i++) stirOne(endpoints, at++ % endpoints.length);
      changed();
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function join(
  { console: to, site, secret }: LightOptions,
  { keyed: { key, signer }, log }: { keyed: Keyed; log: { key: string; signer: Signer } },
): Promise<JoinAnswer> {
  const message = joinProofMessage({ site, secret, key, log });
  const [proof, logProof] = await Promise.all(
    [signer, log.signer].map(async (by) => encodeBase64url(await by.sign(message))),
  );
  if (proof === undefined || logProof === undefined) throw new Error('unreachable: two signed');
  const proved = { key: log.key, proof: logProof };
  const request: JoinRequest = { site, secret, key, proof, log: proved };
  const response = await fetch(new URL(JOIN_PATH, to), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(request),
  });
  if (!response.ok) throw new Error(`Cannot join: ${response.status} ${await response.text()}`);
  return joinAnswerSchema.parse(await response.json());
}

function endpointOf(i: number): UplinkEndpoint {
  return {
    ...{ endpoint: createId(), isVerified: true, state: 'online' },
    details: {
      name: `machine-${i}`,
      labels: ['windows', `floor-${i % 7}`],
      ...{ lastSeen: new Date().toISOString(), software: 'caisey/0.1', openSession: null },
      host: {
        ...{ hostname: `machine-${i}`, os: 'Windows 11 Pro 24H2', arch: 'x64', version: '10.0' },
        ...{ uptimeS: 86_400, load1: 1, cpuCount: 8, memoryTotalBytes: 17e9, memoryFreeBytes: 9e9 },
        ...{ diskTotalBytes: 5e11, diskFreeBytes: 2e11, runtime: 'node', runtimeVersion: '24' },
      },
    },
  };
}

function stirOne(endpoints: UplinkEndpoint[], i: number): void {
  const old = endpoints[i];
  const host = old?.details?.host ?? null;
  if (old?.details == null || host === null) throw new Error('unreachable: all have a host');
  const stirred = { ...host, load1: (host.load1 + 1) % 100 };
  const details = { ...old.details, lastSeen: new Date().toISOString(), host: stirred };
  endpoints[i] = { ...old, details };
}
