// Real assertions: Chromium's own WebAuthn with its virtual authenticator (CDP), verified by `checkAssertion`.
// What browsers put in client data and authenticator data is their word, not ours.

import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter } from 'node:path';
import process from 'node:process';

import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { parseBase64url } from '#crypto/base64.ts';
import { type Bytes, encodeUtf8 } from '#crypto/bytes.ts';
import { parseCoseKey } from '#crypto/cose.ts';
import { VerifyError } from '#crypto/error.ts';
import { sha256 } from '#crypto/hash.ts';
import { type Assertion, checkAssertion } from '#crypto/webauthn.ts';

import { createEs256, formatClientData, signAssertion } from './authenticator.ts';

const rpId = 'localhost';
const challenge = sha256(encodeUtf8('approve this'));
const TIMEOUT_MS = 100_000;

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

interface Context {
  browser: Browser;
  page: Page;
  cdp: CDPSession;
  authenticatorId: string;
  server: AsyncDisposable;
}

/** A passkey as the page made it: base64url, since values of a page come over as JSON. */
interface Registered {
  readonly id: string;
  readonly cose: Bytes;
}

const double = suite('signAssertion()');

double('signAssertion() stands in for Chromium where there is none', async () => {
  const authenticator = await createEs256();
  const text = formatClientData({ challenge, origin: 'http://localhost:5173' });
  const assertion = await signAssertion(authenticator, { rpId, clientData: encodeUtf8(text) });
  await checkAssertion(assertion, { rpId, cose: authenticator.cose, challenge });
});

double.run();

const executablePath = findChromium();
const chromiumSuite = suite<Context>('checkAssertion() with Chromium');

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so no real assertion was checked');
  chromiumSuite.skip('checkAssertion() accepts what Chromium signs: no Chromium found', () => {
    assert.unreachable();
  });
} else {
  chromiumSuite.before(async (context) => {
    const { url, server } = await openPageServer();
    context.server = server;
    context.browser = await chromium.launch({ executablePath, args: FLAGS, timeout: TIMEOUT_MS });
    context.page = await context.browser.newPage();
    context.page.setDefaultTimeout(TIMEOUT_MS);
    await context.page.goto(url);
    context.cdp = await context.page.context().newCDPSession(context.page);
    await context.cdp.send('WebAuthn.enable');
    const { authenticatorId } = await context.cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    context.authenticatorId = authenticatorId;
  });

  chromiumSuite.after(async ({ browser, server }) => {
    await browser.close();
    await server[Symbol.asyncDispose]();
  });

  chromiumSuite('checkAssertion() accepts what Chromium signs', async ({ page }) => {
    const { id, cose } = await register(page, [-7]);
    assert.is(parseCoseKey(cose).kind, 'ES256');
    for (let i = 0; i < 3; i++) {
      const assertion = await sign(page, id);
      await checkAssertion(assertion, { rpId, cose, challenge });
    }
  });

  chromiumSuite('checkAssertion() refuses any byte of it flipped', async ({ page }) => {
    const { id, cose } = await register(page, [-7]);
    const assertion = await sign(page, id);
    for (const part of ['authenticatorData', 'clientData', 'signature'] as const) {
      for (let i = 0; i < assertion[part].length; i++) {
        const bytes = assertion[part].slice();
        bytes[i] = (bytes[i] ?? 0) ^ 1;
        await refuses({ ...assertion, [part]: bytes }, { rpId, cose, challenge });
      }
    }
    const other = sha256(challenge);
    await refuses(assertion, { rpId, cose, challenge: other }, 'challenge:');
    await refuses(assertion, { rpId: 'caisey.example', cose, challenge }, 'origin:');
  });

  chromiumSuite(
    'checkAssertion() refuses a person whom Chromium did not verify',
    async (context) => {
      const { page, cdp, authenticatorId } = context;
      const { id, cose } = await register(page, [-7]);
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
      const assertion = await sign(page, id, 'discouraged');
      await refuses(assertion, { rpId, cose, challenge }, 'flags:');
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    },
  );

  chromiumSuite(
    'checkAssertion() refuses the ML-DSA key that Chromium may make',
    async ({ page }) => {
      const { id, cose } = await register(page, [-48, -7]);
      const assertion = await sign(page, id);
      if (cose.length < 1000) {
        // This Chromium has no ML-DSA: it took the second best.
        await checkAssertion(assertion, { rpId, cose, challenge });
      } else {
        await refuses(assertion, { rpId, cose, challenge }, 'public key:');
      }
    },
  );
}

