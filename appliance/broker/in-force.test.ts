// What the log says of statements that were brought and are forged.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Envelope } from '#crypto/statement.ts';
import { collect } from '#scripts/testing/ledger-place.ts';
import { refusalOf } from '#scripts/testing/live-session.ts';
import { createKeyed, type LiveSite, openLiveSite } from '#scripts/testing/live-site.ts';
import { change, signRoster } from '#scripts/testing/live-work.ts';
import { ManualClock } from '#scripts/testing/manual-clock.ts';
import { openStored } from '../work/record.ts';
import { ALARM_MS } from './alarms.ts';
import { putInForce } from './in-force.ts';

const test = suite('putInForce()');

/** Rosters of version 2 that the site's root never signed. */
async function forgedRosters(site: LiveSite): Promise<Readonly<Record<string, Envelope>>> {
  const real = await signRoster(site, { version: 2 });
  const other = await signRoster({ ...site, root: await createKeyed() }, { version: 2 });
  return {
    'of another root': other,
    'with another signature': { ...real, signature: other.signature },
  };
}

async function alarms(site: LiveSite) {
  await site.appliance.desk.alarms.settled();
  const entries = await collect(site.appliance.desk.site.ledger.entriesOfKind('alert.raised'));
  return entries.map((entry) => openStored('alert.raised', entry));
}

test('raises an alarm of the site for a forged roster, saying who brought it', async () => {
  for (const what of ['of another root', 'with another signature']) {
    await using site = await openLiveSite();
    const envelope = (await forgedRosters(site))[what];
    if (envelope === undefined) throw new Error('unreachable: forged above');
    const { desk } = site.appliance;
    assert.match(
      await refusalOf(putInForce(desk, envelope, { by: 'the console' })),
      /^(not-authorised|signature)$/,
      what,
    );
    const [raised, ...others] = await alarms(site);
    assert.is(others.length, 0);
    assert.is(raised?.code, 'statement-forged');
    assert.is(raised?.severity, 'critical');
    assert.is(raised?.subject, 'the console');
    assert.match(raised?.detail ?? '', /roster|signature/);
    assert.is(desk.site.roster.signed.statement.version, 1);
  }
});

test('raises none for what an honest console may bring: an older roster, or the same', async () => {
  await using site = await openLiveSite();
  const { desk } = site.appliance;
  const old = desk.site.roster.envelope;
  const next = await signRoster(site, { version: 2 });
  await change(site, next);
  await putInForce(desk, next, { by: 'the console' });
  const refusal = await refusalOf(putInForce(desk, old, { by: 'the console' }));
  assert.is(refusal, 'rolled-back');
  assert.equal(await alarms(site), []);
});

test('lets nobody fill the log with forgeries', async () => {
  const clock = new ManualClock();
  await using site = await openLiveSite({ clock });
  const { desk } = site.appliance;
  const root = await createKeyed();
  for (let version = 2; version < 32; version++) {
    const forged = await signRoster({ ...site, root }, { version, nowMs: clock.now() });
    const refusal = await refusalOf(putInForce(desk, forged, { by: 'Terry Technician' }));
    assert.is(refusal, 'not-authorised');
  }
  assert.is((await alarms(site)).length, 1);
  clock.advance(ALARM_MS);
  const [, second, ...more] = await alarms(site);
  assert.match(second?.detail ?? '', /alarms before, not recorded by themselves: 28/);
  assert.equal(more, []);
});

test.run();
