// The variables of the console's environment: the rule of each, its default and what it is for.

import { multiaddr } from '@multiformats/multiaddr';
import * as z from 'zod';

/** Where a socket listens. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** What `--help` says of a variable. */
export interface Documentation {
  /** The default, in words. */
  readonly shown: string;
  readonly says: string;
}

const documented = new Map<unknown, Documentation>();

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
/** All or none of them. */
const CLERK = ['CLERK_PUBLISHABLE_KEY', 'CLERK_SECRET_KEY', 'CLERK_JWT_KEY'] as const;

const text = z.string().max(4096);
const header = text
  .regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header')
  .transform((name) => name.toLowerCase());
const hostName = text.regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'must be a host name or an address');
const port = text
  .regex(/^\d{1,5}$/, 'must be a number')
  .transform(Number)
  .refine((number) => number <= 65_535, 'must be a port from 0 to 65535');
const listen = text
  .refine((value) => parseListen(value) !== null, 'must be host:port, such as 127.0.0.1:4020')
  .transform((value): Listen => parseListen(value) ?? fail());

/** The environment, as text that each variable's rule turns into what it means. */
export const environmentSchema = z
  .object({
    HOST: variable(hostName.default('127.0.0.1'), {
      shown: '127.0.0.1',
      says: 'The address that the pages are served on.',
    }),
    PORT: variable(port.default(3000), { shown: '3000', says: 'The port of the pages.' }),
    ORIGIN: variable(
      text
        .refine(isOrigin, 'must be scheme, host and port alone, such as https://console.example')
        .refine(isSafeOrigin, 'must be https, unless the host is localhost, 127.0.0.1 or [::1]')
        .transform((value) => new URL(value).origin)
        .optional(),
      {
        shown: 'http://localhost:PORT',
        says: "What stands in people's address bar. Passkeys are bound to its host name: choose it once.",
      },
    ),
    CAISEY_CONSOLE_DATA: variable(text.optional(), {
      shown: '~/.caisey/console',
      says: 'The folder of the database and of the secrets that the console makes itself.',
    }),
    DATABASE_URL: variable(
      text.refine(isPostgresUrl, 'must be postgres://user:password@host:port/database').optional(),
      { shown: 'none: SQLite in the data folder', says: 'A PostgreSQL database to use instead.' },
    ),
    RELAY_TCP: variable(listen.default({ host: '127.0.0.1', port: 4020 }), {
      shown: '127.0.0.1:4020',
      says: 'Where the relay listens for appliances.',
    }),
    RELAY_WS: variable(listen.default({ host: '127.0.0.1', port: 4021 }), {
      shown: '127.0.0.1:4021',
      says: 'Where the relay listens for browsers (WebSocket).',
    }),
    RELAY_ANNOUNCE: variable(
      text
        .transform((value) => value.split(',').map((address) => address.trim()))
        .refine((all) => all.every(isMultiaddr), 'must be multiaddrs with commas between')
        .refine((all) => all.length <= 16, 'must be at most 16 addresses')
        .optional(),
      {
        shown: 'what the relay listens on',
        says: 'Multiaddrs by which the world reaches the relay, with commas between, such as /dns/relay.example/tcp/443/wss. Its peer id is added.',
      },
    ),
    PROTOCOL_HEADER: variable(header.optional(), {
      shown: 'none',
      says: 'Behind a reverse proxy: the header with the scheme, such as x-forwarded-proto.',
    }),
    HOST_HEADER: variable(header.optional(), {
      shown: 'none',
      says: 'Behind a reverse proxy: the header with the host, such as x-forwarded-host.',
    }),
    ADDRESS_HEADER: variable(header.optional(), {
      shown: 'none',
      says: "Behind a reverse proxy: the header with the visitor's address, such as x-forwarded-for.",
    }),
    XFF_DEPTH: variable(
      text
        .regex(/^[1-9]$/, 'must be a number from 1 to 9')
        .transform(Number)
        .default(1),
      { shown: '1', says: 'How many trusted proxies add to x-forwarded-for.' },
    ),
    CLERK_PUBLISHABLE_KEY: variable(
      text.regex(/^pk_(test|live)_\S+$/, 'must begin with pk_test_ or pk_live_').optional(),
      { shown: 'none: built-in accounts', says: 'Sign in with Clerk: its publishable key.' },
    ),
    CLERK_SECRET_KEY: variable(
      text.regex(/^sk_(test|live)_\S+$/, 'must begin with sk_test_ or sk_live_').optional(),
      { shown: 'none', says: "Sign in with Clerk: the application's secret key." },
    ),
    CLERK_JWT_KEY: variable(
      text
        .transform((value) => value.replaceAll('\\n', '\n'))
        .refine((pem) => pem.includes('-----BEGIN PUBLIC KEY-----'), 'must be a PEM public key')
        .optional(),
      { shown: 'none', says: 'Sign in with Clerk: its JWKS public key (PEM); \\n for line ends.' },
    ),
    AUTH_SECRET: variable(text.min(32, 'must have at least 32 characters').optional(), {
      shown: 'made once, in the data folder',
      says: 'Signs the cookies of built-in accounts. Several console processes share one.',
    }),
    CAISEY_THIS_COMPUTER: variable(z.literal('ipc').optional(), {
      shown: 'none',
      says: 'Set by "npm start" alone: it answers for the site of this computer.',
    }),
    SIGN_UP: variable(z.enum(['first', 'open'], 'must be first or open').default('first'), {
      shown: 'first',
      says: 'Who may found an organisation: the first visitor only, or anybody (open).',
    }),
  })
  .superRefine((environment, context) => {
    const missing = CLERK.filter((name) => environment[name] === undefined);
    if (missing.length === 0 || missing.length === CLERK.length) return;
    for (const name of missing) {
      context.addIssue({
        code: 'custom',
        path: [name],
        message: `must be set, too: Clerk needs ${CLERK.join(', ')}`,
      });
    }
  });

export type Environment = z.infer<typeof environmentSchema>;

/** What each variable is for, in order. */
export function documentation(): (Documentation & { readonly name: string })[] {
  return Object.entries(environmentSchema.shape).map(([name, schema]) => {
    const said = documented.get(schema);
    if (said === undefined) throw new Error(`unreachable: ${name} says nothing`);
    return { name, ...said };
  });
}

/** Each variable has a rule of its own, for what is said stands by the rule. */
function variable<S extends z.ZodType>(schema: S, documentation: Documentation): S {
  if (documented.has(schema)) throw new Error('unreachable: two variables have one rule');
  documented.set(schema, documentation);
  return schema;
}

function parseListen(value: string): Listen | null {
  const [, bracketed, plain, port] =
    /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(value) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535) return null;
  return { host, port: Number(port) };
}

function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, origin } = new URL(value);
  const isWeb = protocol === 'https:' || protocol === 'http:';
  return isWeb && origin === value.toLowerCase().replace(/\/$/, '');
}

function isSafeOrigin(value: string): boolean {
  if (!URL.canParse(value)) return true; // said already
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || LOOPBACK.has(hostname);
}

function isPostgresUrl(value: string): boolean {
  return URL.canParse(value) && /^postgres(ql)?:$/.test(new URL(value).protocol);
}

function isMultiaddr(value: string): boolean {
  try {
    return multiaddr(value).getComponents().length > 0;
  } catch {
    return false;
  }
}

function fail(): never {
  throw new Error('unreachable: refined before');
}
