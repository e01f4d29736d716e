import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { commonOf } from '#appliance/protocol/session-key.ts';
import { signStatement, statementSigner } from '#crypto/statement.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { parseBrought } from './this-computer.ts';

const nowMs = Date.parse('2026-11-21T02:09:14Z');
const keyOf = async (fill: number) =>
  statementSigner(await importSigner(new Uint8Array(32).fill(fill)));
const site = await keyOf(1);
const own = await keyOf(2);
const other = await keyOf(3);
const common = commonOf(site, { nowMs, lifeMs: 86_400_000 });
const certificate = await signStatement({ ...common, type: 'root', keys: own.key }, site);
const answer = { siteId: 's', client: 'C', site: 'S', certificate, members: [], rosterVersion: 1 };

const brought = suite('parseBrought()');

brought('parseBrought() takes a certificate for the root that this browser named', () => {
  assert.is(parseBrought(answer, own.key).by, site.key);
});

brought('parseBrought() refuses one for another root, and what is no certificate', async () => {
  assert.throws(() => parseBrought(answer, other.key), /another root/);
  const device = await signStatement({ ...common, type: 'device', peer: own.key }, site);
  assert.throws(() => parseBrought({ ...answer, certificate: device }, own.key), /another root/);
  assert.throws(() => parseBrought({ ...answer, certificate: null }, own.key));
  assert.throws(() => parseBrought(null, own.key));
});

brought.run();
