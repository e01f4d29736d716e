// A real site for tests and benchmarks: founded in a temporary folder, its appliance open in this process on a
// free port of loopback, and people with keys. Endpoints are enrolled by whoever needs one.

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Appliance, type ApplianceEvent, openAppliance } from '#appliance/appliance.ts';
import { type ApplianceConfig, type ConsoleConfig, placesIn } from '#appliance/config.ts';
import { Client } from '#appliance/protocol/client.ts';
import {
  CLIENT_PROTOCOL,
  clientAnswerSchema,
  type ClientAnswer,
  type ClientRequest,
} from '#appliance/protocol/client-message.ts';
import { commonOf } from '#appliance/protocol/session-key.ts';
import { type Clock, systemClock } from '#appliance/work/clock.ts';
import { type Founded, foundSite } from '#appliance/work/found.ts';
import { openConversation } from '#agent/protocol/conversation.ts';
import { openPeerNode, type PeerNode } from '#agent/protocol/node.ts';
import { formatHex } from '#crypto/hex.ts';
import { formatPersonKey, parsePersonKey } from '#crypto/person-key.ts';
import { type PolicyRules, presetPolicy } from '#crypto/policy.ts';
import { signStatement, statementSigner } from '#crypto/statement.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { importSigner, randomBytes, type Signer } from '#crypto/webcrypto.ts';

/** Somebody with a key. */
export interface Keyed {
  readonly seed: Bytes;
  readonly signer: Signer;
  /** `ed25519:…` */
  readonly key: string;
}

export interface LiveSite extends AsyncDisposable {
  readonly folder: string;
  readonly appliance: Appliance;
  readonly root: Keyed;
  readonly authority: Keyed;
  readonly owner: Keyed;
  readonly technician: Keyed;
  readonly reviewer: Keyed;
  readonly approver: Keyed;
  readonly events: readonly ApplianceEvent[];
  /** Resolves with the first event that fits, past or to come. */
  event(fits: (event: ApplianceEvent) => boolean): Promise<ApplianceEvent>;
  /** Connects as somebody; dispose the client after use. */
  connect(as: Keyed): Promise<Client>;
  /** Stops the appliance in order and opens it again on the same folder. */
  restart(): Promise<void>;
  /** Opens the appliance anew on what is on the disk at this moment, as after a power cut. */
  crash(): Promise<void>;
}

const YEAR_MS = 365 * 86_400_000;

/** Makes a key. */
export async function createKeyed(): Promise<Keyed> {
  const seed = randomBytes(32);
  const signer = await importSigner(seed);
  const key = formatPersonKey({ kind: 'ed25519', publicKey: signer.publicKey });
  return { seed, signer, key };
}

