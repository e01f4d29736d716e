import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { brokenBy, brokenIn, changed } from '#scripts/testing/evidence-attack.ts';
import { attest, evidenceOf, evidenceSource, trustOf } from '#scripts/testing/evidence-story.ts';
import { siteStory } from '#scripts/testing/site-story.ts';
import {
  finishCommand,
  readByPolicy,
  signCommand,
  startCommand,
} from '#scripts/testing/story-command.ts';
import {
  closeSession,
  openSession,
  record,
  say,
  type Session,
} from '#scripts/testing/story-session.ts';
import { foundSite } from '#scripts/testing/story-site.ts';

import { encodeUtf8 } from './bytes.ts';
import { buildEvidence } from './evidence-build.ts';

const story = await siteStory();
const trust = trustOf(story.site);
const whole = await evidenceOf(story.session);

const complete = suite('verifyEvidence() on completeness');

complete('verifyEvidence() refuses a range that is not the whole session', async () => {
  const { log: memory } = story.site;
  const source = await evidenceSource(story.session);
  const first = source.range.start;
  const last = first + source.range.leaves.length;
  for (const [start, end] of [
    [first + 1, last],
    [first - 1, last],
    [first, last - 1],
    [first, last + 1],
  ] as const) {
    await attest(story.session); // so that there is an entry after the last
    const sized = await evidenceSource(story.session);
    const leaves = memory.entries.slice(start, end).map(({ leafBytes }) => leafBytes);
    const range = { start, leaves, ...memory.proveRange({ start, end }) };
    const entries = sized.entries.filter(({ index }) => index >= start && index < end);
    const bytes = buildEvidence({ ...sized, range, entries });
    assert.is(await brokenBy(bytes, trust), 'session-complete', `[${start}, ${end})`);
  }
});

complete('verifyEvidence() refuses a session without entries, opening or closing', async () => {
  assert.is(
    await changed(whole, { trust, change: (file) => (file.entries = []) }),
    'session-complete',
  );
  assert.is(
    await changed(whole, { trust, change: (file) => (file.session = 'c2Vzc2lvbi0wMDAwMDAwMg') }),
    'session-complete',
  );
  assert.is(
    await changed(whole, { trust, change: (file) => file.entries.splice(4, 1) }),
    'session-complete',
  );
  const site = await foundSite();
  const session = await openSession(site);
  say(session, 'client', 'still here');
  const open = await evidenceOf(session);
  assert.is(await brokenBy(open, trustOf(site)), 'session-complete');
});

complete('verifyEvidence() refuses what a dishonest log says of its own session', async () => {
  const closeTwice = await brokenIn((session) => closeSession(session));
  assert.is(closeTwice, 'session-complete');
  const elsewhere = await brokenIn((session, site) => {
    say({ ...session, site: { ...site, endpoint: 'ZW5kcG9pbnQtMDAwMDAwMg' } }, 'client', 'x');
  });
  assert.is(elsewhere, 'session-complete');
});

complete('verifyEvidence() refuses commands without an end, and output with a hole', async () => {
  const start = async (session: Session) =>
    startCommand(session, await signCommand(session, { command: 'ls /' }));
  const output = (session: Session, command: string, offset: number): unknown =>
    record(session, 'command.output', {
      fields: { stream: 'stdout', offset, text: { bytes: encodeUtf8('12345') } },
      ref: { command },
    });
  assert.is(await brokenIn((session) => start(session)), 'session-complete');
  const hole = await brokenIn(async (session) => {
    const started = await start(session);
    output(session, started.name, 0);
    output(session, started.name, 6);
    finishCommand(session, started);
  });
  assert.is(hole, 'session-complete');
  const miscounted = await brokenIn(async (session) => {
    const started = await start(session);
    output(session, started.name, 0);
    finishCommand(session, started);
  });
  assert.is(miscounted, 'session-complete');
  const late = await brokenIn(async (session) => {
    const started = await start(session);
    finishCommand(session, started);
    output(session, started.name, 0);
  });
  assert.is(late, 'session-complete');
  const stray = await brokenIn((session) => output(session, session.opened.name, 0));
  assert.is(stray, 'session-complete');
});

complete('verifyEvidence() refuses a state that no command for it captured', async () => {
  const broken = await brokenIn(async (session) => {
    const started = await readByPolicy(session, { command: 'ls /' });
    record(session, 'state.captured', {
      fields: {
        ...{ phase: 'before', exit_code: 0, dropped_bytes: 0 },
        text: { bytes: encodeUtf8('all well') },
      },
      ref: { command: started.name },
    });
  });
  assert.is(broken, 'session-complete');
});

complete('verifyEvidence() refuses a cut state that does not say how much is missing', async () => {
  const cut = (said: number): Promise<string> =>
    brokenIn(async (session) => {
      const signed = await signCommand(session, { command: 'ls /', purpose: 'state-before' });
      const started = startCommand(session, signed);
      finishCommand(session, started, { stdout: 'all well\n' });
      record(session, 'state.captured', {
        fields: {
          ...{ phase: 'before', exit_code: 0, dropped_bytes: said },
          text: { bytes: encodeUtf8('all') },
        },
        ref: { command: started.name },
      });
    });
  assert.is(await cut(6), 'verified');
  assert.is(await cut(0), 'session-complete');
  assert.is(await cut(7), 'session-complete');
});

complete(
  'verifyEvidence() refuses a command that did not start, and ended or printed',
  async () => {
    const none = { exit_code: null, signal: null, stdout_bytes: 0, dropped_bytes: 0 };
    for (const [broken, over] of [
      ['verified', {}],
      ['session-complete', { exit_code: 0 }],
      ['session-complete', { signal: 'SIGKILL' }],
      ['session-complete', { dropped_bytes: 1 }],
      ['session-complete', { stdout_bytes: 6 }],
    ] as const) {
      const answer = await brokenIn(async (session) => {
        const command = await signCommand(session, { command: 'cat /etc/hosts' });
        const ref = { command: startCommand(session, command).name };
        const end = { ...none, ...over };
        if (end.stdout_bytes > 0) {
          const text = { bytes: encodeUtf8('hello\n') };
          record(session, 'command.output', { fields: { stream: 'stdout', offset: 0, text }, ref });
        }
        const rest = {
          outcome: 'not-started',
          duration_ms: 1,
          stderr_bytes: 0,
          problem: null,
        } as const;
        record(session, 'command.exited', { fields: { ...rest, ...end }, ref });
      });
      assert.is(answer, broken, JSON.stringify(over));
    }
  },
);

complete.run();
