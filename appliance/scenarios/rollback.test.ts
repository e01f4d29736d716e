// The whole folder of an appliance is put back from an old copy, second place and all. An endpoint that saw more
// is the only one who knows; what it knew must outlast the appliance's restart.

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openLiveWork } from '#scripts/testing/live-work.ts';
import { placesIn } from '../config.ts';
import { LedgerError } from '../ledger/error.ts';

const rollback = suite('appliance, rolled back');

rollback('stops when an endpoint saw more, and is not opened again', async () => {
  await using work = await openLiveWork();
  const { site, agent, session } = work;
  await using copy = await temporaryFolder();
  await cp(site.folder, copy.path, { recursive: true });
  await session.run('uptime');
  await agent.vanish();
  assert.ok(agent.hello().seen !== null, 'the endpoint saw a checkpoint');

  await site.appliance[Symbol.asyncDispose]();
  const { folder } = site;
  await rm(folder, { recursive: true });
  await cp(copy.path, folder, { recursive: true });
  await rm(join(placesIn(folder).log, 'lock'), { force: true }); // of the process that was copied
  await site.restart();
  agent.pins = site.appliance.desk.pins();
  const conversation = await agent.dial();
  await conversation.send(agent.hello());
  const { cause } = await site.appliance.failed;
  const caught = codeOf(cause);
  assert.ok(caught === 'behind' || caught === 'forked', caught ?? 'it went on');
  assert.is(await conversation.receive().catch(() => null), null, 'no welcome, no order');
  await conversation[Symbol.asyncDispose]();
  for (let start = 0; start < 2; start++) {
    const refusal: unknown = await site.restart().catch((error: unknown) => error);
    assert.is(codeOf(refusal), caught);
    assert.match((refusal as LedgerError).message, 'an endpoint or witness');
  }
});

rollback.run();

function codeOf(error: unknown): string | null {
  return error instanceof LedgerError ? error.code : null;
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'caisey-rollback-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
