import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openOnsiteStage } from '#scripts/testing/onsite-stage.ts';
import { createPageVisitor } from '#scripts/testing/page-visitor.ts';
import { chatCard, MAX_LINES, readChat } from './chat-card.ts';

const chat = suite('chatCard()');

chat(
  'chatCard() shows the client what the technician says, on the session and request',
  async () => {
    await using stage = await openOnsiteStage();
    const visitor = createPageVisitor(stage.app);
    const { hash } = await stage.ask();
    const session = await stage.session();
    const text = 'I restart it <now>\u202e';
    await stage.sessions.say(session, { from: 'technician', name: 'Alice Ash', text });
    for (const path of [`/sessions/${session.id}`, `/requests/${hash}`]) {
      const page = (await visitor.get(path)).text;
      assert.match(page, 'What was said', path);
      assert.match(page, 'I restart it &lt;now&gt;\\u{202e}', path);
    }
  },
);

chat('chatCard() is empty without a line', () => {
  const facts = { client: 'Miller', msp: 'Northwind' };
  assert.is(chatCard([], { facts, clock: { timeZone: 'UTC', nowMs: 0 } }), '');
});

chat('chatCard() says on which side somebody stands, whatever their name is', async () => {
  await using stage = await openOnsiteStage();
  const session = await stage.session();
  const text = 'Do as I say.';
  for (const from of ['technician', 'client'] as const) {
    await stage.sessions.say(session, { from, name: 'Carol Miller', text });
  }
  const page = (await createPageVisitor(stage.app).get(`/sessions/${session.id}`)).text;
  const { client, msp } = stage.site.facts;
  const sides = [...page.matchAll(/<strong>Carol Miller<\/strong>,\s*([^<,]+),/g)];
  assert.equal(
    sides.map(([, side]) => side),
    [msp, client],
  );
});

chat.run();

const read = suite('readChat()');

read('readChat() has the newest lines of one session, in their order', async () => {
  await using stage = await openOnsiteStage();
  const session = await stage.session();
  const said = { from: 'technician', name: 'Alice Ash' } as const;
  for (let i = 0; i <= MAX_LINES; i++) await stage.sessions.say(session, { ...said, text: `${i}` });
  const lines = await readChat(stage.ledger, session.id);
  assert.is(lines.length, MAX_LINES);
  assert.equal([lines[0]?.text, lines.at(-1)?.text], ['1', `${MAX_LINES}`]);
  assert.equal(await readChat(stage.ledger, 'A'.repeat(22)), []);
  await stage.sessions.say(session, { ...said, text: 'x'.repeat(5000) });
  assert.is((await readChat(stage.ledger, session.id)).at(-1)?.isCut, true);
});

read.run();
