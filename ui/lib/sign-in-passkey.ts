// Makes a passkey for signing in: one that the authenticator offers by itself. It is a credential of its own, made
// anew: the signing key never becomes one, since a sign-in's challenge is the host's (see the room's README).

import * as z from 'zod';

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import { equalBytes } from '#crypto/bytes.ts';
import { PASSKEY_ALGORITHMS } from '#crypto/registration.ts';
import { canUsePasskeys, PasskeyError, type SigningKey } from './passkey.ts';
import { post } from './post.ts';

const optionsSchema = z.looseObject({
  challenge: z.string().max(1024),
  user: z.looseObject({ id: z.string().max(128), name: z.string(), displayName: z.string() }),
  excludeCredentials: z
    .array(z.looseObject({ id: z.string().max(2048) }))
    .max(256)
    .default([]),
});
type Options = z.infer<typeof optionsSchema>;

const PROMPT_MS = 120_000;
const ROUTE = '/settings/account/passkeys';

/** Makes one and tells the host. @throws {Error} in words for the person */
export async function addSignInPasskey({
  name,
  signingKey,
}: {
  name: string;
  /** This browser's, so that it can be told apart. */
  signingKey: SigningKey | null;
}): Promise<void> {
  if (!canUsePasskeys()) {
    throw new PasskeyError(
      'unsupported',
      'This page cannot use passkeys: open the console by https, or by http://localhost on the machine itself',
    );
  }
  const options = optionsSchema.parse(await post(`${ROUTE}/options`, {}));
  const credential = await navigator.credentials
    .create({ publicKey: creationOf(options) })
    .catch((cause: unknown) => {
      throw refusalOf(cause);
    });
  if (!(credential instanceof PublicKeyCredential)) throw unexpected();
  const id = new Uint8Array(credential.rawId);
  if (signingKey !== null && equalBytes(id, signingKey.credentialId)) {
    throw new PasskeyError('failed', 'That is the signing key: it is never used to sign in');
  }
  await post(ROUTE, { name, response: registrationJson(credential) });
}

/** What the host may choose is the challenge and the account's handle; the rest this page says itself. */
function creationOf({
  challenge,
  user,
  excludeCredentials,
}: Options): PublicKeyCredentialCreationOptions {
  return {
    rp: { id: location.hostname, name: 'Caisey' },
    user: { id: parseBase64url(user.id), name: user.name, displayName: user.displayName },
    challenge: parseBase64url(challenge),
    pubKeyCredParams: PASSKEY_ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    excludeCredentials: excludeCredentials.map(({ id }) => ({
      type: 'public-key',
      id: parseBase64url(id),
    })),
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
    attestation: 'none',
    timeout: PROMPT_MS,
  };
}

/** A registration as WebAuthn's own JSON form has it (Level 3 §5.1.6). */
function registrationJson(credential: PublicKeyCredential): unknown {
  const { response } = credential;
  if (!(response instanceof AuthenticatorAttestationResponse)) throw unexpected();
  const text = (bytes: ArrayBuffer): string => encodeBase64url(new Uint8Array(bytes));
  return {
    id: credential.id,
    rawId: credential.id,
    type: credential.type,
    clientExtensionResults: {},
    response: {
      attestationObject: text(response.attestationObject),
      clientDataJSON: text(response.clientDataJSON),
      transports: response.getTransports(),
    },
  };
}

function refusalOf(cause: unknown): PasskeyError {
  const name = cause instanceof DOMException ? cause.name : '';
  if (name === 'InvalidStateError') {
    return new PasskeyError('failed', 'This authenticator has a sign-in passkey of yours already', {
      cause,
    });
  }
  return name === 'NotAllowedError'
    ? new PasskeyError('cancelled', 'No sign-in passkey was made: cancelled, or too late', {
        cause,
      })
    : new PasskeyError('failed', 'The authenticator could not do it', { cause });
}

function unexpected(): PasskeyError {
  return new PasskeyError(
    'failed',
    'The authenticator answered something else than a sign-in passkey',
  );
}
