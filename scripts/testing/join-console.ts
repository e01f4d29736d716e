// A console's door for appliances that join, for tests: one site with one token, over HTTP of loopback.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import {
  formatJoinToken,
  joinKindOf,
  type JoinKind,
  relayFingerprint,
} from '#appliance/protocol/join-message.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import { ConsoleError } from '#ui/server/error.ts';
import { type FoundedLog, joinSite, type JoinDirectory } from '#ui/server/join.ts';
import { type Mesh, meshKey, rawKey } from './mesh.ts';

export interface JoinConsole extends AsyncDisposable {
  readonly token: string;
  readonly secret: string;
  readonly origin: string;
  readonly directory: JoinDirectory;
  /** The log that a founded site brought. */
  log(): FoundedLog | null;
}

/** Opens the door; who joins is a site of the mesh from then on. */
export async function openJoinConsole(
  mesh: Mesh,
  {
    site = 'site-1',
    organisation = 'acme',
    joins = 'new',
  }: { site?: string; organisation?: string; joins?: JoinKind } = {},
): Promise<JoinConsole> {
  const secret = encodeBase64url(randomBytes(32));
  const joined = { siteId: site, organisationName: 'Acme IT' };
  let peer: string | null = null;
  let brought: FoundedLog | null = null;
  const directory: JoinDirectory = {
    siteByToken: (given, kind) =>
      Promise.resolve(given === secret && kind === joins && peer === null ? joined : null),
    siteByPeerKey: (key) => Promise.resolve(key === peer ? joined : null),
    joinByToken({ peerKey, log }) {
      if (peer !== null || joinKindOf(log) !== joins) {
        return Promise.reject(new ConsoleError('expired', 'Cannot join: used'));
      }
      peer = peerKey;
      brought = log;
      mesh.sites.set(meshKey(peerKey), { organisation, site });
      return Promise.resolve(joined);
    },
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      void joinSite(body, {
        directory,
        origin,
        relay: { key: mesh.key, addresses: mesh.tcp },
      }).then(({ status, body: answer }) => {
        response.writeHead(status, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify(answer));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
  const relay = relayFingerprint(rawKey(mesh.key));
  return {
    token: formatJoinToken({ console: origin, relay, joins, site, secret }),
    ...{ secret, origin, directory },
    log: () => brought,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
