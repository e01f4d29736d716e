import { Buffer } from 'node:buffer';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from '#crypto/base64.ts';
import { signCheckpoint } from '#crypto/checkpoint.ts';
import { sealEntry } from '#crypto/entry.ts';

import { MAX_CLOCK_SKEW_MS, type WorkOrder } from '#crypto/work-order.ts';
import { openFolder, seedOf } from '#scripts/testing/agent-appliance.ts';
import type { MemoryEntry } from '#scripts/testing/memory-log.ts';
import { siteStory, workOrderOf } from '#scripts/testing/site-story.ts';
import { signCommand, startCommand } from '#scripts/testing/story-command.ts';
import { storyJudge } from '#scripts/testing/story-policy.ts';
import { openSession, type Session } from '#scripts/testing/story-session.ts';
import { foundSite, type Site } from '#scripts/testing/story-site.ts';
import { authorityOf, policyOf, rosterOf } from '#scripts/testing/story-statements.ts';
import { formatVerifierKey } from '#crypto/key.ts';
import { verifyCheckpoint } from '#crypto/checkpoint.ts';
import { createJournal, type Journal, openJournal } from './journal.ts';
import { openDesk, type OrderAnswer, type OrderDesk, takeCheckpoint, takeOrder } from './orders.ts';

interface Bench extends AsyncDisposable {
  readonly site: Site;
  readonly session: Session;
  readonly desk: OrderDesk;
  readonly clock: { nowMs: number };
  /** The desk after the agent's next start. */
  restart(): Promise<OrderDesk>;
}

