import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { isLoopback } from './loopback.ts';

const test = suite('isLoopback()');

test('isLoopback() tells this computer from every other', () => {
  for (const address of ['/ip4/127.0.0.1/tcp/4020', '/ip4/127.1.2.3/tcp/1/ws', '/ip6/::1/tcp/1']) {
    assert.ok(isLoopback(address), address);
  }
  const others = ['/ip4/192.168.1.127/tcp/1', '/ip6/::1f/tcp/1', '/dns4/localhost/tcp/1', ''];
  for (const address of others) assert.not(isLoopback(address), address);
});

test.run();
