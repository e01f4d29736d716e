import { homedir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { configHelp, parseConfig } from './config.ts';
import { ConsoleError } from './error.ts';

const PEM = '-----BEGIN PUBLIC KEY-----\\nMIIB\\n-----END PUBLIC KEY-----';

function refusal(environment: Record<string, string>): string {
  try {
    parseConfig(environment);
    return 'accepted';
  } catch (error) {
    assert.instance(error, ConsoleError);
    assert.is((error as ConsoleError).code, 'config');
    return (error as ConsoleError).message;
  }
}

const parse = suite('parseConfig()');

parse('has a default for everything', () => {
  assert.equal(parseConfig({}), {
    ...{ host: '127.0.0.1', port: 3000, origin: 'http://localhost:3000' },
    ...{ dataFolder: join(homedir(), '.caisey', 'console'), databaseUrl: null },
    relay: {
      tcp: { host: '127.0.0.1', port: 4020 },
      ws: { host: '127.0.0.1', port: 4021 },
      announce: [],
    },
    proxy: { protocolHeader: null, hostHeader: null, addressHeader: null, xffDepth: 1 },
    ...{ clerk: null, authSecret: null, signUp: 'first', hasThisComputer: false },
  });
});

parse('takes an empty variable for one that is not set', () => {
  const empty = { PORT: '', ORIGIN: '', DATABASE_URL: '', CLERK_JWT_KEY: '', SIGN_UP: '' };
  assert.equal(parseConfig(empty), parseConfig({}));
});

parse('takes what is set', () => {
  const config = parseConfig({
    ...{ PORT: '8080', ORIGIN: 'https://Console.Example/', SIGN_UP: 'open' },
    ...{ RELAY_TCP: '0.0.0.0:1', RELAY_WS: '[::1]:2', XFF_DEPTH: '2' },
    RELAY_ANNOUNCE: '/dns/relay.example/tcp/443/wss, /ip4/192.0.2.1/tcp/4020',
    ADDRESS_HEADER: 'X-Forwarded-For',
    DATABASE_URL: 'postgresql://olga@db/console',
    CLERK_PUBLISHABLE_KEY: 'pk_test_a',
    CLERK_SECRET_KEY: 'sk_test_b',
    CLERK_JWT_KEY: PEM,
  });
  assert.is(config.origin, 'https://console.example');
  assert.equal(config.relay, {
    tcp: { host: '0.0.0.0', port: 1 },
    ws: { host: '::1', port: 2 },
    announce: ['/dns/relay.example/tcp/443/wss', '/ip4/192.0.2.1/tcp/4020'],
  });
  assert.is(config.proxy.addressHeader, 'x-forwarded-for');
  assert.is(config.proxy.xffDepth, 2);
  assert.is(config.clerk?.jwtKey, PEM.replaceAll('\\n', '\n'));
});

parse('allows plain http for this machine alone', () => {
  for (const origin of ['http://localhost:5173', 'http://127.0.0.1:1', 'http://[::1]:3000']) {
    assert.is(parseConfig({ ORIGIN: origin }).origin, origin);
  }
  for (const origin of ['http://console.example', 'http://localhost.example', 'http://127.0.0.2']) {
    assert.match(refusal({ ORIGIN: origin }), /ORIGIN must be https/, origin);
  }
});

parse('names the variable and the rule', () => {
  const table: [environment: Record<string, string>, says: RegExp][] = [
    [{ PORT: '99999' }, /PORT must be a port from 0 to 65535/],
    [{ PORT: 'http' }, /PORT must be a number/],
    [{ HOST: 'two words' }, /HOST must be a host name/],
    [{ ORIGIN: 'console.example' }, /ORIGIN must be scheme, host and port/],
    [{ ORIGIN: 'https://console.example/path' }, /ORIGIN must be scheme, host and port alone/],
    [{ ORIGIN: 'https://olga:pw@console.example' }, /ORIGIN must be scheme, host and port alone/],
    [{ DATABASE_URL: 'mysql://db' }, /DATABASE_URL must be postgres:/],
    [{ RELAY_TCP: '4020' }, /RELAY_TCP must be host:port/],
    [{ RELAY_WS: 'x:70000' }, /RELAY_WS must be host:port/],
    [{ RELAY_ANNOUNCE: 'relay.example:4020' }, /RELAY_ANNOUNCE must be multiaddrs/],
    [{ HOST_HEADER: 'x forwarded' }, /HOST_HEADER must be the name of a header/],
    [{ XFF_DEPTH: '0' }, /XFF_DEPTH must be a number from 1 to 9/],
    [{ AUTH_SECRET: 'short' }, /AUTH_SECRET must have at least 32/],
    [{ SIGN_UP: 'closed' }, /SIGN_UP must be first or open/],
    [{ CLERK_SECRET_KEY: 'sk_test_b' }, /CLERK_PUBLISHABLE_KEY must be set, too/],
    [
      { CLERK_PUBLISHABLE_KEY: 'pk_test_a' },
      /CLERK_SECRET_KEY must be set, too.*CLERK_JWT_KEY must/,
    ],
    [{ CLERK_JWT_KEY: PEM }, /CLERK_PUBLISHABLE_KEY must be set, too.*CLERK_SECRET_KEY must/],
    [
      { CLERK_PUBLISHABLE_KEY: 'pk_test_a', CLERK_SECRET_KEY: 'sk_test_b' },
      /CLERK_JWT_KEY must be set, too: Clerk needs CLERK_PUBLISHABLE_KEY, CLERK_SECRET_KEY, CLERK_JWT_KEY/,
    ],
    [{ CLERK_JWT_KEY: 'nonsense' }, /CLERK_JWT_KEY must be a PEM/],
  ];
  for (const [environment, says] of table) {
    assert.match(refusal(environment), says, JSON.stringify(environment));
  }
});

parse('names every variable that is wrong, and quotes no value', () => {
  const said = refusal({ PORT: 'x', AUTH_SECRET: 'hunter2', DATABASE_URL: 'hunter3' });
  for (const name of ['PORT', 'AUTH_SECRET', 'DATABASE_URL']) assert.ok(said.includes(name), name);
  assert.not.match(said, /hunter/);
});

parse.run();

const help = suite('configHelp()');

help('documents each variable that the parser knows, with its default', () => {
  const text = configHelp();
  for (const name of ['HOST', 'ORIGIN', 'DATABASE_URL', 'RELAY_ANNOUNCE', 'XFF_DEPTH', 'SIGN_UP']) {
    assert.match(text, new RegExp(`^ {2}${name}\\n {6}\\S.*\\n {6}Default: \\S`, 'm'), name);
  }
});

help('says of each variable what it says of no other', () => {
  const said = configHelp().match(/^ {6}(?!Default: )\S.*$/gm) ?? [];
  assert.ok(said.length > 10);
  assert.equal([...new Set(said)], [...said]);
});

help.run();
