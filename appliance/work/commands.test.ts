// Stories of commands at a live site: every promise of the way of a command, and what attacks it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { verifyCheckpoint } from '#crypto/checkpoint.ts';
import { renderTranscript } from '#crypto/transcript.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import type { Script } from '#scripts/testing/fake-agent.ts';
import {
  decide,
  entryThat,
  faultsOf,
  fieldsOf,
  kindsOf,
  outputOf,
  recordOf,
  refusalOf,
  verifySession,
  waitingRequest,
} from '#scripts/testing/live-session.ts';
import { createKeyed } from '#scripts/testing/live-site.ts';
import {
  approverOf,
  change,
  holdRecord,
  openLiveWork,
  signAuthority,
  signPolicy,
  signRoster,
  untilAway,
  WORK_RULES,
} from '#scripts/testing/live-work.ts';
import { loadCheckpoint } from '../ledger/checkpoint-file.ts';
import { placesIn } from '../config.ts';

/** Plays `hang` by hand, answers all else at once. */
const HANGS: Script = ({ fields }) =>
  fields.command.startsWith('hang') ? null : { stdout: `${fields.command}\n` };

const submit = suite('Commands.submit()');

submit('sends an order only after its start is durable and under a saved checkpoint', async () => {
  let sent = 0;
  await using work = await openLiveWork({ script: HANGS });
  const { site, agent, session } = work;
  const running = session.run('hang');
  running.catch(() => undefined);
  const request = await waitingRequest(site);
  assert.is(agent.orders.all.length, 0, 'nothing is ordered while it waits');
  await decide(site, request, { nowMs: work.clock.now() });
  const { run, index, order } = await agent.orders.take();
  sent += 1;
  const { ledger, logKey } = site.appliance.desk.site;
  assert.ok(ledger.size > index);
  const ordered = await verifyCheckpoint(order.checkpoint, logKey);
  const saved = await loadCheckpoint(placesIn(site.folder).second, logKey);
  assert.ok(ordered.size > index && saved.size >= ordered.size);
  await agent.exit(run);
  assert.is((await running).outcome, 'exited');
  assert.is(sent, 1);
});

submit(
  'records output before it is acknowledged to the endpoint, and before it is shown',
  async () => {
    await using work = await openLiveWork({
      script: ({ fields }) => (fields.command === 'uptime' ? null : {}),
    });
    const { site, agent, session, client } = work;
    const { ledger } = site.appliance.desk.site;
    const shown: number[] = [];
    const reading = client.call(
      'session.read',
      { session: session.id, from: 0, follow: true },
      {
        onEvent: (event) => {
          if (event.kind !== 'entry') return;
          const { i } = JSON.parse(event.entry.leaf) as { i: number };
          assert.ok(i < ledger.size);
          shown.push(i);
        },
      },
    );
    const running = session.run('uptime');
    const { run } = await agent.orders.take();
    for (let piece = 0; piece < 20; piece++) {
      await agent.print(run, `piece ${piece}\n`);
      const ack = await agent.said.take(({ kind }) => kind === 'ack');
      assert.equal(ack, { kind: 'ack', run, next: piece + 1 });
      assert.match(await outputOf(site, session.id), new RegExp(`piece ${piece}\n$`));
    }
    await agent.exit(run);
    const { index } = await running;
    await session.close();
    await reading;
    assert.ok(shown.includes(index));
    assert.equal(await faultsOf(site, session.id), []);
  },
);

submit('acknowledges an end only after it is on record', async () => {
  await using work = await openLiveWork({ script: () => null });
  const { site, agent, session, client } = work;
  const running = session.run('uptime');
  const { run } = await agent.orders.take();
  const exit = holdRecord(site, 'command.exited');
  await agent.exit(run, { exitCode: 7 });
  await exit.reached;
  await client.call('site.status', {}); // what was sent before has come by now
  assert.not(agent.said.all.some(({ kind }) => kind === 'ack'));
  exit.release();
  assert.equal(await agent.hear('ack'), { kind: 'ack', run, next: 1 });
  assert.is((await running).exitCode, 7);
});

