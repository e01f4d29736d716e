// The appliance over HTTP: the log for auditors (C2SP tlog-tiles), the page for the people on site, and health
// for a watchdog. One Hono app, so that tests ask it without a socket.

import { Hono } from 'hono';

import { healthRoutes } from './health.ts';
import { knownHosts, pageHeaders, sameOrigin } from './headers.ts';
import { logRoutes } from './log.ts';
import { type OnsiteOptions, onsiteRoutes } from './onsite.ts';
import { problemPage, wallClock } from './page.ts';
import { PageError, problemOf } from './problem.ts';

export interface AppOptions extends OnsiteOptions {
  /** Names under which people open the page, besides `localhost` and addresses in numbers. */
  readonly hosts?: readonly string[];
}

/** The app. Holds no resource; every answer is made from the ports. */
export function createApp(options: AppOptions): Hono {
  const { site, hosts = [], clock, onFailure } = options;
  const log = logRoutes(site.ledger);
  const app = new Hono();
  app.all('/checkpoint', (c) => log.fetch(c.req.raw));
  app.all('/tile/*', (c) => log.fetch(c.req.raw));
  app.route('/', healthRoutes(site.ledger));

  app.use(pageHeaders());
  app.use(knownHosts(hosts));
  app.use(sameOrigin());
  app.get('/favicon.ico', (c) => c.body(null, 204));
  app.route('/', onsiteRoutes(options));
  app.notFound(() => {
    throw new PageError('page-unknown', 'Cannot find page');
  });
  app.onError((cause, c) => {
    const problem = problemOf(cause);
    if (problem.status >= 500) onFailure(cause);
    if (problem.retryAfterS !== null) c.header('Retry-After', String(problem.retryAfterS));
    const frame = { clock: wallClock(site, clock) };
    return c.html(problemPage(problem, site.facts, frame), problem.status);
  });
  return app;
}
