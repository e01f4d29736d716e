// The signing key: a passkey that signs statements, and nothing else. Never a sign-in: whoever chooses a
// challenge chooses what is signed, and a sign-in's challenge is the host's (see the room's README).

import { encodeBase64url } from '#crypto/base64.ts';
import { type Bytes, copyBytes } from '#crypto/bytes.ts';
import { formatPersonKey, parsePersonKey } from '#crypto/person-key.ts';
import { parseRegistration, PASSKEY_ALGORITHMS } from '#crypto/registration.ts';
import type { Envelope, StatementSigner } from '#crypto/statement.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import { createSigningHandle } from './signing-handle.ts';

/** What this browser must remember of a signing key to use it again. None of it is secret. */
export interface SigningKey {
  /** `webauthn:<rp id>:<COSE key>`: what stands in rosters. */
  readonly key: string;
  readonly credentialId: Bytes;
}

/** Why a passkey, the signing key or one that signs in, could not be made or used, in words for the person at the screen. */
export class PasskeyError extends Error {
  override readonly name = 'PasskeyError';
  readonly code: 'unsupported' | 'cancelled' | 'failed';

  constructor(code: PasskeyError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether this page can make and use passkeys: it needs https, or localhost. */
export function canUsePasskeys(): boolean {
  return typeof PublicKeyCredential === 'function' && isSecureContext;
}

/**
 * Makes a signing key. The person is verified; the credential is not to be offered at a sign-in.
 * @throws {PasskeyError}
 */
export async function createSigningKey(person: {
  name: string;
  organisation: string;
}): Promise<SigningKey> {
  const rpId = location.hostname;
  const label = `${person.name}: signs for ${person.organisation}`;
  const created = await asked('No signing key was made', () =>
    navigator.credentials.create({
      publicKey: {
        rp: { id: rpId, name: 'Caisey signing key' },
        user: { id: createSigningHandle(), name: label, displayName: label },
        challenge: randomBytes(32), // attests nothing: the page reads the key from its own authenticator
        pubKeyCredParams: PASSKEY_ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { residentKey: 'discouraged', userVerification: 'required' },
        attestation: 'none',
        timeout: PROMPT_MS,
      },
    }),
  );
  const { response } = created;
  if (!(response instanceof AuthenticatorAttestationResponse)) throw unexpected();
  const registration = parseRegistration(new Uint8Array(response.getAuthenticatorData()), { rpId });
  return {
    key: formatPersonKey({ kind: 'webauthn', rpId, cose: registration.cose }),
    credentialId: registration.credentialId,
  };
}

/** A signer of statements by this key: each signature asks the person. */
export function passkeySigner({ key, credentialId }: SigningKey): StatementSigner {
  return {
    key,
    sign: (challenge) => signChallenge({ key, credentialId }, challenge),
  };
}

async function signChallenge(
  { key, credentialId }: SigningKey,
  challenge: Bytes,
): Promise<Envelope['signature']> {
  const parsed = parsePersonKey(key);
  if (parsed.kind !== 'webauthn') throw new TypeError('Cannot sign: the key is no passkey');
  const got = await asked('The signing key was not used', () =>
    navigator.credentials.get({
      publicKey: {
        rpId: parsed.rpId,
        challenge: copyBytes(challenge),
        allowCredentials: [{ type: 'public-key', id: copyBytes(credentialId) }],
        userVerification: 'required',
        timeout: PROMPT_MS,
      },
    }),
  );
  const { response } = got;
  if (!(response instanceof AuthenticatorAssertionResponse)) throw unexpected();
  return {
    alg: 'webauthn',
    authenticator_data: encodeBase64url(new Uint8Array(response.authenticatorData)),
    client_data: encodeBase64url(new Uint8Array(response.clientDataJSON)),
    signature: encodeBase64url(new Uint8Array(response.signature)),
  };
}

/** Asks the authenticator; `refused` says what did not happen when the person would not. */
async function asked(
  refused: string,
  ask: () => Promise<Credential | null>,
): Promise<PublicKeyCredential> {
  if (!canUsePasskeys()) {
    throw new PasskeyError(
      'unsupported',
      'This page cannot use passkeys: open the console by https, or by http://localhost on the machine itself',
    );
  }
  let credential: Credential | null;
  try {
    credential = await ask();
  } catch (cause) {
    const isRefused = cause instanceof DOMException && cause.name === 'NotAllowedError';
    throw isRefused
      ? new PasskeyError('cancelled', `${refused}: cancelled, or too late`, { cause })
      : new PasskeyError('failed', 'The authenticator could not do it', { cause });
  }
  if (!(credential instanceof PublicKeyCredential)) throw unexpected();
  return credential;
}

function unexpected(): PasskeyError {
  return new PasskeyError('failed', 'The authenticator answered something else than a signing key');
}

const PROMPT_MS = 120_000;
