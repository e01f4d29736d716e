// Signing in with a passkey. The host chooses the challenge, so no credential that signs statements may ever
// answer it: this page lets the authenticator offer only what it discovers itself, whatever the host names, and
// signing keys are made not to be discovered; one that is all the same is thrown away here (`signing-handle.ts`).

import * as z from 'zod';

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import { isSigningHandle } from './signing-handle.ts';

const optionsSchema = z.looseObject({
  challenge: z.string().max(1024),
  rpId: z.string().max(256),
  timeout: z.number().optional(),
});

/** Signs in. @throws {Error} in words for the person */
export async function signInByPasskey(fetch: typeof globalThis.fetch): Promise<void> {
  const asked = await fetch('/api/sign-in/challenge', { method: 'POST' });
  if (!asked.ok) throw new Error('The console cannot take a sign-in passkey now; use the password');
  const { challenge, rpId, timeout } = optionsSchema.parse(await asked.json());
  const credential = await navigator.credentials
    .get({
      publicKey: {
        challenge: parseBase64url(challenge),
        rpId,
        allowCredentials: [],
        userVerification: 'required',
        ...(timeout === undefined ? {} : { timeout }),
      },
    })
    .catch(() => null);
  if (!(credential instanceof PublicKeyCredential)) {
    throw new Error('No sign-in passkey was used. You can sign in with your password.');
  }
  refuseSigningKey(credential);
  const answered = await fetch('/api/sign-in/passkey', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ response: assertionJson(credential) }),
  });
  if (!answered.ok) throw new Error('The console does not know that sign-in passkey');
}

/** What a signing key signed must not reach the host: it may be a statement of the host's making. */
function refuseSigningKey({ response }: PublicKeyCredential): void {
  const handle = response instanceof AuthenticatorAssertionResponse ? response.userHandle : null;
  if (handle === null || !isSigningHandle(new Uint8Array(handle))) return;
  throw new Error('That is your signing key. Choose a sign-in passkey, or use the password.');
}

/** An assertion as WebAuthn's own JSON form has it (Level 3 §5.1.6). */
function assertionJson(credential: PublicKeyCredential): unknown {
  const { response } = credential;
  if (!(response instanceof AuthenticatorAssertionResponse)) {
    throw new Error('The authenticator answered something else than an assertion');
  }
  const text = (bytes: ArrayBuffer): string => encodeBase64url(new Uint8Array(bytes));
  return {
    id: credential.id,
    rawId: credential.id,
    type: credential.type,
    clientExtensionResults: {},
    response: {
      authenticatorData: text(response.authenticatorData),
      clientDataJSON: text(response.clientDataJSON),
      signature: text(response.signature),
      ...(response.userHandle === null ? {} : { userHandle: text(response.userHandle) }),
    },
  };
}
