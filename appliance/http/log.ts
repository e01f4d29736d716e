// The log over HTTP: exactly C2SP tlog-tiles, for auditors and monitors. Leaves and hashes only, nothing
// private. A tile is served when a published checkpoint implies it, so nobody reads what is not yet signed.

import { type Context, Hono } from 'hono';

import type { Bytes } from '#crypto/bytes.ts';
import { FormatError } from '#crypto/error.ts';
import { parseBundlePath, parseTilePath, type TileId } from '#crypto/tile.ts';

import type { Ledger } from '../ledger/ledger.ts';
import { bundleBytes, isServed, tileBytes } from '../ledger/served.ts';

/** A full tile never changes, nor does a partial one: it only stops being the widest. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const FOR_SECONDS = 'public, max-age=2';

/** The routes of a log, to be mounted where the origin says: `/checkpoint` and `/tile/…`. GET and HEAD only. */
export function logRoutes(ledger: Ledger): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    return c.text('Method not allowed\n', 405, { Allow: 'GET, HEAD' });
  });
  app.get('/checkpoint', (c) =>
    c.body(ledger.checkpoint.note, 200, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': FOR_SECONDS,
    }),
  );
  app.get('/tile/*', (c) => {
    const path = tilePathOf(c);
    return path.startsWith('tile/entries/') ? serveBundle(c, path) : serveTile(c, path);
  });
  return app;

  function serveTile(c: Context, path: string): Response {
    const tile = orNull(() => parseTilePath(path));
    if (tile === null || !isPublished(tile)) return notFound(c);
    return immutable(c, tileBytes(ledger, tile));
  }

  function serveBundle(c: Context, path: string): Response {
    const bundle = orNull(() => parseBundlePath(path));
    if (bundle === null || !isPublished({ level: 0, ...bundle })) return notFound(c);
    return immutable(c, bundleBytes(ledger, bundle));
  }

  function isPublished(tile: TileId): boolean {
    return isServed(tile, ledger.checkpoint.size);
  }
}

/** The path from `tile/` on, as it was sent: an escape in it is no spelling of a tile. */
function tilePathOf(c: Context): string {
  const { pathname } = new URL(c.req.url);
  return pathname.slice(pathname.indexOf('/tile/') + 1);
}

function orNull<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

function immutable(c: Context, bytes: Bytes): Response {
  return c.body(bytes, 200, {
    'Content-Type': 'application/octet-stream',
    'Cache-Control': FOR_EVER,
  });
}

function notFound(c: Context): Response {
  return c.text('Not found\n', 404, { 'Cache-Control': 'no-store' });
}
