// What a client asks about the site and its endpoints.

import { formatTime } from '#crypto/leaf.ts';
import { formatEnrolToken } from '#agent/protocol/enrol-message.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import { WorkError } from '../../work/error.ts';
import { peerKeyOf } from '../../work/site.ts';
import { putInForce } from '../in-force.ts';
import type { Call, Handler } from './call.ts';
import { demandKnown, demandRole, isTechnician, nameOf } from './call.ts';
import { takePage } from './page.ts';

export const siteStatus: Handler<'site.status'> = async (_request, { desk, caller }) => {
  demandKnown(caller);
  const { site, links, sessions, requests, about } = desk;
  const { client, site: name, msp } = site.facts;
  const { checkpoint, origin, size } = site.ledger;
  const pins = desk.pins();
  return {
    ...{ client, site: name, msp, origin, size },
    log: pins.log,
    checkpoint: checkpoint.note,
    endpoints: {
      total: site.endpoints.length,
      online: site.endpoints.filter(({ id }) => links.isOnline(id)).length,
    },
    openSessions: sessions.open.length,
    waitingRequests: requests.waiting().length,
    diskFreeBytes: await about.diskFreeBytes(),
    policyVersion: site.policy.signed.statement.version,
    rosterVersion: site.roster.signed.statement.version,
    http: about.http(),
    addresses: [...pins.addresses],
    software: about.software,
    upSince: formatTime(about.startedAtMs),
  };
};

export const siteStatements: Handler<'site.statements'> = async (_request, { desk, caller }) => {
  demandKnown(caller);
  const { roster, authority, policy, digest } = desk.site;
  return Promise.resolve({
    roster: roster.envelope,
    authority: authority.envelope,
    policy: policy.envelope,
    digest: digest?.envelope ?? null,
  });
};

export const siteChange: Handler<'site.change'> = async ({ envelope }, { desk, caller }) => {
  demandKnown(caller);
  return putInForce(desk, envelope, { by: nameOf(caller) });
};

export const endpointList: Handler<'endpoint.list'> = async ({ after = '' }, { desk, caller }) => {
  demandKnown(caller);
  const { site, links, sessions } = desk;
  const wanted = site.endpoints.filter(({ id }) => id > after);
  const list = wanted
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, name, labels, key }) => {
      const open = sessions.open.filter(({ endpoint }) => endpoint.id === id);
      const { state, lastSeenMs, software, host } = links.view(id);
      return {
        endpoint: id,
        name,
        labels: [...labels],
        key,
        isVerified: site.isVerified(id),
        state,
        lastSeen: lastSeenMs === null ? null : formatTime(lastSeenMs),
        software,
        host,
        openSession:
          (open.findLast((session) => isTechnician(session, caller)) ?? open.at(-1))?.id ?? null,
        openSessions: open.length,
      };
    });
  const { items, next } = await takePage(list, {
    limit: Infinity,
    cursorOf: ({ endpoint }) => endpoint,
  });
  return { endpoints: items, next };
};

export const endpointToken: Handler<'endpoint.token'> = async (request, { desk, caller }) => {
  const owner = demandRole(caller, ['owner']);
  const { name, labels, lifeS } = request;
  if (desk.site.endpoints.some((endpoint) => endpoint.name === name)) {
    throw new WorkError('name-taken', `Cannot make token: "${name}" is enrolled already`);
  }
  const made = await desk.tokens.create({ name, labels, by: owner.name, lifeMs: lifeS * 1000 });
  const site = desk.pins();
  const expires = formatTime(made.token.expiresAtMs);
  const token = formatEnrolToken({ site, name, secret: encodeBase64url(made.seed), expires });
  return { token, expires, site };
};

/** Tokens that were given out and not used yet: names and lives, no secret. */
export const endpointTokens: Handler<'endpoint.tokens'> = async ({ after = '' }, call) => {
  demandRole(call.caller, ['owner']);
  const list = call.desk.tokens
    .outstanding()
    .filter(({ id }) => id > after)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, name, labels, by, expiresAtMs }) => ({
      ...{ token: id, name, labels, by },
      expires: formatTime(expiresAtMs),
    }));
  const { items, next } = await takePage(list, {
    limit: Infinity,
    cursorOf: ({ token }) => token,
  });
  return { tokens: items, next };
};

export const endpointTokenRevoke: Handler<'endpoint.token-revoke'> = async ({ token }, call) => {
  const { name } = demandRole(call.caller, ['owner']);
  await call.desk.tokens.revoke(token, { by: name });
  return {};
};

export const endpointVerify: Handler<'endpoint.verify'> = async ({ endpoint }, call) => {
  const { name } = demandRole(call.caller, ['owner', 'technician']);
  return { index: await call.desk.site.verify(endpoint, { by: name }) };
};

export const endpointRemove: Handler<'endpoint.remove'> = async (request, call) => {
  const owner = demandRole(call.caller, ['owner']);
  const { site } = call.desk;
  const { id, key } = site.endpoint(request.endpoint);
  await closeSessionsOf(call, { endpoint: id, by: owner.name });
  const { index } = await site.remove(id, { by: owner.name, reason: request.reason });
  await closeSessionsOf(call, { endpoint: id, by: owner.name }); // opened meanwhile
  await call.desk.links.remove(id);
  call.desk.disconnect(peerKeyOf(key));
  return { index };
};

async function closeSessionsOf(
  { desk }: Call,
  { endpoint, by }: { endpoint: string; by: string },
): Promise<void> {
  for (const session of desk.sessions.open) {
    if (session.endpoint.id !== endpoint || session.isClosing) continue;
    const closing = { by, reason: 'endpoint-removed', note: null, ticket: null } as const;
    await desk.sessions.closeSession(session, closing);
  }
}
