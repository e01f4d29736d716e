// A peer is its Ed25519 public key: 32 raw bytes in our records, a libp2p peer id on the wire. Other key
// types exist in libp2p and are refused: nobody can have pinned them.

import { publicKeyFromRaw } from '@libp2p/crypto/keys';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromPublicKey as peerIdFromLibp2pKey, peerIdFromString } from '@libp2p/peer-id';

import { type Bytes, copyBytes } from '#crypto/bytes.ts';
import { ProtocolError } from './error.ts';

const PUBLIC_KEY_BYTES = 32;

/** Gives the peer id of a raw Ed25519 public key. @throws {RangeError} for any other length */
export function peerIdFromPublicKey(publicKey: Uint8Array): PeerId {
  if (publicKey.length !== PUBLIC_KEY_BYTES) {
    throw new RangeError(`Cannot make peer id: expected 32 bytes, got ${publicKey.length}`);
  }
  return peerIdFromLibp2pKey(publicKeyFromRaw(publicKey));
}

/**
 * Gives the raw Ed25519 public key of a peer id.
 * @throws {ProtocolError} code `peer-unknown` for a key of another type
 */
export function publicKeyOfPeer(peer: PeerId): Bytes {
  if (peer.type !== 'Ed25519') {
    throw new ProtocolError(
      'peer-unknown',
      `Cannot accept peer: its key is ${peer.type}, not Ed25519`,
    );
  }
  return copyBytes(peer.publicKey.raw);
}

/** Formats a public key as peers are named in addresses and logs: `12D3KooW…`. */
export function formatPeer(publicKey: Uint8Array): string {
  return peerIdFromPublicKey(publicKey).toString();
}

/**
 * Parses what `formatPeer` wrote.
 * @throws {ProtocolError} code `peer-unknown` for anything else
 */
export function parsePeer(text: string): Bytes {
  let peer: PeerId;
  try {
    peer = peerIdFromString(text);
  } catch (cause) {
    throw new ProtocolError('peer-unknown', 'Cannot parse peer: malformed', { cause });
  }
  const publicKey = publicKeyOfPeer(peer);
  if (peer.toString() !== text) {
    throw new ProtocolError('peer-unknown', 'Cannot parse peer: not in its own form');
  }
  return publicKey;
}