chromiumSuite.run();

async function refuses(
  assertion: Assertion,
  claim: Parameters<typeof checkAssertion>[1],
  step = '',
): Promise<void> {
  try {
    await checkAssertion(assertion, claim);
  } catch (error) {
    assert.ok(error instanceof VerifyError && error.code === 'webauthn', String(error));
    assert.match(String(error), `Cannot accept assertion: ${step}`);
    return;
  }
  assert.unreachable(`accepted: ${step}`);
}

/** Registers a passkey with one of these COSE algorithms, most wanted first. */
async function register(page: Page, algorithms: readonly number[]): Promise<Registered> {
  const made = await page.evaluate(
    async ({ rpId, algorithms }) => {
      const credential = await navigator.credentials.create({
        publicKey: {
          rp: { id: rpId, name: 'Caisey' },
          user: {
            id: crypto.getRandomValues(new Uint8Array(16)),
            name: 'approver',
            displayName: 'Approver',
          },
          challenge: new Uint8Array(32),
          pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key' as const, alg })),
          authenticatorSelection: { userVerification: 'required' },
        },
      });
      if (!(credential instanceof PublicKeyCredential)) throw new Error('no credential');
      const { response } = credential;
      if (!(response instanceof AuthenticatorAttestationResponse)) throw new Error('no key');
      return {
        id: credential.id,
        authenticatorData: [...new Uint8Array(response.getAuthenticatorData())],
      };
    },
    { rpId, algorithms },
  );
  return { id: made.id, cose: attestedKey(Uint8Array.from(made.authenticatorData)) };
}

/** The COSE key in a registration's authenticator data, WebAuthn Level 3 §6.5.1; no extensions were asked for. */
function attestedKey(data: Bytes): Bytes {
  const idLength = (data[53] ?? 0) * 256 + (data[54] ?? 0);
  return data.slice(55 + idLength);
}

async function sign(
  page: Page,
  id: string,
  userVerification: 'required' | 'discouraged' = 'required',
): Promise<Assertion> {
  const signed = await page.evaluate(
    async ({ rpId, id, challenge, userVerification }) => {
      const credential = await navigator.credentials.get({
        publicKey: {
          rpId,
          challenge: Uint8Array.from(challenge),
          allowCredentials: [{ type: 'public-key', id: Uint8Array.from(id) }],
          userVerification,
        },
      });
      if (!(credential instanceof PublicKeyCredential)) throw new Error('no credential');
      const { response } = credential;
      if (!(response instanceof AuthenticatorAssertionResponse)) throw new Error('no assertion');
      return {
        authenticatorData: [...new Uint8Array(response.authenticatorData)],
        clientData: [...new Uint8Array(response.clientDataJSON)],
        signature: [...new Uint8Array(response.signature)],
      };
    },
    { rpId, id: [...parseBase64url(id)], challenge: [...challenge], userVerification },
  );
  return {
    authenticatorData: Uint8Array.from(signed.authenticatorData),
    clientData: Uint8Array.from(signed.clientData),
    signature: Uint8Array.from(signed.signature),
  };
}

/** Serves one empty page on localhost, where WebAuthn works without a certificate. */
async function openPageServer(): Promise<{ url: string; server: AsyncDisposable }> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>x</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('unreachable: a TCP port');
  return { url: `http://localhost:${address.port}/`, server };
}

function findChromium(): string | null {
  const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)];
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const paths = names.flatMap((name) => folders.map((folder) => `${folder}/${name}`));
  return paths.find((path) => existsSync(path)) ?? null;
}
