// An appliance, assembled: the ledger below, the work over it, and the doors by which endpoints, clients and
// the people on site come in. Opened as one thing and disposed as one thing.

import { readFile, statfs } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';

import type { Stream } from '@libp2p/interface';

import { openJudge } from '#agent/policy/decide.ts';
import { openConversation } from '#agent/protocol/conversation.ts';
import {
  ENROL_PROTOCOL,
  type EnrolAnswer,
  enrolRequestSchema,
  type SitePins,
} from '#agent/protocol/enrol-message.ts';
import { ProtocolError } from '#agent/protocol/error.ts';
import {
  agentMessageSchema,
  type ApplianceMessage,
  LINK_PROTOCOL,
} from '#agent/protocol/link-message.ts';
import { isLoopback } from '#agent/protocol/loopback.ts';
import { useNativeCrypto } from '#agent/protocol/native-crypto.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { formatVerifierKey, verifierKey } from '#crypto/key.ts';
import { AgentLinks } from './broker/agent-links.ts';
import { Alarms } from './broker/alarms.ts';
import { readLastSeen } from './broker/presence.ts';
import type { Desk } from './broker/client/call.ts';
import { serveClient } from './broker/client-service.ts';
import { serveEnrolment } from './broker/enrolment.ts';
import { CONSOLE, GUEST } from './broker/gater.ts';
import { Guests } from './broker/guests.ts';
import { type BrokerNode, openBrokerNode, type RoleStream } from './broker/node.ts';
import { countUnreported, limitEvents } from './broker/report-limit.ts';
import { type ApplianceConfig, loadConfig, loadKeyFile, placesIn } from './config.ts';
import { loadApprovers } from './gate/approver-file.ts';
import { openPinDesk } from './gate/pin-desk.ts';
import { Requests } from './gate/requests.ts';
import { createApp } from './http/app.ts';
import { type HttpServer, serveHttp } from './http/serve.ts';
import { type Ledger, openLedger } from './ledger/ledger.ts';
import {
  CLIENT_PROTOCOL,
  type ClientAnswer,
  receivedRequestSchema,
  type ReceivedRequest,
} from './protocol/client-message.ts';
import { consoleWay, openSiteUplink } from './uplink/site-uplink.ts';
import { openAlertWatch } from './work/alert-watch.ts';
import { type Clock, systemClock } from './work/clock.ts';
import { Commands } from './work/commands.ts';
import { recoverSessions } from './work/recovery.ts';
import { Sessions } from './work/sessions.ts';
import { loadSite, type Site } from './work/site.ts';
import { loadTokens, type Tokens } from './work/tokens.ts';

/** What happened, for whoever runs the appliance. Holds no secret and no content of commands. */
export interface ApplianceEvent {
  readonly level: 'info' | 'warning' | 'error';
  readonly what: string;
  readonly cause?: unknown;
}

export interface ApplianceOptions {
  readonly folder: string;
  readonly software: string;
  readonly onEvent: (event: ApplianceEvent) => void;
  readonly clock?: Clock;
  /** Listen elsewhere than `site.json` says: tests take free ports. */
  readonly listen?: readonly string[];
}

export interface Appliance extends AsyncDisposable {
  readonly desk: Desk;
  /** Multiaddrs that it listens on now. */
  readonly addresses: readonly string[];
  /** Resolves when the log can no longer be trusted or written: the process must leave. */
  readonly failed: Promise<Error>;
}

/**
 * Opens the appliance in a folder: the log is examined, what a crash left open is ended on record, and then
 * the doors open.
 * @throws {LedgerError} when the log cannot be trusted: it says why, and nothing is signed
 */
