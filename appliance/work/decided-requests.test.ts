import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openOnsiteStage, type OnsiteStage, PINS } from '#scripts/testing/onsite-stage.ts';
import { createPageVisitor } from '#scripts/testing/page-visitor.ts';
import { Requests } from '../gate/requests.ts';
import { createApp } from '../http/app.ts';
import { createDecidedReader, MAX_DECIDED } from './decided-requests.ts';

type Approver = keyof typeof PINS;

async function decide(
  { pinDesk }: OnsiteStage,
  request: string,
  { decision = 'deny', by = 'carol' }: { decision?: 'approve' | 'deny'; by?: Approver } = {},
): Promise<void> {
  await pinDesk.decide({ request, decision, approver: by, pin: PINS[by], comment: null });
}

const decided = suite('createDecidedReader()');

decided('lists by the time of decision, the newest first, and nothing that waits', async () => {
  await using stage = await openOnsiteStage({
    rules: { time_zone: 'UTC', rules: [], ask: { approvals: 2, expires_s: 600 } },
  });
  const read = createDecidedReader(stage.ledger, { facts: stage.site.facts });
  const names = async (): Promise<string[]> => (await read()).map(({ request }) => request);
  assert.equal(await names(), []);
  const [first, second, third] = [
    await stage.ask({ command: 'one' }),
    await stage.ask({ command: 'two' }),
    await stage.ask({ command: 'three' }),
  ];
  await decide(stage, second.hash);
  await decide(stage, first.hash, { decision: 'approve' });
  assert.equal(await names(), [second.hash], 'one approval of two decides nothing');
  await decide(stage, third.hash);
  await decide(stage, first.hash, { decision: 'approve', by: 'dave' });
  await first.outcome;
  assert.equal(await names(), [first.hash, third.hash, second.hash]);
  assert.equal(
    (await read()).map(({ state, decidedBy }) => [state, decidedBy]),
    [
      ['granted', ['Carol Miller', 'Dave Miller']],
      ['denied', ['Carol Miller']],
      ['denied', ['Carol Miller']],
    ],
  );
});

decided('lists the newest, and leaves out what was erased', async () => {
  await using stage = await openOnsiteStage();
  const asked: string[] = [];
  for (let i = 0; i < MAX_DECIDED + 2; i++) {
    const { hash } = await stage.ask({ command: `reboot ${i}` });
    await decide(stage, hash);
    asked.push(hash);
  }
  const newest = asked.toReversed().slice(0, MAX_DECIDED);
  const read = createDecidedReader(stage.ledger, { facts: stage.site.facts });
  assert.equal(
    (await read()).map(({ request }) => request),
    newest,
  );
  const { index } = stage.requests.show(newest[0] ?? '');
  await stage.ledger.eraseContent(index);
  const again = createDecidedReader(stage.ledger, { facts: stage.site.facts });
  assert.equal(
    (await again()).map(({ request }) => request),
    newest.slice(1),
  );
});

decided('feeds the page after a restart, with receipts', async () => {
  await using stage = await openOnsiteStage();
  const { hash, outcome } = await stage.ask();
  await decide(stage, hash, { decision: 'approve' });
  await outcome;
  const { site, sessions, pinDesk, clock, applianceKey } = stage;
  const requests = new Requests(site, clock); // one that remembers nothing
  const others = { hostOf: () => null, unsaidLevel: () => null, onFailure: () => undefined };
  const app = createApp({ ...others, site, sessions, pinDesk, clock, requests, applianceKey });
  const visitor = createPageVisitor(app);
  assert.match((await visitor.get('/')).text, `/requests/${hash}`);
  for (const path of [`/requests/${hash}`, `/requests/${hash}/receipt`]) {
    const { status, text } = await visitor.get(path);
    assert.is(status, 200);
    assert.match(text, 'Approved: the command on frontdesk-1');
    assert.match(text, 'It ran, exit code 0.');
  }
});

decided.run();
