// A site that the command line founded joins a console, and its own root certifies the organisation's: from then on
// both roots' rosters count there, and nobody else's.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Appliance, openAppliance } from '#appliance/appliance.ts';
import { commonOf } from '#appliance/protocol/session-key.ts';
import { parseRootCertificate } from '#crypto/root-certificate.ts';
import { rootCode } from '#crypto/root-set.ts';
import {
  type Envelope,
  type Member,
  signStatement,
  type StatementOf,
  statementSigner,
} from '#crypto/statement.ts';
import { openCliSite, type CliSite } from '../testing/cli-site.ts';
import { openJoinConsole } from '../testing/join-console.ts';
import { createKeyed, type Keyed } from '../testing/live-site.ts';
import { openMesh } from '../testing/mesh.ts';

const SITE = 'site-1'; // as the door of tests calls it
const root = await createKeyed();
const stranger = await createKeyed();

async function configOf({ home }: CliSite): Promise<{ origin: string; console?: unknown }> {
  const text = await readFile(join(home, 'appliance', 'site.json'), 'utf8');
  return JSON.parse(text) as { origin: string; console?: unknown };
}

function rosterBy(
  { key, signer }: Keyed,
  content: Pick<StatementOf<'roster'>, 'version' | 'members' | 'roots'>,
): Promise<Envelope> {
  const common = commonOf({ key }, { nowMs: Date.now(), lifeMs: 86_400_000 });
  return signStatement(
    { ...common, type: 'roster', msp: 'Acme IT', ...content },
    statementSigner(signer),
  );
}

/** Resolves when the one endpoint has found the appliance again. */
async function untilOnline({ desk: { site, links } }: Appliance): Promise<void> {
  const [endpoint] = site.endpoints;
  if (endpoint === undefined) throw new Error('Cannot wait: no endpoint is enrolled');
  const online = Promise.withResolvers<void>();
  const look = (): void => {
    if (links.isOnline(endpoint.id)) online.resolve();
  };
  const stop = links.onChange(look);
  look();
  await online.promise;
  stop();
}

/** The roster's people as the site's own roster has them, by the command line. */
async function membersOf(site: CliSite): Promise<{ version: number; members: Member[] }> {
  return (await site.json(['site', 'people'])) as { version: number; members: Member[] };
}

const founded = suite('caisey appliance join, for a founded site');

founded(
  'joins as it is: same log, same keys, no claim, and the console knows its log',
  async () => {
    await using mesh = await openMesh();
    await using site = await openCliSite();
    await using door = await openJoinConsole(mesh, { joins: 'founded' });
    await using other = await openJoinConsole(mesh);
    const refused = await site.run(['appliance', 'join', other.token]);
    assert.is(refused.code, 2);
    assert.match(refused.err, 'the token is for a new appliance');
    const { origin } = await configOf(site);
    const running = await site.run(['appliance', 'join', door.token]);
    assert.is(running.code, 0, running.err);
    assert.match(running.out, origin);
    assert.match(running.err, `runs (process ${process.pid}): stop it and start it again`);
    const joined = await configOf(site);
    assert.is(joined.origin, origin);
    assert.equal(joined.console, {
      ...{ site: SITE, key: mesh.key, addresses: mesh.tcp, level: 'standard' },
    });
    assert.is(door.log()?.origin, origin);
    await site.stopAppliance();
    const folder = join(site.home, 'appliance');
    await using _appliance = await openAppliance({
      folder,
      software: 't',
      onEvent: () => undefined,
    });
    const hello = await mesh.when(({ what }) => what === 'hello');
    assert.is('log' in hello ? hello.log : null, door.log()?.key);
  },
);

founded('belongs to one console, until it is told to leave it', async () => {
  await using mesh = await openMesh();
  await using site = await openCliSite();
  await site.stopAppliance();
  await using first = await openJoinConsole(mesh, { joins: 'founded' });
  await using second = await openJoinConsole(mesh, { site: 'site-2', joins: 'founded' });
  const join = (...args: string[]) => site.run(['appliance', 'join', ...args, '--no-wait']);
  assert.is((await join(first.token)).code, 0);
  assert.is((await join(first.token)).code, 0, 'told again, it takes in where the relay is now');
  const other = await join(second.token);
  assert.is(other.code, 2);
  assert.match(other.err, '--replace');
  assert.match(JSON.stringify(await configOf(site)), `"site":"${SITE}"`);
  assert.is((await join(second.token, '--replace')).code, 0);
  assert.match(JSON.stringify(await configOf(site)), '"site":"site-2"');
});

