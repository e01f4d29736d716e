// An app on a port. Plain HTTP, or HTTPS by certificate files.

import { createServer as createSecureServer } from 'node:https';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';

import { asListenError } from '../listen-error.ts';

/** Slow senders hold a connection no longer than this. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const MAX_CONNECTIONS = 256;
/** So long the answers under way have when the server closes. */
const CLOSE_GRACE_MS = 5_000;

export interface ServeOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Certificate chain and key, PEM. Without: plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly signal?: AbortSignal;
}

export interface HttpServer extends AsyncDisposable {
  /** Where it listens: `http://127.0.0.1:8080`. */
  readonly url: string;
}

/** Serves an app; resolves when it listens. @throws {ListenError} when the port cannot be had */
export async function serveHttp(
  app: Pick<Hono, 'fetch'>,
  { host, port, tls, signal }: ServeOptions,
): Promise<HttpServer> {
  signal?.throwIfAborted();
  const server = createServer(app, tls);
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  const address = await listen(server, { host, port });
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => (closed ??= closeServer(server));
  const onAbort = (): void => {
    void close();
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${name}:${address.port}`,
    async [Symbol.asyncDispose]() {
      signal?.removeEventListener('abort', onAbort);
      await close();
    },
  };
}

function createServer(app: Pick<Hono, 'fetch'>, tls: ServeOptions['tls']): Server {
  const fetch = (request: Request): Response | Promise<Response> => app.fetch(request);
  const server =
    tls === undefined
      ? createAdaptorServer({ fetch })
      : createAdaptorServer({ fetch, createServer: createSecureServer, serverOptions: tls });
  if ('headersTimeout' in server) return server;
  throw new Error('unreachable: neither option makes an HTTP/2 server');
}

function listen(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error): void => {
      reject(asListenError(cause, { host, port }));
    };
    server.once('error', onError);
    server.listen({ host, port }, () => {
      server.off('error', onError);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('unreachable: a port'));
      else resolve(address);
    });
  });
}

/** No new connections; answers under way are finished, within the grace. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const hurry = setTimeout(() => {
      server.closeAllConnections();
    }, CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(hurry);
      resolve();
    });
    server.closeIdleConnections();
  });
}
