// A second person in the console: invited, with a key of their own that the owner signs in; they watch, work, and are
// put out. The console's host cannot name them another appliance than the owner signed. Two browsers, each with an
// authenticator of its own.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatVerifierKey, parseVerifierKey, verifierKey } from '#crypto/key.ts';

import type { BrowserVisitor } from './browser-visitor.ts';
import { findChromium } from './chromium.ts';
import { type ConsoleStage, openConsoleStage } from './console-stage.ts';
import {
  invite,
  joinBy,
  listKey,
  makeKey,
  openSession,
  runCommand,
  signKeys,
  type StageSite,
  startWork,
  unlock,
} from './console-steps.ts';
import { storyKey } from './console-story.ts';

const executablePath = findChromium();
const people = suite('people of the console in Chromium');

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so no second person came to the console');
  people.skip('people of the console in Chromium: no Chromium found', () => assert.unreachable());
} else {
  people('a second person watches without a hand in it, and works until revoked', async () => {
    await using stage = await openConsoleStage({ executablePath });
    await stage.tell(() => secondPerson(stage));
  });
}

people.run();

async function secondPerson(stage: ConsoleStage): Promise<void> {
  const { owner, site, endpointPage, session } = await startWork(stage);
  const sessionPage = `/sites/${site.id}/sessions/${session}`;
  const tom = await stage.visitor();
  const link = await invite(owner, { email: 'tom@acme.example' });
  await joinBy(link, { visitor: tom, name: 'Tom Tanner' });
  const fingerprint = await makeKey(tom);
  await trustRoot(tom);
  await listKey(owner, { name: 'Tom Tanner', fingerprint });

  await signKeys(owner, site);
  await firstVisitIsNoTrust(stage, { tom, site });

  await owner.go(sessionPage);
  await tom.go(sessionPage);
  await tom.page.getByText('You are watching').waitFor();
  const command = 'uname -s';
  await runCommand(owner.page, command);
  await tom.page.getByText('Linux', { exact: true }).waitFor();
  assert.is(await tom.page.getByRole('textbox', { name: 'Command' }).count(), 0);

  await owner.page.getByRole('button', { name: 'Close session' }).click();
  const dialog = owner.page.getByRole('dialog');
  await dialog.getByLabel('Note').fill('the printer prints');
  await dialog.getByRole('button', { name: 'Close session' }).click();
  await tom.page.getByText('The session has ended').waitFor();
  await tom.page.getByText('the printer prints').waitFor();

  await tom.go(endpointPage);
  const own = await openSession(tom, { reason: 'a second look' });
  const waits = await runCommand(tom.page, `touch ${stage.folder}/changed`);
  await waits.getByText('Waits for approval').waitFor();
  await owner.go('/settings/people');
  await owner.page.getByRole('button', { name: 'Revoke key of Tom Tanner' }).click();
  await owner.page.getByRole('button', { name: 'Revoke the key' }).click();
  await owner.page.getByText('in force', { exact: true }).waitFor();
  await tom.page.getByText('your signing key is not in its roster').waitFor();
  await tom.page.getByText('An owner took your key out of the roster').waitFor();
  await waits.getByText('Waited for approval').waitFor();
  assert.is(await waits.getByText(/ left$/).count(), 0, 'nothing is counted down any more');
  await owner.go(`/sites/${site.id}/sessions/${own}`);
  await owner.page.getByText('The session has ended').waitFor();
  assert.equal(owner.complaints, []);
  assert.equal(tom.complaints, []);
}

/** The host names an appliance of its own, and then a log, to a browser that was never at the site. */
async function firstVisitIsNoTrust(
  stage: ConsoleStage,
  { tom, site: { id } }: { tom: BrowserVisitor; site: StageSite },
): Promise<void> {
  const { page } = tom;
  using database = new DatabaseSync(join(stage.data, 'console.sqlite'));
  database.exec('pragma busy_timeout = 5000');
  const real = database.prepare('select peer_key, log_key from site').get();
  const put = (peerKey: unknown, logKey: unknown): void => {
    const set = 'update site set peer_key = ?, log_key = ?';
    database.prepare(set).run(String(peerKey), String(logKey));
  };
  const mallory = await storyKey();
  const { name } = parseVerifierKey(String(real?.['log_key']));
  const otherLog = formatVerifierKey(verifierKey(name, 0x01, mallory.signer.publicKey));
  put(mallory.key, real?.['log_key']);
  await tom.go(`/sites/${id}`);
  await unlock(page);
  const refusesIt = async (): Promise<void> => {
    await page.getByText('the console names other keys for it than this browser knows').waitFor();
    await page.getByText('The console names other keys than this browser knows').waitFor();
    await page.getByText('Signed by an owner').waitFor();
  };
  await refusesIt();
  put(real?.['peer_key'], otherLog);
  await tom.go(`/sites/${id}`);
  await refusesIt();
  put(real?.['peer_key'], real?.['log_key']);
  await tom.go(`/sites/${id}`);
  await page.getByText('Linked to the site, end to end').waitFor();
  await page.getByText('Checked in this browser').waitFor();
  assert.is(await page.getByRole('button', { name: 'Sign these keys' }).count(), 0, 'no owner');
}

/** Somebody compares the organisation's root, and trusts it. */
async function trustRoot(visitor: BrowserVisitor): Promise<void> {
  const { page } = visitor;
  await visitor.go('/settings/people');
  await page.getByRole('button', { name: 'The codes are the same' }).click();
  await page.getByText('Signature checked in this browser').waitFor();
}
