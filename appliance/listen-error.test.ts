// Ports that are taken: what a person is told, by whichever door it is found out.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createPeople, found } from '#scripts/testing/live-site.ts';
import { presetPolicy } from '#crypto/policy.ts';
import { explainListen, ListenError, listenAdvice } from './listen-error.ts';
import { runAppliance } from './main.ts';

const advice = suite('listenAdvice()');

advice(
  'names the port that is taken, how to see by whom, and where to choose another',
  async () => {
    await using taken = await takePort();
    const { port } = taken;
    const address = `/ip4/127.0.0.1/tcp/${port}`;
    for (const place of [
      { listen: [address], http: null },
      { listen: ['/ip4/127.0.0.1/tcp/0'], http: { host: '127.0.0.1', port } },
    ]) {
      const folder = await mkdtemp(join(tmpdir(), 'caisey-listen-'));
      const rules = presetPolicy('standard', 'UTC');
      await found({ folder, rules, people: await createPeople(), ...place });
      const lines: string[] = [];
      const code = await runAppliance({ folder, log: 'text', write: (line) => lines.push(line) });
      await rm(folder, { recursive: true, force: true });
      assert.is(code, 1);
      const [what = '', todo = '', ...rest] = lines;
      assert.match(
        what,
        `Cannot listen on 127.0.0.1:${port}: another program listens on that port`,
      );
      assert.not.match(what, /EADDRINUSE|faultTolerance/);
      assert.match(todo, `ss -ltnp 'sport = :${port}'`);
      assert.match(todo, join(folder, 'site.json'));
      assert.equal(rest, []);
    }
  },
);

advice('says what else may be in the way', () => {
  const place = { host: '192.0.2.7', port: 80, cause: null };
  assert.match(listenAdvice(new ListenError('port-forbidden', place), 'site.json'), 'below 1024');
  assert.match(listenAdvice(new ListenError('address-unknown', place), 'site.json'), '0.0.0.0');
});

advice.run();

const explain = suite('explainListen()');

explain('leaves an error alone that is about none of the addresses', async () => {
  await using taken = await takePort();
  const address = `/ip4/127.0.0.1/tcp/${taken.port}`;
  const other = new Error('Cannot listen: the key is broken');
  assert.is(await explainListen(other, [address]), other);
  const about = await explainListen(new Error(`${address}: no`), ['/ip4/127.0.0.1/tcp/0', address]);
  assert.instance(about, ListenError);
  assert.is(about instanceof ListenError && about.port, taken.port);
});

explain.run();

/** A port of loopback that somebody listens on. */
async function takePort(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // of a TCP server that listens
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}
