// The way from a person's key to the appliance of his site: a libp2p node of that key dials the pinned key, and
// speaks the client's language. Importing this loads libp2p; do so only when a connection is wanted.

import { openConversation } from '#agent/protocol/conversation.ts';
import { isProtocolError, ProtocolError } from '#agent/protocol/error.ts';
import { isLoopback } from '#agent/protocol/loopback.ts';
import { openPeerNode, type PeerNode, type PeerStream } from '#agent/protocol/node.ts';
import { Client } from '#appliance/protocol/client.ts';
import {
  CLIENT_PROTOCOL,
  type ClientAnswer,
  clientAnswerSchema,
  type ClientRequest,
} from '#appliance/protocol/client-message.ts';
import type { Bytes } from '#crypto/bytes.ts';
import type { KeyFile } from '#crypto/key-file.ts';
import { parsePersonKey } from '#crypto/person-key.ts';
import { CliError } from './error.ts';
import { type HomeSite, loadHomeSite, loadKey, originOf } from './home.ts';
import type { Invocation } from './invocation.ts';

/** What verbs need of a client. */
export type Caller = Pick<Client, 'call'>;

/** A connected client, and as whom to which site. Disposal ends the conversation and the node. */
export interface Connection extends AsyncDisposable {
  readonly client: Caller;
  readonly site: HomeSite;
  readonly key: KeyFile;
  /** Of the site's log, as pinned. */
  readonly origin: string;
}

/**
 * Connects to the appliance of this home, as the owner of the key.
 * @throws {CliError} as `loadHomeSite` and `loadKey`
 * @throws {ProtocolError} as `PeerNode.dial`
 */
export async function connect({ home, keyFile, output, signal }: Invocation): Promise<Connection> {
  const site = await loadHomeSite(home);
  const key = await loadKey(keyFile ?? home.myKey);
  await using opening = new AsyncDisposableStack();
  const pinned = applianceKey(site);
  let node = opening.use(await openPeerNode({ seed: key.seed }));
  const target = { publicKey: pinned, protocol: CLIENT_PROTOCOL, signal };
  let opened: PeerStream;
  try {
    opened = await node.dial({ ...target, addresses: site.addresses });
  } catch (cause) {
    if (!isProtocolError(cause, 'peer-unreachable')) throw cause;
    const nobody = unreachable(site, cause);
    if (site.addresses.every(isLoopback)) throw nobody;
    await output.note('The appliance does not answer there; asking the local network …', 'dim');
    node = opening.use(await openPeerNode({ seed: key.seed, mdns: true }));
    const addresses = await discover(node, { pinned, signal });
    if (addresses.length === 0) throw nobody;
    opened = await node.dial({ ...target, addresses });
  }
  const { stream, remotePublicKey } = opened;
  const conversation = openConversation<ClientAnswer, ClientRequest>(stream, {
    schema: clientAnswerSchema,
    remotePublicKey,
  });
  const client = opening.use(new Client(conversation));
  const held = opening.move();
  return {
    ...{ site, key, client },
    origin: originOf(site),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

const LOOK_MS = 300;
const LOOKS = 10;

async function discover(
  node: PeerNode,
  { pinned, signal }: { pinned: Bytes; signal: AbortSignal },
): Promise<readonly string[]> {
  for (let looks = 0; looks < LOOKS; looks++) {
    const found = node.discovered(pinned);
    if (found.length > 0) return found;
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return [];
}

function applianceKey({ appliance }: HomeSite): Bytes {
  const key = parsePersonKey(appliance);
  if (key.kind === 'ed25519') return key.publicKey;
  throw new CliError('unusable', 'Cannot use site.json: the appliance has no Ed25519 key');
}

/** Why each address failed is in the cause; that nobody answers is what a person wants to know. */
function unreachable({ addresses }: HomeSite, cause: Error): ProtocolError {
  const where = addresses.join(', ');
  const message = `Cannot reach the appliance: nobody answers at ${where}`;
  return new ProtocolError('peer-unreachable', message, { cause });
}
