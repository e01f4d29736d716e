import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { fieldsOf, openOnsiteStage, PINS } from '#scripts/testing/onsite-stage.ts';
import { createPageVisitor } from '#scripts/testing/page-visitor.ts';
import { presetPolicy } from '#crypto/policy.ts';
import { LEVEL_WORDS } from '../protocol/digest-words.ts';

const FORM = { approver: 'carol', pin: PINS.carol, level: 'sealed' };

const settings = suite('settingsRoutes()');

settings('lets an approver choose by PIN what leaves the site, at once and on record', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const before = await visitor.get('/settings');
  assert.match(before.text, `<strong>${LEVEL_WORDS.standard.name}</strong>`);
  assert.match(before.text, 'nobody at this site has chosen yet');
  const token = await visitor.tokenOf('/settings');
  const answer = await visitor.send('/settings', { ...FORM, token });
  const [entry] = await stage.entries('digest.changed');
  assert.equal(
    [answer.status, answer.headers.get('Location')],
    [303, `/settings?changed=${entry?.index ?? -1}`],
  );
  const { statement: _, ...said } = fieldsOf(entry);
  assert.equal(said, {
    ...{ level: 'sealed', approver: 'Carol Miller', approver_id: 'carol', method: 'pin' },
  });
  assert.is(stage.site.digest?.signed.statement.level, 'sealed');
  const after = await visitor.get(`/settings?changed=${entry?.index ?? -1}`);
  assert.match(after.text, `Changed: ${LEVEL_WORDS.sealed.name}`);
  assert.match(after.text, `Entry ${entry?.index ?? -1} of the record`);
  assert.not.match((await visitor.get('/settings?changed=1')).text, 'Changed:');
  const back = { ...FORM, token, level: 'open', approver: 'dave', pin: PINS.dave };
  assert.is((await visitor.send('/settings', back)).status, 303);
  assert.is(stage.site.digest?.signed.statement.version, 2);
});

settings('changes it once, however often the form is sent', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const form = { ...FORM, token: await visitor.tokenOf('/settings') };
  const sent = [visitor.send('/settings', form), visitor.send('/settings', form)];
  const answers = [...(await Promise.all(sent)), await visitor.send('/settings', form)];
  const changed = await stage.entries('digest.changed');
  assert.is(changed.length, 1);
  for (const { status, headers } of answers) {
    const path = `/settings?changed=${changed[0]?.index ?? -1}`;
    assert.equal([status, headers.get('Location')], [303, path]);
  }
});

settings('changes nothing for a wrong PIN, and says so', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const token = await visitor.tokenOf('/settings');
  const answer = await visitor.send('/settings', { ...FORM, token, pin: '739151' });
  assert.is(answer.status, 403);
  assert.match(answer.text, 'Nothing was changed. 2 tries are left');
  assert.match(answer.text, /value="sealed"[^>]*checked/);
  assert.not.match(answer.text, '739151');
  assert.is(stage.site.digest, null);
  assert.is((await stage.entries('alert.raised')).length, 1);
});

settings('changes nothing for a form that is forged, stale, incomplete or by nobody', async () => {
  await using stage = await openOnsiteStage({ holders: ['carol'] });
  const visitor = createPageVisitor(stage.app);
  const token = await visitor.tokenOf('/settings');
  const { hash } = await stage.ask();
  const other = await visitor.tokenOf(`/requests/${hash}`);
  const send = async (over: Record<string, string>, init?: RequestInit): Promise<number> =>
    (await visitor.send('/settings', { ...FORM, token, ...over }, init)).status;
  assert.is(await send({ token: other }), 403, 'the token is for a decision');
  assert.is(await send({ token: 'x' }), 403);
  assert.is(await send({ level: 'everything' }), 400);
  assert.is(await send({ more: '1' }), 400);
  assert.is(await send({ approver: 'dave', pin: PINS.dave }), 403);
  assert.is(await send({}, { headers: { Origin: 'http://evil.example' } }), 403);
  const query = new URLSearchParams({ ...FORM, token });
  assert.is((await visitor.get(`/settings?${query}`)).status, 200);
  assert.is(stage.site.digest, null);
});

settings('names the cookie to a browser that keeps none', async () => {
  await using stage = await openOnsiteStage();
  const token = await createPageVisitor(stage.app).tokenOf('/settings');
  const form = { ...FORM, token };
  const { status, text } = await createPageVisitor(stage.app).send('/settings', form);
  assert.is(status, 403);
  assert.match(text, 'Your browser sent no cookie');
  assert.match(text, 'caisey-visitor');
  assert.not.match(text, 'open for too long');
  assert.is(stage.site.digest, null);
});

settings(
  'says that nothing leaves a site without a console, or that nobody can change',
  async () => {
    await using alone = await openOnsiteStage({ joinedLevel: null });
    const { text } = await createPageVisitor(alone.app).get('/settings');
    assert.match(text, 'joined to no console');
    assert.not.match(text, '<form');
    await using pinless = await openOnsiteStage({ holders: [] });
    const page = await createPageVisitor(pinless.app).get('/settings');
    assert.match(page.text, 'Nobody can change it on this page');
  },
);

settings('says the rules in force in words, their version, and who signed', async () => {
  await using stage = await openOnsiteStage({
    rules: presetPolicy('after-hours', 'Europe/Berlin'),
  });
  const { text } = await createPageVisitor(stage.app).get('/rules');
  for (const part of [
    'Reading runs at once',
    'commands that only read, and nothing that may be secret',
    'systemctl with exactly “restart *.service”',
    'One approver must approve within 30 minutes.',
    'mkfs, mkfs.*',
    `entry ${stage.site.policy.index} of the record`,
    'Carol Miller, Dave Miller',
    'Hours are those of Europe/Berlin.',
  ]) {
    assert.ok(text.includes(part), part);
  }
});

settings.run();
