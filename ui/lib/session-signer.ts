// A session's key as something that signs. It was made in this browser and cannot be taken out of it: only its
// public half is read.

import { copyBytes } from '#crypto/bytes.ts';
import { statementSigner, type StatementSigner } from '#crypto/statement.ts';
import { door } from '#crypto/webcrypto.ts';

/** Signs statements with a session's key. */
export async function sessionSigner({
  privateKey,
  publicKey,
}: CryptoKeyPair): Promise<StatementSigner> {
  const subtle = await door();
  const raw = new Uint8Array(await subtle.exportKey('raw', publicKey));
  return statementSigner({
    publicKey: raw,
    sign: async (message) =>
      new Uint8Array(await subtle.sign('Ed25519', privateKey, copyBytes(message))),
  });
}
