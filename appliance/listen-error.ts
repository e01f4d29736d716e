// Why the appliance cannot listen where it should, in words that say what to do: which address, what is in the way.

import { createServer } from 'node:net';

export type ListenErrorCode =
  /** Another program listens there. */
  | 'port-taken'
  /** The system keeps such ports for itself. */
  | 'port-forbidden'
  /** No network of this machine has the address. */
  | 'address-unknown';

/** An address that cannot be listened on. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: ListenErrorCode;
  readonly port: number;

  constructor(code: ListenErrorCode, { host, port, cause }: Place & { cause: unknown }) {
    const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    super(`Cannot listen on ${where}: ${WORDS[code]}`, { cause });
    this.code = code;
    this.port = port;
  }
}

interface Place {
  readonly host: string;
  readonly port: number;
}

const WORDS: Readonly<Record<ListenErrorCode, string>> = {
  'port-taken': 'another program listens on that port',
  'port-forbidden': 'this user may not listen on that port',
  'address-unknown': 'this machine has no such address',
};

const CODES: Readonly<Record<string, ListenErrorCode>> = {
  EADDRINUSE: 'port-taken',
  EACCES: 'port-forbidden',
  EADDRNOTAVAIL: 'address-unknown',
};

/** What the system's error about a place to listen on means; the error itself when it means none of these. */
export function asListenError(cause: Error, place: Place): Error {
  const system = 'code' in cause ? cause.code : undefined;
  const code = typeof system === 'string' ? CODES[system] : undefined;
  return code === undefined ? cause : new ListenError(code, { ...place, cause });
}

/**
 * What kept libp2p from listening on some of its addresses: it keeps the system's words, and no code. So those that it
 * names are tried; when they can be had, the answer is libp2p's own error.
 */
export async function explainListen(
  cause: unknown,
  addresses: readonly string[],
): Promise<unknown> {
  const said = cause instanceof Error ? cause.message : '';
  for (const address of addresses.filter((each) => said.includes(each))) {
    const [, host, port] = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)(?:\/|$)/.exec(address) ?? [];
    if (host === undefined || port === undefined || port === '0') continue;
    const place = { host, port: Number(port) };
    const failure = await tryToListen(place);
    const error = failure && asListenError(failure, place);
    if (error instanceof ListenError) return error;
  }
  return cause;
}

/** Tries each address that names a port. @throws {ListenError} for the first that cannot be listened on */
export async function checkCanListen(places: readonly Place[]): Promise<void> {
  for (const place of places.filter(({ port }) => port !== 0)) {
    const failure = await tryToListen(place);
    if (failure !== null) throw asListenError(failure, place);
  }
}

/** The system's error; null when it went well. */
function tryToListen(place: Place): Promise<Error | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen(place, () => {
      server.close(() => {
        resolve(null);
      });
    });
  });
}

/** What a person does about it. */
export function listenAdvice({ code, port }: ListenError, configFile: string): string {
  const change = `give this appliance another address in ${configFile}: "http" for the page, "listen" for endpoints and technicians, whose own site.json names it, too`;
  switch (code) {
    case 'port-taken':
      return `another appliance, one that is still ending, or another program: "ss -ltnp 'sport = :${port}'" shows it (macOS: lsof -i :${port}; Windows: netstat -ano). Stop it and start this one again, or ${change}`;
    case 'port-forbidden':
      return `ports below 1024 are the system's: ${change}`;
    case 'address-unknown':
      return `has this machine got another address since? 0.0.0.0 stands for all it has. Or ${change}`;
    default:
      throw new Error(`unreachable: listening ${String(code satisfies never)}`);
  }
}
