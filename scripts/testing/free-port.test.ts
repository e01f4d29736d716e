import { createServer } from 'node:net';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { freePort } from './free-port.ts';

const port = suite('freePort()');

port(
  'gives each port once, below those of outgoing connections, and none that is taken',
  async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, freePort));
    assert.is(new Set(ports).size, 50);
    for (const each of ports) {
      assert.ok(each < 32_768);
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(each, '127.0.0.1', resolve);
      });
      await new Promise((resolve) => server.close(resolve));
    }
  },
);

port.run();
