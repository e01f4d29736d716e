// Where an appliance listens, and where others reach it.

import { networkInterfaces } from 'node:os';

import { CliError } from './error.ts';

const MAX_ADDRESSES = 16;

/** Refuses what is no address to listen on; a port must be named, for others pin it. @throws {CliError} `usage` */
export function checkListen(listen: readonly string[]): void {
  for (const address of listen) {
    if (/^\/(?:ip4|ip6|dns4|dns6|dns)\/[^/]+\/tcp\/[1-9]\d{0,4}(?:\/ws)?$/.test(address)) continue;
    throw new CliError('usage', `Cannot listen on "${address}": not like /ip4/0.0.0.0/tcp/4010`);
  }
}

/** Parses `127.0.0.1:8420`, `[::1]:8420`. @throws {CliError} code `usage` */
export function parseHostPort(text: string): { host: string; port: number } {
  const [, plain, bracketed, digits] =
    /^(?:([^[\]:\s]+)|\[([0-9a-f:]+)\]):(\d{1,5})$/.exec(text) ?? [];
  const host = plain ?? bracketed;
  const port = Number(digits);
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new CliError('usage', `Cannot serve pages on "${text}": not like 127.0.0.1:8420`);
}

/** Where a technician reaches what listens so: of "every address", this machine's own ones. */
export function reachable(listen: readonly string[]): string[] {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const found = listen.flatMap((address) => {
    const [, family, host = '', rest = ''] = /^\/(ip4|ip6)\/([^/]+)(\/.*)$/.exec(address) ?? [];
    if (host !== '0.0.0.0' && host !== '::') return [address];
    const wanted = family === 'ip4' ? 'IPv4' : 'IPv6';
    const hosts = own
      .filter(({ family: has, address: is }) => has === wanted && !is.startsWith('fe80'))
      .sort((a, b) => Number(a.internal) - Number(b.internal));
    return hosts.map(({ address: is }) => `/${family ?? ''}/${is}${rest}`);
  });
  return found.filter((address) => !address.endsWith('/ws')).slice(0, MAX_ADDRESSES);
}
