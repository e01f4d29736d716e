// Where an appliance that joins listens: what it is told is tried before its token is used, and counts each time.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { loadClaimState } from '#appliance/claim/claim-state.ts';
import { freePort } from '../testing/free-port.ts';
import { runCli } from '../testing/cli-terminal.ts';
import { openJoinConsole } from '../testing/join-console.ts';
import { openMesh } from '../testing/mesh.ts';

const joins = suite('caisey appliance join');

joins(
  'tries its ports before the token is used, and honours them when it is told again',
  async () => {
    await using mesh = await openMesh();
    await using door = await openJoinConsole(mesh);
    const folder = await mkdtemp(join(tmpdir(), 'caisey-join-'));
    const port = await freePort();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
    const by = (...places: string[]) =>
      runCli(['appliance', 'join', door.token, '--dir', folder, '--no-wait', ...places]);
    const free = `/ip4/127.0.0.1/tcp/${await freePort()}`;
    const address = `/ip4/127.0.0.1/tcp/${port}`;
    for (const places of [
      ['--http', `127.0.0.1:${port}`, '--listen', free],
      ['--http', 'none', '--listen', address],
    ]) {
      const refused = await by(...places);
      assert.is(refused.code, 2);
      assert.match(refused.err, 'another program listens on that port');
      assert.match(refused.err, 'the token is still good');
    }
    assert.is(await loadClaimState(folder), null);
    const joined = await by('--http', 'none', '--listen', free);
    assert.is(joined.code, 0, joined.err);
    const first = await loadClaimState(folder);
    await new Promise((resolve) => taken.close(resolve));
    assert.is((await by('--listen', address)).code, 0);
    const moved = await loadClaimState(folder);
    assert.equal(moved?.config, { ...first?.config, listen: [address] });
    assert.is(moved?.config.mdns, true);
    assert.is((await by('--no-mdns')).code, 0);
    assert.equal((await loadClaimState(folder))?.config, { ...moved?.config, mdns: false });
    assert.is(moved?.secret, first?.secret, 'the claim code is as before');
    await rm(folder, { recursive: true, force: true });
  },
);

joins.run();
