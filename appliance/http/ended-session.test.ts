import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openOnsiteStage } from '#scripts/testing/onsite-stage.ts';
import { createPageVisitor } from '#scripts/testing/page-visitor.ts';
import { createId } from '#crypto/id.ts';
import { recoverSessions } from '../work/recovery.ts';
import { readEndedSession } from './ended-session.ts';

const ended = suite('readEndedSession()');

ended('finds the last entry of sessions of every length', async () => {
  await using stage = await openOnsiteStage();
  for (let lines = 0; lines < 20; lines++) {
    const session = await stage.session();
    const line = { from: 'technician', name: 'Alice Ash', text: 'Still at it.' } as const;
    for (let i = 0; i < lines; i++) await stage.sessions.say(session, line);
    assert.is(await readEndedSession(stage.ledger, session.id), null, 'it is open');
    const closing = { by: 'Alice Ash', reason: 'technician', note: 'Done.', ticket: null } as const;
    const { index, leaf } = await stage.sessions.closeSession(session, closing);
    assert.equal(await readEndedSession(stage.ledger, session.id), {
      ...{ technician: 'Alice Ash', endpoint: 'frontdesk-1', index },
      openedMs: Date.parse(session.opened.leaf.t),
      endedMs: Date.parse(leaf.t),
      closed: closing,
    });
  }
  assert.is(await readEndedSession(stage.ledger, createId()), null);
});

ended.run();

const page = suite('endedPage()');

page('says by whom, why and when a session ended, and where the record says so', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const table = [
    ['technician', 'Alice Ash closed it.'],
    ['approver', 'Alice Ash stopped it.'],
    ['idle', 'nothing was done in it for a while'],
    ['too-long', 'its time was over'],
    ['revoked', 'Alice Ash may no longer work here'],
    ['endpoint-removed', 'Alice Ash removed the machine'],
    ['client-gone', 'had opened it for one command had gone'],
  ] as const;
  for (const [reason, words] of table) {
    const session = await stage.session();
    const closing = { by: 'Alice Ash', reason, note: null, ticket: null };
    const { index } = await stage.sessions.closeSession(session, closing);
    const { status, text } = await visitor.get(`/sessions/${session.id}`);
    assert.is(status, 200);
    assert.match(text, words);
    assert.match(text, `Entry ${index}`);
  }
});

page('says that the box was stopped while a session was open', async () => {
  await using stage = await openOnsiteStage();
  const session = await stage.session();
  await recoverSessions(stage.ledger);
  const ended = await readEndedSession(stage.ledger, session.id);
  assert.is(ended?.closed, null);
  session.isClosing = true; // so that the stage leaves it alone
});

page.run();