founded('moves nothing: says so before the token is used', async () => {
  await using mesh = await openMesh();
  await using site = await openCliSite();
  await site.stopAppliance();
  await using door = await openJoinConsole(mesh, { joins: 'founded' });
  const before = await configOf(site);
  const join = (...args: string[]) =>
    site.run(['appliance', 'join', door.token, '--no-wait', ...args]);
  for (const places of [
    ['--http', '127.0.0.1:8430'],
    ['--http', 'none'],
    ['--listen', '/ip4/127.0.0.1/tcp/4030'],
    ['--no-mdns'],
    ['--http', 'none', '--listen', '/ip4/127.0.0.1/tcp/4030', '--no-mdns'],
  ]) {
    const { code, err } = await join(...places);
    assert.is(code, 2, places.join(' '));
    for (const said of places.filter((word) => word.startsWith('--'))) assert.match(err, said);
    assert.match(err, 'the token is still good');
    assert.match(err, 'site.json');
  }
  assert.equal(await configOf(site), before);
  assert.is(door.log(), null);
  assert.is((await join()).code, 0);
});

founded.run();

const certify = suite('caisey site certify-root');

certify('shows the code, asks, and prints a certificate by the root key alone', async () => {
  await using site = await openCliSite();
  const { msp_root: own } = JSON.parse(await readFile(join(site.home, 'site.json'), 'utf8')) as {
    msp_root: string;
  };
  const asked = site.start(['site', 'certify-root', root.key], { isTTY: true, input: 'n\n' });
  assert.is(await asked.code, 3);
  const { code, out, err } = await site.run(['site', 'certify-root', root.key, '--yes']);
  assert.is(code, 0, err);
  assert.match(err, rootCode(root.key));
  const { statement } = parseRootCertificate(out);
  assert.equal([statement.by, statement.keys], [own, root.key]);
  for (const bad of ['', 'x', `${root.key} ${root.key}`, own]) {
    assert.is((await site.run(['site', 'certify-root', bad, '--yes'])).code, 2, bad);
  }
  const me = join(site.home, 'keys', 'me.key');
  const forged = await site.run(['site', 'certify-root', root.key, '--yes', '--root-key', me]);
  assert.is(parseRootCertificate(forged.out).statement.by === own, false, 'it is nobody’s word');
});

certify('lets the organisation’s roster in, and the command line works on by it', async () => {
  await using mesh = await openMesh();
  await using site = await openCliSite({ endpoint: 'till-1' });
  await using door = await openJoinConsole(mesh, { joins: 'founded' });
  const before = await membersOf(site);
  await site.run(['appliance', 'join', door.token]);
  await site.stopAppliance();
  const folder = join(site.home, 'appliance');
  await using appliance = await openAppliance({ folder, software: 't', onEvent: () => undefined });
  await mesh.when(({ what }) => what === 'hello');

  const certificate = await site.run(['site', 'certify-root', root.key, '--yes']);
  const roots = [parseRootCertificate(certificate.out).envelope];
  const members = [...before.members];
  const version = before.version + 1;
  const sent = async (by: Keyed, with_: object): Promise<string> => {
    const outcome = await mesh.uplinks.sendRoster(
      SITE,
      await rosterBy(by, { version, members, ...with_ }),
    );
    return outcome.kind === 'refused' ? outcome.code : outcome.kind;
  };
  assert.is(await sent(root, {}), 'not-authorised', 'without the certificate');
  assert.is(await sent(stranger, { roots }), 'not-authorised', 'by another than it names');
  assert.is(await sent(root, { roots }), 'in-force');
  assert.is((await membersOf(site)).version, version);
  await untilOnline(appliance);
  const ran = await site.run(['run', 'till-1', '--', 'true']);
  assert.is(ran.code, 0, ran.err);

  const { sessions } = (await site.json(['session', 'ls', '--all'])) as {
    sessions: { session: string }[];
  };
  const evidence = join(site.folder, 'session.evidence.json');
  const exported = await site.run([
    'records',
    'export',
    sessions[0]?.session ?? '',
    '--out',
    evidence,
  ]);
  assert.is(exported.code, 0, exported.err);
  const verified = await site.run(['verify', evidence, '--trust', join(site.home, 'trust.json')]);
  assert.is(verified.code, 0, 'whoever trusts the site’s own root follows the certificate');

  const terry = await createKeyed();
  const added = await site.json([
    ...['site', 'people', 'add', '--name', 'Terry', '--public-key', terry.key],
  ]);
  assert.equal(added, { type: 'roster', version: version + 1 }, 'its own root still signs, too');
});

certify.run();
