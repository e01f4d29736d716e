// An appliance that is not founded yet: joined to a console, reachable through its relay, it serves the claim
// protocol and the on-site page's set-up, and nothing else. Opened as one thing and disposed as one thing.

import { type Conversation, openConversation } from '#agent/protocol/conversation.ts';
import type { SitePins } from '#agent/protocol/enrol-message.ts';
import { isProtocolError } from '#agent/protocol/error.ts';
import { useNativeCrypto } from '#agent/protocol/native-crypto.ts';
import { type ApplianceEvent, reachable } from '../appliance.ts';
import { CONSOLE, GUEST } from '../broker/gater.ts';
import { Guests } from '../broker/guests.ts';
import { type BrokerNode, openBrokerNode } from '../broker/node.ts';
import { countUnreported, limitEvents } from '../broker/report-limit.ts';
import { loadKeyFile, placesIn } from '../config.ts';
import { createSetupApp } from '../http/setup.ts';
import { serveHttp } from '../http/serve.ts';
import { formatClaimCode } from '../protocol/claim-code.ts';
import {
  CLAIM_PROTOCOL,
  type ClaimAnswer,
  claimRequestSchema,
  type ClaimRequest,
} from '../protocol/claim-message.ts';
import { consoleWay, openConsoleUplink } from '../uplink/site-uplink.ts';
import type { UplinkSource } from '../uplink/uplink.ts';
import { type Clock, systemClock } from '../work/clock.ts';
import { WorkError } from '../work/error.ts';
import { Claim } from './claim.ts';
import type { ClaimState } from './claim-state.ts';
import { type FoundedSite, type SetUp, setUpSite } from './set-up.ts';

export interface UnclaimedOptions {
  readonly folder: string;
  readonly state: ClaimState;
  readonly software: string;
  readonly onEvent: (event: ApplianceEvent) => void;
  readonly clock?: Clock;
  /** Of scrypt, when the PIN is set; lower only in tests. */
  readonly costLog2?: number;
}

export interface Unclaimed extends AsyncDisposable {
  /** What the owner types at the console; another one after wrong tries. */
  readonly code: string;
  readonly claim: Claim;
  /** Where the on-site page is; null: none is configured. */
  readonly page: string | null;
  /** Resolves when the site is founded: open the appliance then. */
  readonly founded: Promise<FoundedSite>;
}

/** Opens an appliance that waits to be claimed. */
export async function openUnclaimed(options: UnclaimedOptions): Promise<Unclaimed> {
  useNativeCrypto();
  const { folder, state, software, onEvent, clock = systemClock } = options;
  const { config } = state;
  await using stack = new AsyncDisposableStack();
  const peer = await loadKeyFile(placesIn(folder).peerKey);
  const way = consoleWay(config.console);
  const guests: Guests = new Guests({
    clock,
    disconnect: (key) => {
      node.disconnect(new Uint8Array(key));
    },
  });
  const node: BrokerNode = stack.use(
    await openBrokerNode({
      seed: peer.seed,
      listen: config.listen,
      mdns: false,
      transports: [way.relay.transport],
      pins: {
        roleOf: (key) => (way.isConsole(key) ? CONSOLE : guests.roleOf(key)),
        admit: (key, from) => guests.admit(key, from),
      },
      now: () => clock.now(),
      onRefused: ({ address, unreported }) => {
        const what = countUnreported(`refused an unknown peer at ${address}`, unreported);
        onEvent({ level: 'warning', what });
      },
    }),
  );
  stack.defer(node.onGone((key) => guests.forget(key)));
  const now = (): number => clock.now();
  const reportClaim = limitEvents(onEvent, now);
  const reportPage = limitEvents(onEvent, now);
  const onChange = (what: string): void => onEvent({ level: 'warning', what });
  const claim = new Claim(state, { folder, clock, onChange });
  const owners = new Owners();
  await node.handle(CLAIM_PROTOCOL, {
    roles: [GUEST],
    serve: ({ stream, remotePublicKey }) => {
      const schema = claimRequestSchema;
      const conversation = openConversation<ClaimRequest, ClaimAnswer>(stream, {
        schema,
        remotePublicKey,
      });
      serveClaim(conversation, { claim, guests, owners }).catch((cause: unknown) => {
        // The owner left; or we did, when the site was set up and the doors of the unclaimed box closed.
        if (isProtocolError(cause, 'stream-lost', 'closed')) return;
        reportClaim({ level: 'warning', what: 'a claim broke off', cause });
      });
    },
  });
  const founded = Promise.withResolvers<FoundedSite>();
  const code = (): string => formatClaimCode(node.publicKey, claim.state.secret);
  const app = createSetupApp({
    ...{ claim, code },
    hosts: config.http?.names ?? [],
    onFailure: (cause) => reportPage({ level: 'error', what: 'the on-site page failed', cause }),
    async decline() {
      await claim.decline();
      await owners.tell({ kind: 'declined' });
    },
    async setUp(setUp: SetUp) {
      const site = await claim.found((held) =>
        setUpSite(held, { ...options, setUp, now: () => clock.now() }),
      );
      const root = claim.state.offer?.root ?? '';
      const { appliance, log, authority } = site;
      const pins: SitePins = {
        appliance,
        log,
        authority,
        msp_root: root,
        addresses: [...reachable(node.addresses).slice(0, 16)],
      };
      await owners.tell({ kind: 'founded', pins });
      founded.resolve(site);
    },
  });
  const page = config.http === null ? null : stack.use(await serveHttp(app, config.http));
  const source = sourceOf({ state, software });
  stack.use(openConsoleUplink(way, { node, clock, onEvent, source, onRoster: refuseRoster }));
  stack.defer(() => owners[Symbol.asyncDispose]());
  const opened = stack.move();
  return {
    get code() {
      return code();
    },
    claim,
    page: page === null ? null : `${page.url}/`,
    founded: founded.promise,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type ClaimConversation = Conversation<ClaimRequest, ClaimAnswer>;

/** Serves one owner: as many tries as the claim allows, then until the contact has decided. */
async function serveClaim(
  conversation: ClaimConversation,
  { claim, guests, owners }: { claim: Claim; guests: Guests; owners: Owners },
): Promise<void> {
  await using held = conversation;
  try {
    for (;;) {
      const request = await held.receive();
      if (request === null) return;
      const answer = await claim.take(request);
      if (answer.kind === 'offered') {
        guests.welcome(held.remotePeer);
        owners.add(held);
      }
      await held.send(answer);
    }
  } finally {
    owners.remove(held);
  }
}

/** The owners who wait for the contact's decision. */
class Owners implements AsyncDisposable {
  readonly #waiting = new Set<ClaimConversation>();

  add(conversation: ClaimConversation): void {
    this.#waiting.add(conversation);
  }

  remove(conversation: ClaimConversation): void {
    this.#waiting.delete(conversation);
  }

  /** Tells all of them; who has gone is told when he claims again. */
  async tell(answer: ClaimAnswer): Promise<void> {
    await Promise.allSettled([...this.#waiting].map((each) => each.send(answer)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#waiting].map((each) => each[Symbol.asyncDispose]()));
  }
}

function sourceOf({ state, software }: Pick<UnclaimedOptions, 'state' | 'software'>): UplinkSource {
  const { origin, console: joined } = state.config;
  return {
    hello: () => ({ site: joined.site, origin, log: null, software }),
    status: () => null,
    endpoints: () => [],
    onChange: () => () => undefined,
  };
}

function refuseRoster(): Promise<never> {
  return Promise.reject(
    new WorkError('not-allowed', 'Cannot take roster: the site is not founded'),
  );
}