submit('never runs what policy denies, with approval neither', async () => {
  await using work = await openLiveWork();
  const { site, agent, session } = work;
  const { outcome, problem } = await session.run('forbidden --all', { why: 'Please.' });
  assert.is(outcome, 'refused');
  assert.ok((problem ?? '').length > 0);
  assert.equal(await kindsOf(site, session.id), ['session.opened', 'command.refused']);
  assert.is(agent.orders.all.length, 0);
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

for (const end of ['denied', 'expired', 'withdrawn'] as const) {
  submit(`does not start what was ${end}`, async () => {
    await using work = await openLiveWork();
    const { site, agent, session, clock, client } = work;
    const running = session.run('reboot', { before: 'uptime' });
    const request = await waitingRequest(site);
    if (end === 'denied') {
      await decide(site, request, { decision: 'deny', comment: 'No.', nowMs: clock.now() });
    } else if (end === 'expired') clock.advance(30_000);
    else await client.call('request.withdraw', { request, reason: 'Wrong machine.' });
    assert.is((await running).outcome, end);
    assert.is(agent.orders.all.length, 1, 'the state alone');
    await session.close();
    const kinds = await kindsOf(site, session.id);
    assert.is(kinds.filter((kind) => kind === 'command.started').length, 1);
    assert.ok(kinds.includes(`approval.${end}`));
    assert.equal(await faultsOf(site, session.id), []);
  });
}

submit(
  'marks a captured state that is cut, in the record, the evidence and the transcript',
  async () => {
    const line = `${'x'.repeat(99)}\n`;
    await using work = await openLiveWork({
      script: ({ fields }) => ({ stdout: line.repeat(fields.command === 'uptime' ? 1000 : 1) }),
    });
    const { site, session, clock } = work;
    const running = session.run('reboot', { before: 'uptime', why: 'Slow.' });
    const request = await waitingRequest(site);
    assert.is(site.appliance.desk.requests.show(request).stateDroppedBytes, 34_464);
    await decide(site, request, { nowMs: clock.now() });
    await running;
    await session.close();
    const [state] = await fieldsOf(site, session.id, 'state.captured');
    assert.is(state?.text.bytes, 65_536);
    assert.is(state?.dropped_bytes, 100_000 - 65_536);
    assert.equal(await faultsOf(site, session.id), []);
    const report = await verifySession(site, session.id);
    assert.ok(report.notProved.some((words) => words.includes('beyond the limits')));
    const cut = '  ~ cut here: 34464 more bytes were printed, and not kept';
    assert.match(renderTranscript(report), cut);
  },
);

submit('captures the state around an approved command, and has it approved with it', async () => {
  await using work = await openLiveWork();
  const { site, session, clock } = work;
  const running = session.run('reboot', { before: 'uptime', after: 'uptime -p', why: 'Slow.' });
  const request = await waitingRequest(site);
  const shown = site.appliance.desk.requests.show(request);
  assert.is(shown.stateText, 'uptime\n');
  await decide(site, request, { nowMs: clock.now() });
  assert.is((await running).outcome, 'exited');
  await session.close();
  const states = await fieldsOf(site, session.id, 'state.captured');
  assert.equal(
    states.map(({ phase, exit_code: code }) => [phase, code]),
    [
      ['before', 0],
      ['after', 0],
    ],
  );
  const kinds = await kindsOf(site, session.id);
  assert.ok(kinds.indexOf('state.captured') < kinds.indexOf('approval.requested'));
  assert.ok(kinds.lastIndexOf('state.captured') > kinds.indexOf('command.output'));
  assert.equal(await faultsOf(site, session.id), []);
});

submit(
  'refuses a state command that policy would ask for, before anything is recorded',
  async () => {
    await using work = await openLiveWork();
    const { site, session } = work;
    const { ledger } = site.appliance.desk.site;
    const size = ledger.size;
    assert.is(await refusalOf(session.run('reboot', { before: 'reboot' })), 'state-not-read-only');
    assert.is(await refusalOf(session.run('uptime', { after: 'reboot' })), 'state-not-read-only');
    assert.is(ledger.size, size);
    await session.close();
  },
);

submit('runs one statement once', async () => {
  await using work = await openLiveWork({ script: HANGS });
  const { site, session, agent } = work;
  const signed = await session.sign('uptime');
  const both = await Promise.all([session.submit(signed), session.submit(signed)].map(refusalOf));
  assert.equal(both.sort(), ['accepted', 'command-replayed']);
  assert.is(await refusalOf(session.submit(signed)), 'command-replayed');
  assert.is(agent.orders.all.length, 1);
  const other = await work.openSession();
  assert.is(await refusalOf(other.submit(signed)), 'command-mismatch');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

submit('refuses a replayed state without holding on to the command it came with', async () => {
  await using work = await openLiveWork();
  const { session, site } = work;
  const state = await session.sign('uptime', { purpose: 'state-before' });
  await session.submit(await session.sign('whoami'), { before: state });
  const fresh = await session.sign('id');
  assert.is(await refusalOf(session.submit(fresh, { before: state })), 'command-replayed');
  assert.is((await session.submit(fresh)).outcome, 'exited', 'it never ran, so it may');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

submit('refuses what was signed for something else', async () => {
  await using work = await openLiveWork();
  const { session, site } = work;
  const other = await work.openSession();
  const stranger = await importSigner(randomBytes(32));
  const { ledger } = site.appliance.desk.site;
  const size = ledger.size;
  const codes = await Promise.all(
    [
      await session.sign('uptime', { key: stranger }),
      await session.sign('uptime', { place: { session: other.id } }),
      await session.sign('uptime', { place: { endpoint: other.id } }),
      await session.sign('uptime', { place: { log: 'console.example/site/other/1' } }),
      await session.sign('uptime', { purpose: 'state-before' }),
    ].map((signed) => refusalOf(session.submit(signed))),
  );
  assert.equal(codes, [
    'command-mismatch',
    'command-mismatch',
    'command-mismatch',
    'wrong-log',
    'command-mismatch',
  ]);
  const [a, b] = [await session.sign('uptime'), await session.sign('uptime -p')];
  const swapped = { envelope: a.envelope, disclosures: b.disclosures };
  assert.is(await refusalOf(session.submit(swapped)), 'command-mismatch');
  const unsignable = session.sign('uptime', { fields: { timeout_ms: 0 } });
  assert.is(await refusalOf(unsignable), 'request-invalid');
  assert.is(ledger.size, size);
});

submit('refuses a command whose signature has run out', async () => {
  await using work = await openLiveWork();
  const { session, clock } = work;
  const signed = await session.sign('uptime');
  clock.advance(8 * 86_400_000 + 1);
  const { parameters } = { parameters: signed };
  assert.match(await refusalOf(session.submit(parameters)), /^(?:expired|session-unknown)$/);
});

submit('holds at most sixteen commands of a session at once, with their states', async () => {
  await using work = await openLiveWork();
  const { session, clock, site } = work;
  const waiting = [];
  for (let i = 0; i < 16; i++) waiting.push(session.run(`reboot ${i}`, { before: 'uptime' }));
  await waitingRequest(site, 16);
  assert.is(await refusalOf(session.run('uptime')), 'session-busy');
  const unfit = session.run('uptime', { before: 'reboot' });
  assert.is(await refusalOf(unfit), 'session-busy', 'counted before it is judged');
  clock.advance(30_000);
  const outcomes = await Promise.all(waiting);
  assert.ok(outcomes.every(({ outcome }) => outcome === 'expired'));
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

submit('refuses when the endpoint is offline', async () => {
  await using work = await openLiveWork();
  const { session, agent, site } = work;
  await agent.vanish();
  await untilAway(site, agent.identity.endpoint);
  assert.is(await refusalOf(session.run('uptime')), 'endpoint-offline');
});

submit(
  'asks nobody for a shell that the endpoint has not, of the command or its states',
  async () => {
    await using work = await openLiveWork();
    const { session, site, agent } = work;
    const fields = { shell: 'pwsh' } as const;
    const signed = await session.sign('Remove-Item x', { fields });
    assert.is(await refusalOf(session.submit(signed)), 'shell-missing');
    const before = await session.sign('Get-Date', { purpose: 'state-before', fields });
    assert.is(
      await refusalOf(session.submit(await session.sign('reboot'), { before })),
      'shell-missing',
    );
    assert.equal(await kindsOf(site, session.id), ['session.opened']);
    assert.is(agent.orders.all.length, 0);
    const refusal = await session.submit(signed).catch((cause: unknown) => cause);
    assert.match(String(refusal), 'has no pwsh, only sh, bash, cmd');
  },
);

submit(
  'does not start what a new policy denies, though it was approved under the old',
  async () => {
    await using work = await openLiveWork();
    const { site, session, clock, agent } = work;
    const running = session.run('reboot');
    const request = await waitingRequest(site);
    const rules = {
      ...WORK_RULES,
      rules: [
        ...WORK_RULES.rules,
        { id: 'no-reboot', effect: 'deny' as const, programs: ['reboot'] },
      ],
    };
    await change(site, await signPolicy(site, { rules }));
    await decide(site, request, { nowMs: clock.now() });
    assert.is((await running).outcome, 'refused');
    assert.is(agent.orders.all.length, 0);
    await session.close();
    assert.not((await kindsOf(site, session.id)).includes('command.started'));
    assert.equal(await faultsOf(site, session.id), []);
  },
);

submit('does not start with fewer approvals than a new policy wants', async () => {
  await using work = await openLiveWork();
  const { site, session, clock } = work;
  const running = session.run('reboot');
  const request = await waitingRequest(site);
  const rules = { ...WORK_RULES, ask: { approvals: 2, expires_s: 30 } };
  await change(site, await signPolicy(site, { rules }));
  await decide(site, request, { nowMs: clock.now() });
  assert.is((await running).outcome, 'refused');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

submit('does not start what was approved by somebody who is no approver any more', async () => {
  await using work = await openLiveWork({
    rules: { ...WORK_RULES, ask: { approvals: 2, expires_s: 30 } },
  });
  const { site, session, clock } = work;
  const dave = await createKeyed();
  const both = [approverOf('carla', site.approver), approverOf('dave', dave)];
  await change(site, await signAuthority(site, { approvers: both }));
  const running = session.run('reboot');
  const request = await waitingRequest(site);
  await decide(site, request, { nowMs: clock.now() });
  await change(
    site,
    await signAuthority(site, { version: 3, approvers: [approverOf('dave', dave)] }),
  );
  await decide(site, request, { as: dave, nowMs: clock.now() });
  assert.is((await running).outcome, 'refused');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

submit('does not start what was approved when its endpoint has gone', async () => {
  await using work = await openLiveWork();
  const { site, session, clock, agent } = work;
  const running = session.run('reboot');
  const request = await waitingRequest(site);
  await agent.vanish();
  await untilAway(site, agent.identity.endpoint);
  await decide(site, request, { nowMs: clock.now() });
  assert.is((await running).outcome, 'refused');
  const [refused] = await fieldsOf(site, session.id, 'command.refused');
  assert.equal([refused?.by, refused?.code], ['appliance', 'endpoint-offline']);
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

submit('records the decision of the hour in which it starts', async () => {
  const clockRules = {
    time_zone: 'UTC',
    rules: [
      ...WORK_RULES.rules,
      {
        id: 'this-hour',
        effect: 'allow' as const,
        programs: ['systemctl'],
        arguments: ['restart', '*'],
        window: windowAround(Date.now()),
      },
    ],
    ask: { approvals: 1, expires_s: 12 * 3600 },
  };
  await using work = await openLiveWork({ rules: clockRules });
  const { site, session } = work;
  assert.is((await session.run('systemctl restart cups')).outcome, 'exited');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

submit('does not start for a technician who left the roster while it waited', async () => {
  await using work = await openLiveWork();
  const { site, session, clock, agent } = work;
  const running = refusalOf(session.run('reboot'));
  const request = await waitingRequest(site);
  await change(site, await signRoster(site, { who: ['owner', 'reviewer'] }));
  assert.is(await running, 'stream-lost');
  assert.is(await refusalOf(decide(site, request, { nowMs: clock.now() })), 'request-decided');
  assert.is(agent.orders.all.length, 0);
  const kinds = await kindsOf(site, session.id);
  assert.equal(kinds.slice(-2), ['approval.withdrawn', 'session.closed']);
  assert.equal(await faultsOf(site, session.id), []);
});

submit('goes on when its client has vanished: the command ends on record', async () => {
  await using work = await openLiveWork({ script: HANGS });
  const { site, agent } = work;
  const own = await site.connect(site.technician);
  const session = await work.openSession(own);
  const running = refusalOf(session.run('hang && uptime'));
  const waiting = await waitingRequest(site);
  await decide(site, waiting, { nowMs: work.clock.now() });
  const { run } = await agent.orders.take();
  await agent.print(run, 'before ');
  await own[Symbol.asyncDispose]();
  assert.is(await running, 'stream-lost');
  await agent.print(run, 'after');
  await agent.exit(run);
  await entryThat(site, ({ leaf }) => leaf.k === 'command.exited' && leaf.s === session.id);
  assert.is(await outputOf(site, session.id), 'before after');
});

submit('keeps hostile text exactly as it is', async () => {
  const hostile = '\u001b[2J\u202Egpj.exe\u0000 <script>alert(1)</script> \u{1F600}\r\n';
  await using work = await openLiveWork({ script: () => ({ stdout: hostile, stderr: hostile }) });
  const { site, session, client } = work;
  await session.run('uptime');
  await client.call('chat.say', { session: session.id, text: hostile });
  assert.is(await outputOf(site, session.id), hostile + hostile);
  await session.close(hostile);
  const [closed] = await fieldsOf(site, session.id, 'session.closed');
  assert.is(closed?.note, hostile);
  const said = (await recordOf(site, session.id)).find(({ leaf }) => leaf.k === 'chat.said');
  const segments = said?.content?.texts[0]?.segments ?? [];
  assert.is(Buffer.concat(segments).toString('utf8'), hostile);
  assert.equal(await faultsOf(site, session.id), []);
});

submit.run();

const cancel = suite('Commands.cancel()');

cancel('has a running command ended by the endpoint, in its own time', async () => {
  await using work = await openLiveWork({ script: () => null });
  const { site, session, agent, client } = work;
  const signed = await session.sign('uptime');
  const running = session.submit(signed);
  const { run } = await agent.orders.take();
  const asked = { session: session.id, command: signed.hash };
  assert.equal(await client.call('command.cancel', asked), { cancelled: true });
  assert.is((await agent.hear('cancel')).run, run);
  await agent.print(run, 'stopping\n');
  await agent.exit(run, { outcome: 'cancelled', exitCode: null });
  assert.is((await running).outcome, 'cancelled');
  assert.equal(await client.call('command.cancel', asked), { cancelled: false });
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

cancel('withdraws the request of a command that waits', async () => {
  await using work = await openLiveWork();
  const { site, session, client } = work;
  const signed = await session.sign('reboot');
  const running = session.submit(signed);
  await waitingRequest(site);
  await client.call('command.cancel', { session: session.id, command: signed.hash });
  assert.is((await running).outcome, 'withdrawn');
});

cancel('does not ask for a command that was cancelled while its state was captured', async () => {
  await using work = await openLiveWork({ script: () => null });
  const { site, session, client, agent } = work;
  const signed = await session.sign('reboot');
  const running = session.submit(signed, {
    before: await session.sign('uptime', { purpose: 'state-before' }),
  });
  const { run } = await agent.orders.take();
  await client.call('command.cancel', { session: session.id, command: signed.hash });
  await agent.exit(run, { outcome: 'cancelled', exitCode: null });
  assert.is((await running).outcome, 'refused');
  assert.not((await kindsOf(site, session.id)).includes('approval.requested'));
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

cancel.run();

/** A window of policy that holds now and for some hours, whatever the day. */
function windowAround(nowMs: number): { days: number[]; from: string; to: string } {
  const at = (hours: number): string =>
    new Date(nowMs + hours * 3_600_000).toISOString().slice(11, 16);
  return { days: [1, 2, 3, 4, 5, 6, 7], from: at(-2), to: at(2) };
}