async function openBench(given?: Site): Promise<Bench> {
  const site = given ?? (await foundSite());
  const session = await openSession(site);
  const folder = await openFolder();
  const { people, log } = site;
  const identity = {
    endpoint: site.endpoint,
    name: 'frontdesk-1',
    labels: ['frontdesk'],
    seed: seedOf('frontdesk-1'),
    site: {
      appliance: people.appliance.key,
      addresses: [],
      log: formatVerifierKey(log.key),
      msp_root: people.root.key,
      authority: people.authority.key,
    },
  };
  const size = site.enrolled.leaf.i + 1;
  const checkpoint = await verifyCheckpoint(await log.checkpoint(size), log.key);
  await createJournal(folder.path, { endpoint: site.endpoint, checkpoint });
  const clock = { nowMs: 0 };
  let journal: Journal | null = null;
  const restart = async (): Promise<OrderDesk> => {
    await journal?.[Symbol.asyncDispose]();
    journal = await openJournal(folder.path, { endpoint: site.endpoint, logKey: log.key });
    const now = (): number => (clock.nowMs === 0 ? site.nowMs : clock.nowMs);
    return openDesk({ identity, journal, judge: storyJudge, now });
  };
  const desk = await restart();
  return {
    site,
    session,
    desk,
    clock,
    restart,
    async [Symbol.asyncDispose]() {
      await journal?.[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function start(session: Session, command = 'df -h'): Promise<MemoryEntry> {
  return startCommand(session, await signCommand(session, { command }));
}

/** The order for an entry, proved from what the desk has seen. */
function orderFor(
  { session, desk }: Pick<Bench, 'session' | 'desk'>,
  started: MemoryEntry,
  options: { size?: number } = {},
): Promise<WorkOrder> {
  return workOrderOf({ session }, started, { seen: desk.journal.seen.size, ...options });
}

function codeOf(answer: OrderAnswer): string {
  return answer.kind === 'refused' ? answer.code : 'accepted';
}

const subject = suite('takeOrder()');

subject('takeOrder() writes an order down and gives what to run', async () => {
  await using bench = await openBench();
  const { desk, session, site } = bench;
  const started = await start(session);
  const order = await orderFor(bench, started);
  const answer = await takeOrder({ run: started.name, order }, desk);
  assert.equal(answer, {
    kind: 'accepted',
    request: {
      shell: 'bash',
      command: 'df -h',
      cwd: null,
      env: {},
      timeoutMs: 60_000,
      maxOutputBytes: 1_048_576,
    },
  });
  assert.is(desk.journal.seen.size, site.log.size);
  assert.is(desk.journal.versions.policy?.version, 1);
});

subject('takeOrder() takes what the client approved', async () => {
  const story = await siteStory();
  const { site } = story;
  const folder = await openFolder();
  await using _ = folder;
  await using bench = await openBench(site);
  const order = await workOrderOf(story, story.started, {
    seen: bench.desk.journal.seen.size,
    size: story.started.leaf.i + 1,
  });
  bench.clock.nowMs = Date.parse(story.started.leaf.t);
  const answer = await takeOrder({ run: story.started.name, order }, bench.desk);
  assert.is(codeOf(answer), 'accepted');
});

/** Every link of the chain, broken one at a time: what is changed, and the code that says so. */
const BROKEN: Record<string, { code: string; change: (order: WorkOrder) => Partial<WorkOrder> }> = {
  'a checkpoint whose signature was changed': {
    code: 'signature',
    change: ({ checkpoint }) => ({
      checkpoint: checkpoint.replace(
        /(.)(.{6})\n$/s,
        (_, c: string, rest: string) => `${c === 'A' ? 'B' : 'A'}${rest}\n`,
      ),
    }),
  },
  'a consistency proof with a wrong hash': {
    code: 'fork',
    change: ({ consistency }) => ({ consistency: ['A'.repeat(43), ...consistency.slice(1)] }),
  },
  'a consistency proof that lacks a hash': {
    code: 'proof',
    change: ({ consistency }) => ({ consistency: consistency.slice(1) }),
  },
  'a consistency proof of what is no hash': {
    code: 'base64',
    change: ({ consistency }) => ({ consistency: ['!'.repeat(43), ...consistency.slice(1)] }),
  },
  'a proof from another size': { code: 'consistency', change: () => ({ seen: 3 }) },
  'an inclusion proof that lacks a hash': {
    code: 'inclusion',
    change: ({ started }) => ({ started: { ...started, proof: started.proof.slice(1) } }),
  },
  'a leaf that was changed': {
    code: 'inclusion',
    change: ({ started }) => ({
      started: { ...started, leaf: started.leaf.replace(/"t":"2026/, '"t":"2027') },
    }),
  },
  'a command that is not the one of the leaf': {
    code: 'binding',
    change: ({ started }) => ({
      started: { ...started, disclosures: started.disclosures.map(swapCommand) },
    }),
  },
  'a command that is withheld': {
    code: 'binding',
    change: ({ started }) => ({
      started: {
        ...started,
        disclosures: started.disclosures.filter((text) => nameOf(text) !== 'command'),
      },
    }),
  },
  'a session statement that was changed': {
    code: 'signature',
    change: ({ session }) => ({ session: { ...session, statement: bump(session.statement) } }),
  },
};

function nameOf(disclosure: string): unknown {
  return (JSON.parse(Buffer.from(disclosure, 'base64url').toString()) as unknown[])[1];
}

function swapCommand(disclosure: string): string {
  const parts = JSON.parse(Buffer.from(disclosure, 'base64url').toString()) as unknown[];
  if (parts[1] !== 'command') return disclosure;
  return Buffer.from(JSON.stringify([parts[0], 'command', 'rm -rf /'])).toString('base64url');
}

/** The same statement with a year more to live. */
function bump(statement: string): string {
  const text = Buffer.from(statement, 'base64url').toString();
  const changed = text.replace(
    /"expires":"(\d{4})/,
    (_, year: string) => `"expires":"${Number(year) + 1}`,
  );
  return Buffer.from(changed).toString('base64url');
}

for (const [name, { code, change }] of Object.entries(BROKEN)) {
  subject(`takeOrder() refuses ${name}`, async () => {
    await using bench = await openBench();
    const { desk, session } = bench;
    await start(session);
    const started = await start(session);
    const order = await orderFor(bench, started);
    const broken = { ...order, ...change(order) };
    assert.is.not(JSON.stringify(broken), JSON.stringify(order));
    const answer = await takeOrder({ run: started.name, order: broken }, desk);
    assert.is(codeOf(answer), code, answer.kind === 'refused' ? answer.message : '');
    const again = code === 'fork' ? 'fork' : 'accepted';
    const fresh = await orderFor(bench, started);
    assert.is(codeOf(await takeOrder({ run: started.name, order: fresh }, desk)), again);
  });
}

subject(
  'takeOrder() refuses keys that nobody appointed, and roots that are not pinned',
  async () => {
    await using bench = await openBench();
    const { site, session, desk } = bench;
    const { people, log } = site;
    const { mallory } = people;
    const forged = {
      'not-authorised roster': {
        roster: await rosterOf(people, { over: { by: mallory.key }, signer: mallory.signer }),
      },
      'not-authorised authority': {
        authority: await authorityOf(people, log.origin, {
          over: { by: mallory.key },
          signer: mallory.signer,
        }),
      },
      'not-authorised policy': {
        policy: await policyOf(people, {
          origin: log.origin,
          over: { by: mallory.key },
          signer: mallory.signer,
        }),
      },
      'signature policy': {
        policy: await policyOf(people, { origin: log.origin, signer: mallory.signer }),
      },
    };
    const started = await start(session);
    for (const [name, change] of Object.entries(forged)) {
      const order = { ...(await orderFor(bench, started)), ...change };
      const answer = await takeOrder({ run: started.name, order }, desk);
      assert.is(codeOf(answer), name.split(' ')[0], name);
    }
    const stranger = await openSession(site, { id: 'c2Vzc2lvbi0wMDAwMDAwMg', technician: mallory });
    const asked = await start(stranger);
    const order = await workOrderOf({ session: stranger }, asked, { seen: desk.journal.seen.size });
    assert.is(codeOf(await takeOrder({ run: asked.name, order }, desk)), 'not-authorised');
  },
);

subject('takeOrder() judges by its own policy engine what a dishonest gate let pass', async () => {
  await using bench = await openBench();
  const { session, desk } = bench;
  for (const command of ['mkfs /dev/sda', 'nft-add rule']) {
    const signed = await signCommand(session, { command });
    const decision = { effect: 'allow', access: 'read-only', rule: 'reading', why: '' } as const;
    const started = startCommand(session, signed, { decision });
    const order = await orderFor(bench, started);
    assert.is(codeOf(await takeOrder({ run: started.name, order }, desk)), 'not-authorised');
  }
});

subject('takeOrder() refuses an order by another name than its leaf’s', async () => {
  await using bench = await openBench();
  const [one, two] = [await start(bench.session), await start(bench.session)];
  const order = await orderFor(bench, one);
  assert.is(codeOf(await takeOrder({ run: two.name, order }, bench.desk)), 'wrong-run');
});

subject('takeOrder() refuses an order for another endpoint', async () => {
  await using bench = await openBench();
  const { session, desk } = bench;
  const started = await start(session);
  const order = await orderFor(bench, started);
  const identity = { ...desk.identity, endpoint: 'ZW5kcG9pbnQtMDAwMDAwMg' };
  const answer = await takeOrder({ run: started.name, order }, { ...desk, identity });
  assert.is(codeOf(answer), 'wrong-endpoint');
});

subject(
  'takeOrder() starts an order once: not again, not after a restart, not by a second entry',
  async () => {
    await using bench = await openBench();
    const { session } = bench;
    const signed = await signCommand(session, { command: 'df -h' });
    const started = startCommand(session, signed);
    const order = await orderFor(bench, started);
    assert.is(codeOf(await takeOrder({ run: started.name, order }, bench.desk)), 'accepted');
    const second = startCommand(session, signed); // the same statement, put on record again
    for (const desk of [bench.desk, await bench.restart()]) {
      for (const entry of [started, second]) {
        const again = await orderFor({ session, desk }, entry);
        assert.is(codeOf(await takeOrder({ run: entry.name, order: again }, desk)), 'replayed');
      }
    }
  },
);

subject('takeOrder() refuses the past, though the clock was set back to it', async () => {
  await using bench = await openBench();
  const { session, site, clock } = bench;
  const early = await start(session);
  const earlyMs = site.nowMs;
  site.nowMs += 2 * MAX_CLOCK_SKEW_MS;
  const late = await start(session);
  const lateOrder = await orderFor(bench, late);
  assert.is(codeOf(await takeOrder({ run: late.name, order: lateOrder }, bench.desk)), 'accepted');
  const desk = await bench.restart();
  clock.nowMs = earlyMs;
  const order = await orderFor({ session, desk }, early);
  assert.is(codeOf(await takeOrder({ run: early.name, order }, desk)), 'time-went-back');
});

subject('takeOrder() remembers the checkpoint of an order that it refuses', async () => {
  await using bench = await openBench();
  const { session, site } = bench;
  const started = await start(session);
  const order = await orderFor(bench, started);
  const answer = await takeOrder(
    { run: started.name, order: { ...order, roster: order.policy } },
    bench.desk,
  );
  assert.is(codeOf(answer), 'wrong-kind');
  assert.is((await bench.restart()).journal.seen.size, site.log.size);
});

subject('takeOrder() remembers versions, and accepts none that is older', async () => {
  await using bench = await openBench();
  const { session, site } = bench;
  const old = site.policy;
  const newer = await policyOf(site.people, { origin: site.log.origin, over: { version: 2 } });
  const entry = site.log.append({
    sealed: sealEntry('policy.changed', { statement: newer }),
    ref: { authority: site.authority.name, previous: old.name },
  });
  site.policy = entry;
  const first = await start(session);
  const order = await orderFor(bench, first);
  assert.is(codeOf(await takeOrder({ run: first.name, order }, bench.desk)), 'accepted');
  const desk = await bench.restart();
  site.policy = old;
  const second = await start(session);
  const rolled = await orderFor({ session, desk }, second);
  assert.is(codeOf(await takeOrder({ run: second.name, order: rolled }, desk)), 'rolled-back');
});

subject(
  'takeOrder() refuses when its journal cannot be written, and says no more than that',
  async () => {
    await using bench = await openBench();
    const { desk, session } = bench;
    const started = await start(session);
    const order = await orderFor(bench, started);
    await desk.journal[Symbol.asyncDispose]();
    const answer = await takeOrder({ run: started.name, order }, desk);
    assert.ok(answer.kind === 'refused');
    assert.is(answer.code, 'journal-failed');
    assert.ok(answer.error instanceof Error);
  },
);

subject.run();

const witness = suite('takeCheckpoint()');

/** A site whose log is the story's up to the enrolment, and then another: the same key signed both. */
async function forkedSite(): Promise<Site> {
  const site = await foundSite();
  site.log.append({
    sealed: sealEntry('endpoint.enrolled', {
      name: 'other',
      key: site.people.mallory.key,
      labels: [],
      os: 'linux',
      version: '6.8',
      token: 'token-2',
      by: 'Bob Birch',
    }),
    endpoint: 'ZW5kcG9pbnQtMDAwMDAwMg',
  });
  return site;
}

witness('takeCheckpoint() remembers what extends, for good', async () => {
  await using bench = await openBench();
  const { site, desk, session } = bench;
  const from = desk.journal.seen.size;
  await start(session);
  const claim = {
    checkpoint: await site.log.checkpoint(),
    seen: from,
    consistency: site.log.proveConsistency(from).map(encodeBase64url),
  };
  assert.is(await takeCheckpoint(claim, desk), null);
  assert.is((await bench.restart()).journal.seen.size, site.log.size);
});

witness(
  'takeCheckpoint() raises the alarm over a second history, and nothing runs after it',
  async () => {
    await using bench = await openBench();
    const { desk, session, site } = bench;
    const other = await forkedSite();
    const seen = desk.journal.seen.size;
    const claim = {
      checkpoint: await other.log.checkpoint(),
      seen,
      consistency: other.log.proveConsistency(seen).map(encodeBase64url),
    };
    const honest = desk.journal.checkpoint?.note;
    const alarm = await takeCheckpoint(claim, desk);
    assert.is(alarm?.code, 'fork');
    assert.is(alarm?.seen, honest);
    assert.is(alarm?.offered, claim.checkpoint);
    const again = await bench.restart();
    assert.is(again.journal.fork?.offered, claim.checkpoint);
    const started = await start(session);
    const order = await workOrderOf({ session }, started, { seen });
    assert.is(codeOf(await takeOrder({ run: started.name, order }, again)), 'fork');
    assert.is(again.journal.seen.size, seen, 'and nothing is learnt any more');
    assert.ok(site.log.size > seen);
  },
);

witness('takeCheckpoint() knows two roots of one size as a fork', async () => {
  await using bench = await openBench();
  const { desk } = bench;
  const { origin, signer } = bench.site.log;
  const { size } = desk.journal.seen;
  const checkpoint = await signCheckpoint({ origin, size, root: seedOf('another root') }, signer);
  const alarm = await takeCheckpoint({ checkpoint, seen: size, consistency: [] }, desk);
  assert.is(alarm?.code, 'fork');
});

witness('takeCheckpoint() raises the alarm over a step back, and goes on', async () => {
  await using bench = await openBench();
  const { desk, session, site } = bench;
  const started = await start(session);
  const order = await orderFor(bench, started);
  assert.is(codeOf(await takeOrder({ run: started.name, order }, desk)), 'accepted');
  const { size } = desk.journal.seen;
  const old = { checkpoint: await site.log.checkpoint(size - 1), seen: size, consistency: [] };
  const alarm = await takeCheckpoint(old, desk);
  assert.is(alarm?.code, 'rolled-back');
  assert.is(desk.journal.seen.size, size);
  const next = await start(session, 'ls -l');
  const honest = await orderFor(bench, next);
  assert.is(codeOf(await takeOrder({ run: next.name, order: honest }, desk)), 'accepted');
});

witness('takeCheckpoint() takes no stranger’s word for a fork', async () => {
  await using bench = await openBench();
  const { desk } = bench;
  const { origin } = bench.site.log;
  const { size } = desk.journal.seen;
  const { mallory } = bench.site.people;
  const checkpoint = await signCheckpoint(
    { origin, size, root: seedOf('another root') },
    mallory.signer,
  );
  const error: unknown = await takeCheckpoint(
    { checkpoint, seen: size, consistency: [] },
    desk,
  ).catch((cause: unknown) => cause);
  assert.ok(error instanceof Error);
  assert.is(desk.journal.fork, null);
});

witness.run();