export async function openAppliance(options: ApplianceOptions): Promise<Appliance> {
  useNativeCrypto();
  const { folder, onEvent, clock = systemClock } = options;
  const config = await loadConfig(folder);
  await using stack = new AsyncDisposableStack();
  const { ledger, logKey } = await openLog(folder, { config, clock });
  stack.use(ledger);
  stack.use(openAlertWatch(ledger, onEvent));
  const judge = await openJudge();
  const abandoned = await recoverSessions(ledger);
  if (abandoned.length > 0) {
    const { length } = abandoned;
    const what = `ended ${length} ${length === 1 ? 'session' : 'sessions'} that a stop left open`;
    onEvent({ level: 'warning', what });
  }
  const site = await loadSite({ ledger, logKey, judge, now: () => clock.now() });
  const tokens = await loadTokens({
    path: placesIn(folder).tokens,
    ...{ ledger, now: () => clock.now() },
  });
  const lastSeen = await readLastSeen(site);
  const work = createWork({ site, clock, lastSeen, onEvent });
  stack.defer(async () => {
    work.alarms.forget();
    await work.alarms.settled();
  });
  const peer = await loadKeyFile(placesIn(folder).peerKey);
  const guests = new Guests({
    clock,
    disconnect: (publicKey) => {
      node.disconnect(new Uint8Array(publicKey));
    },
  });
  const uplink = config.console === undefined ? null : consoleWay(config.console);
  const node: BrokerNode = stack.use(
    await openBrokerNode({
      seed: peer.seed,
      listen: options.listen ?? config.listen,
      mdns: config.mdns,
      transports: uplink === null ? [] : [uplink.relay.transport],
      pins: {
        roleOf: (publicKey) =>
          site.roleOf(publicKey) ??
          tokenRole(tokens, publicKey) ??
          (uplink?.isConsole(publicKey) === true ? CONSOLE : guests.roleOf(publicKey)),
        admit: (publicKey, from) => guests.admit(publicKey, from),
      },
      now: () => clock.now(),
      onRefused: ({ address, unreported }) => {
        const what = countUnreported(`refused an unknown peer at ${address}`, unreported);
        onEvent({ level: 'warning', what });
      },
    }),
  );
  stack.defer(node.onGone((publicKey) => guests.forget(publicKey)));
  let page: HttpServer | null = null;
  const desk: Desk = {
    ...{ site, tokens, guests, ...work },
    pins: () => pinsOf({ site, peer: peer.key, node }),
    about: {
      software: options.software,
      startedAtMs: clock.now(),
      http: () => (page === null ? null : `${page.url}/`),
      diskFreeBytes: () => freeBytes(folder),
    },
    disconnect: (publicKey) => {
      node.disconnect(new Uint8Array(publicKey));
    },
  };
  await openDoors(node, { desk, onEvent, now: () => clock.now() });
  page = await openPage({ folder, config, desk, clock, onEvent });
  if (page !== null) stack.use(page);
  if (uplink !== null) stack.use(openSiteUplink(uplink, { node, desk, clock, onEvent }));
  const opened = stack.move();
  return {
    desk,
    get addresses() {
      return node.addresses;
    },
    failed: ledger.failed,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function openLog(
  folder: string,
  { config, clock }: { config: ApplianceConfig; clock: Clock },
): Promise<{ ledger: Ledger; logKey: ReturnType<typeof verifierKey> }> {
  const places = placesIn(folder);
  const { signer } = await loadKeyFile(places.logKey);
  const ledger = await openLedger({
    folder: places.log,
    secondFolder: places.second,
    origin: config.origin,
    signer,
    now: () => clock.now(),
  });
  return { ledger, logKey: verifierKey(config.origin, 0x01, signer.publicKey) };
}

function createWork({
  site,
  clock,
  lastSeen,
  onEvent,
}: {
  site: Site;
  clock: Clock;
  lastSeen: ReadonlyMap<string, number>;
  onEvent: ApplianceOptions['onEvent'];
}): Pick<Desk, 'links' | 'alarms' | 'requests' | 'sessions' | 'commands'> {
  const links = new AgentLinks(site, {
    ...{ clock, lastSeen },
    onFailure: (cause) => {
      const what = 'could not record that an endpoint came, went or raised an alarm';
      onEvent({ level: 'error', what, cause });
    },
  });
  const alarms = new Alarms({
    ...{ ledger: site.ledger, clock, endpoint: null },
    onFailure: (cause) => {
      onEvent({ level: 'error', what: 'could not record a forged statement', cause });
    },
  });
  const requests = new Requests(site, clock);
  const sessions = new Sessions(site, {
    ...{ links, requests, clock },
    onFailure: (cause) => {
      onEvent({ level: 'error', what: 'could not close a session by time', cause });
    },
  });
  const commands = new Commands(site, { links, requests, sessions });
  return { links, alarms, requests, sessions, commands };
}

async function openDoors(
  node: BrokerNode,
  { desk, onEvent, now }: { desk: Desk; onEvent: ApplianceOptions['onEvent']; now: () => number },
): Promise<void> {
  const onEnd = (what: string): ((cause: unknown) => void) => {
    const report = limitEvents(onEvent, now);
    return (cause) => {
      const isGone = cause instanceof ProtocolError && cause.code === 'stream-lost';
      if (!isGone) report({ level: 'warning', what, cause });
    };
  };
  const onLinkBroken = onEnd('an endpoint broke off');
  const onLinkStuck = onEnd('a link did not end');
  const onEnrolmentBroken = onEnd('an enrolment failed');
  const onClientBroken = onEnd('a client broke off');
  await node.handle(LINK_PROTOCOL, {
    roles: ['endpoint', 'removed'],
    serve: ({ stream, remotePublicKey, role }) => {
      const options = { schema: agentMessageSchema, remotePublicKey };
      const conversation = openConversation<
        ReturnType<typeof agentMessageSchema.parse>,
        ApplianceMessage
      >(stream, options);
      desk.links
        .serve(conversation)
        .catch(onLinkBroken)
        .finally(() => conversation[Symbol.asyncDispose]())
        .catch(onLinkStuck)
        .finally(() => {
          if (role === 'removed') node.disconnect(remotePublicKey);
        });
    },
  });
  await node.handle(ENROL_PROTOCOL, {
    roles: ['enrolling'],
    serve: ({ stream, remotePublicKey }) => {
      const options = { schema: enrolRequestSchema, remotePublicKey };
      const conversation = openConversation<
        ReturnType<typeof enrolRequestSchema.parse>,
        EnrolAnswer
      >(stream, options);
      serveEnrolment(conversation, desk).catch(onEnrolmentBroken);
    },
  });
  await node.handle(CLIENT_PROTOCOL, {
    roles: ['member', 'approver', 'device', GUEST],
    serve: (opened) => {
      serveClient(clientConversation(opened), {
        desk,
        onUnexpected: (cause) => {
          onEvent({ level: 'error', what: 'a call failed', cause });
        },
      }).catch(onClientBroken);
    },
  });
}

function clientConversation({
  stream,
  remotePublicKey,
}: Pick<RoleStream, 'remotePublicKey'> & { stream: Stream }) {
  return openConversation<ReceivedRequest, ClientAnswer>(stream, {
    schema: receivedRequestSchema,
    remotePublicKey,
  });
}

/** Opens the on-site page and the log's read API, when they are configured. */
async function openPage({
  folder,
  config: { http, console: joined },
  desk,
  clock,
  onEvent,
}: {
  folder: string;
  config: ApplianceConfig;
  desk: Desk;
  clock: Clock;
  onEvent: ApplianceOptions['onEvent'];
}): Promise<HttpServer | null> {
  if (http === null) return null;
  const { site, requests, sessions } = desk;
  const places = placesIn(folder);
  const approvers = await loadApprovers(places.approvers);
  const pinDesk = await openPinDesk({
    ...{ site, requests, clock },
    approvers: () => approvers,
    attemptsPath: places.pinAttempts,
  });
  const report = limitEvents(onEvent, () => clock.now());
  const app = createApp({
    ...{ site, requests, sessions, pinDesk, clock },
    applianceKey: desk.pins().appliance,
    hostOf: (endpoint) => desk.links.view(endpoint).host,
    hosts: http.names ?? [],
    unsaidLevel: () => joined?.level ?? null,
    onFailure: (cause) => {
      report({ level: 'error', what: 'the on-site page failed', cause });
    },
  });
  const { host, port, tls } = http;
  if (tls === undefined) return serveHttp(app, { host, port });
  const [cert, key] = await Promise.all([readFile(tls.cert, 'utf8'), readFile(tls.key, 'utf8')]);
  return serveHttp(app, { host, port, tls: { cert, key } });
}

/** A token's key may come in as long as the token is known, also when used: it is told why it is refused. */
function tokenRole(tokens: Tokens, publicKey: Bytes): 'enrolling' | null {
  return tokens.find(publicKey) === null ? null : 'enrolling';
}

function pinsOf({ site, peer, node }: { site: Site; peer: string; node: BrokerNode }): SitePins {
  const { mspRoot, authorityKey } = site.facts;
  return {
    appliance: peer,
    addresses: reachable(node.addresses).slice(0, 16),
    log: formatVerifierKey(site.logKey),
    msp_root: mspRoot,
    authority: authorityKey,
  };
}

/** Addresses without the peer id, and without loopback where there is another: endpoints are elsewhere. */
export function reachable(addresses: readonly string[]): readonly string[] {
  const plain = addresses.map((address) => address.replace(/\/p2p\/[^/]+$/, ''));
  const outside = plain.filter((address) => !isLoopback(address));
  const hasNetwork = Object.values(networkInterfaces()).some((list) =>
    list?.some(({ internal }) => !internal),
  );
  return outside.length > 0 && hasNetwork ? [...outside, ...plain.filter(isLoopback)] : plain;
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