/** Founds a site and opens its appliance. */
export async function openLiveSite({
  rules = presetPolicy('standard', 'UTC'),
  clock = systemClock,
  listen = ['/ip4/127.0.0.1/tcp/0'],
  console: joined,
}: {
  rules?: PolicyRules;
  clock?: Clock;
  listen?: readonly string[];
  /** The console that the site is joined to. */
  console?: ConsoleConfig;
} = {}): Promise<LiveSite> {
  let folder = await mkdtemp(join(tmpdir(), 'caisey-site-'));
  const people = await createPeople();
  await found({ folder, rules, people, listen, ...(joined && { console: joined }) });
  const { events, event, onEvent } = createEvents();
  const open = (): Promise<Appliance> =>
    openAppliance({
      folder,
      software: 'caisey/test',
      onEvent,
      clock,
    });
  let appliance = await open();
  return {
    get folder() {
      return folder;
    },
    ...people,
    events,
    event,
    get appliance() {
      return appliance;
    },
    connect: (as) => connect(appliance.desk.pins(), as),
    async restart() {
      await appliance[Symbol.asyncDispose]();
      appliance = await open();
    },
    async crash() {
      const after = await mkdtemp(join(tmpdir(), 'caisey-site-'));
      await cp(folder, after, { recursive: true });
      await rm(join(placesIn(after).log, 'lock')); // its owner is dead, as it were
      await appliance[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
      folder = after;
      appliance = await open();
    },
    async [Symbol.asyncDispose]() {
      await appliance[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function createEvents(): Pick<LiveSite, 'events' | 'event'> & {
  onEvent: (event: ApplianceEvent) => void;
} {
  const events: ApplianceEvent[] = [];
  const looking = new Set<() => void>();
  return {
    events,
    onEvent: (event) => {
      events.push(event);
      for (const look of looking) look();
    },
    event: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = events.find(fits);
          if (found === undefined) return;
          looking.delete(look);
          resolve(found);
        };
        looking.add(look);
        look();
      }),
  };
}

/** The people of a site. */
export type People = Pick<
  LiveSite,
  'root' | 'authority' | 'owner' | 'technician' | 'reviewer' | 'approver'
>;

/** Makes a key for everybody. */
export async function createPeople(): Promise<People> {
  return {
    root: await createKeyed(),
    authority: await createKeyed(),
    owner: await createKeyed(),
    technician: await createKeyed(),
    reviewer: await createKeyed(),
    approver: await createKeyed(),
  };
}

/** Writes a founded site into a folder, for an appliance in a process of its own. */
export async function found({
  folder,
  rules,
  people,
  listen = ['/ip4/127.0.0.1/tcp/0'],
  http = null,
  console: joined,
}: {
  folder: string;
  rules: PolicyRules;
  people: People;
  listen?: readonly string[];
  http?: ApplianceConfig['http'];
  console?: ConsoleConfig;
}): Promise<Founded> {
  const { root, authority, owner, technician, reviewer, approver } = people;
  const nowMs = Date.now();
  const origin = `console.example/site/${formatHex(randomBytes(16))}/1`;
  const config: ApplianceConfig = {
    format: 'caisey/appliance/v1',
    origin,
    listen: [...listen],
    http,
    mdns: false,
    ...(joined && { console: joined }),
  };
  const life = { nowMs, lifeMs: YEAR_MS };
  return foundSite({
    ...{ folder, config },
    facts: {
      client: 'Corner Bakery',
      site: 'Main Street',
      msp: 'Acme IT',
      mspRoot: root.key,
      authorityKey: authority.key,
    },
    roster: await signStatement(
      {
        ...commonOf(root, life),
        type: 'roster',
        msp: 'Acme IT',
        version: 1,
        members: [
          { id: 'olga', name: 'Olga Owner', role: 'owner', key: owner.key },
          { id: 'terry', name: 'Terry Technician', role: 'technician', key: technician.key },
          { id: 'rita', name: 'Rita Reviewer', role: 'reviewer', key: reviewer.key },
        ],
      },
      statementSigner(root.signer),
    ),
    authority: await signStatement(
      {
        ...commonOf(authority, life),
        type: 'authority',
        log: origin,
        version: 1,
        approvers: [{ id: 'carla', name: 'Carla Client', key: approver.key }],
        contacts: [],
      },
      statementSigner(authority.signer),
    ),
    policy: await signStatement(
      { ...commonOf(authority, life), type: 'policy', log: origin, version: 1, rules },
      statementSigner(authority.signer),
    ),
    software: 'caisey/test',
    now: () => Date.now(),
  });
}

/** Connects to an appliance as somebody. Disposing the client ends the node, too. */
export async function connect(
  pins: { readonly appliance: string; readonly addresses: readonly string[] },
  { seed }: Keyed,
): Promise<Client> {
  const node = await openPeerNode({ seed });
  try {
    const key = parsePersonKey(pins.appliance);
    if (key.kind !== 'ed25519') throw new Error('unreachable: an appliance has an Ed25519 key');
    const { stream, remotePublicKey } = await node.dial({
      addresses: pins.addresses,
      publicKey: key.publicKey,
      protocol: CLIENT_PROTOCOL,
      signal: AbortSignal.timeout(60_000),
    });
    const conversation = openConversation<ClientAnswer, ClientRequest>(stream, {
      schema: clientAnswerSchema,
      remotePublicKey,
    });
    return new ClientWithNode(conversation, node);
  } catch (cause) {
    await node[Symbol.asyncDispose]();
    throw cause;
  }
}

class ClientWithNode extends Client {
  readonly #node: PeerNode;

  constructor(conversation: ConstructorParameters<typeof Client>[0], node: PeerNode) {
    super(conversation);
    this.#node = node;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.#node[Symbol.asyncDispose]();
  }
}
