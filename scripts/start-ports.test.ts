import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { choosePorts, type ConsolePorts } from './start-ports.ts';
import { freePort } from './testing/free-port.ts';

const ports = suite<{ folder: string }>('choosePorts()');

ports.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'caisey-ports-'));
});
ports.after.each(({ folder }) => rm(folder, { recursive: true, force: true }));

const say = (): void => undefined;
const refusalOf = (chosen: Promise<ConsolePorts>): Promise<string> =>
  chosen.then(
    () => 'chosen',
    (cause: unknown) => String(cause),
  );

async function take(port: number): Promise<Server & AsyncDisposable> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

ports('choosePorts() takes what is free, and the same ones from then on', async ({ folder }) => {
  const first = await choosePorts(folder, { wanted: undefined, say });
  assert.is(new Set(Object.values(first)).size, 3);
  assert.equal(await choosePorts(folder, { wanted: undefined, say }), first);
  assert.equal(await choosePorts(folder, { wanted: '', say }), first);
});

ports('choosePorts() takes the one that is asked for, and keeps it', async ({ folder }) => {
  const wanted = await freePort();
  const first = await choosePorts(folder, { wanted: String(wanted), say });
  assert.is(first.page, wanted);
  assert.is((await choosePorts(folder, { wanted: undefined, say })).page, wanted);
});

ports('choosePorts() refuses a port that is taken, naming it and PORT', async ({ folder }) => {
  const wanted = await freePort();
  await using _other = await take(wanted);
  const asked = await refusalOf(choosePorts(folder, { wanted: String(wanted), say }));
  assert.match(asked, `port ${wanted} is taken`);
  assert.match(asked, 'PORT=');
  assert.match(asked, '--no-console');
});

ports('choosePorts() never moves a relay that appliances look for', async ({ folder }) => {
  const page = await freePort();
  const kept = await choosePorts(folder, { wanted: String(page), say });
  await using _other = await take(kept.relayTcp);
  const refused = await refusalOf(choosePorts(folder, { wanted: undefined, say }));
  assert.match(refused, `port ${kept.relayTcp}, where its relay was`);
  assert.equal(JSON.parse(await readFile(join(folder, 'ports.json'), 'utf8')), kept);
});

ports(
  'choosePorts() refuses what is no port, and a file that is not its own',
  async ({ folder }) => {
    for (const wanted of ['x', '0', '65536', '1e3', '-1', ' 80']) {
      assert.match(await refusalOf(choosePorts(folder, { wanted, say })), 'PORT must be', wanted);
    }
    for (const text of ['', '{}', '{"page":1,"relayTcp":2,"relayWs":"3"}']) {
      await writeFile(join(folder, 'ports.json'), text);
      assert.match(await refusalOf(choosePorts(folder, { wanted: undefined, say })), 'remove it');
    }
  },
);

ports.run();
