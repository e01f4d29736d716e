// The console's configuration: the environment, one schema. Nothing else reads `process.env`.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import {
  documentation,
  type Environment,
  environmentSchema,
  type Listen,
} from './config-schema.ts';
import { ConsoleError } from './error.ts';

export interface ConsoleConfig {
  readonly host: string;
  readonly port: number;
  /** What stands in people's address bar: scheme, host and port, no slash at the end. */
  readonly origin: string;
  readonly dataFolder: string;
  /** Null: SQLite in the data folder. */
  readonly databaseUrl: string | null;
  readonly relay: {
    readonly tcp: Listen;
    readonly ws: Listen;
    /** Multiaddrs by which the world reaches the relay; none: what it listens on. */
    readonly announce: readonly string[];
  };
  /** What a reverse proxy in front tells of a request, in headers. */
  readonly proxy: {
    readonly protocolHeader: string | null;
    readonly hostHeader: string | null;
    readonly addressHeader: string | null;
    readonly xffDepth: number;
  };
  /** Null: built-in accounts. */
  readonly clerk: {
    readonly publishableKey: string;
    readonly secretKey: string;
    /** PEM. */
    readonly jwtKey: string;
  } | null;
  /** Null: a file in the data folder holds it. */
  readonly authSecret: string | null;
  readonly signUp: 'first' | 'open';
  /** Whether `npm start` started this host and answers for the site of this computer. */
  readonly hasThisComputer: boolean;
}

/**
 * Parses the environment; a variable that is empty counts as not set.
 * @throws {ConsoleError} code `config`, naming each variable that is wrong and its rule, never a value
 */
export function parseConfig(
  environment: Readonly<Record<string, string | undefined>>,
): ConsoleConfig {
  const set = Object.entries(environment).filter(
    ([, value]) => value !== undefined && value !== '',
  );
  const parsed = environmentSchema.safeParse(Object.fromEntries(set));
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
    throw new ConsoleError('config', `Cannot start console: ${wrong.join('; ')}`);
  }
  const is = parsed.data;
  return {
    host: is.HOST,
    port: is.PORT,
    origin: is.ORIGIN ?? `http://localhost:${is.PORT}`,
    dataFolder: resolve(is.CAISEY_CONSOLE_DATA ?? join(homedir(), '.caisey', 'console')),
    databaseUrl: is.DATABASE_URL ?? null,
    relay: { tcp: is.RELAY_TCP, ws: is.RELAY_WS, announce: is.RELAY_ANNOUNCE ?? [] },
    proxy: {
      protocolHeader: is.PROTOCOL_HEADER ?? null,
      hostHeader: is.HOST_HEADER ?? null,
      addressHeader: is.ADDRESS_HEADER ?? null,
      xffDepth: is.XFF_DEPTH,
    },
    clerk: clerkOf(is),
    authSecret: is.AUTH_SECRET ?? null,
    signUp: is.SIGN_UP,
    hasThisComputer: is.CAISEY_THIS_COMPUTER !== undefined,
  };
}

/** Says what each variable does, for `--help`. */
export function configHelp(): string {
  const lines = documentation().map(
    ({ name, says, shown }) => `  ${name}\n      ${says}\n      Default: ${shown}`,
  );
  return `Environment:\n${lines.join('\n')}\n`;
}

function clerkOf({
  CLERK_PUBLISHABLE_KEY: publishableKey,
  CLERK_SECRET_KEY: secretKey,
  CLERK_JWT_KEY: jwtKey,
}: Environment): ConsoleConfig['clerk'] {
  if (publishableKey === undefined || secretKey === undefined || jwtKey === undefined) return null;
  return { publishableKey, secretKey, jwtKey };
}
