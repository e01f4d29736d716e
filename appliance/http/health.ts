// Whether the appliance can do its work, for a watchdog: 200 when it can, 503 when it cannot. No names, no
// content: anybody on the network may ask.

import { Hono } from 'hono';

import type { Ledger } from '../ledger/ledger.ts';

/** The route `/healthz`. */
export function healthRoutes(ledger: Ledger): Hono {
  let hasFailed = false;
  void ledger.failed.then(() => {
    hasFailed = true;
  });
  const app = new Hono();
  app.get('/healthz', (c) => {
    const { room } = ledger;
    const state = hasFailed ? 'failed' : room === 'enough' ? 'ok' : 'disk-low';
    return c.json(
      { state, entries: ledger.size, signed: ledger.checkpoint.size },
      state === 'ok' ? 200 : 503,
      { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' },
    );
  });
  return app;
}
