// The console's host as the attacker: its database and its answers are changed under honest pages. The browser
// refuses what it has not pinned, the site obeys no roster of another root, and a sign-in signs no statement.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { commonOf } from '#appliance/protocol/session-key.ts';
import { siteFingerprints } from '#crypto/site-fingerprints.ts';
import { parseBase64url } from '#crypto/base64.ts';
import { sha256 } from '#crypto/hash.ts';
import { formatVerifierKey, parseVerifierKey, verifierKey } from '#crypto/key.ts';
import { rootCode } from '#crypto/root-set.ts';
import { signStatement, statementSigner } from '#crypto/statement.ts';
import type { BrowserVisitor } from './browser-visitor.ts';
import { findChromium } from './chromium.ts';
import { type ConsoleStage, openConsoleStage } from './console-stage.ts';
import {
  foundOrganisation,
  invite,
  joinBy,
  type JoinedSite,
  joinSite,
  listKey,
  makeKey,
  PASSWORD,
  setUpOnSite,
  startWork,
  unlock,
} from './console-steps.ts';
import { type StoryKey, storyKey } from './console-story.ts';

const executablePath = findChromium();
const attack = suite('the console against its own people, in Chromium');

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so no page met a lying host');
  attack.skip('the console against its people: no Chromium found', () => assert.unreachable());
} else {
  attack('honest pages refuse what a lying host shows', async () => {
    await using stage = await openConsoleStage({
      executablePath,
      env: () => ({ SIGN_UP: 'open' }),
    });
    await stage.tell(() => lieToThem(stage));
  });
}

attack.run();

async function lieToThem(stage: ConsoleStage): Promise<void> {
  const { owner, site, endpointPage, session } = await startWork(stage, {
    // the host is restarted under the page, and lets no page listen whose person was signed out on another
    expected: /ERR_|WebSocket|401 \(Unauthorized\) \(\S*\/api\/events\)/,
  });
  const sitePage = `/sites/${site.id}`;
  await strangerSeesNothing(stage, [sitePage, endpointPage, `${sitePage}/sessions/${session}`]);
  const mallory = await storyKey();
  await swappedApplianceIsRefused(stage, { owner, sitePage, mallory });
  await forgedRosterIsRefused(stage, { owner, sitePage, mallory });
  await foreignRootClaimsNothing(stage, { owner, mallory });
  await signInSignsNothing(owner, `${stage.origin}${sitePage}`);
  assert.equal(owner.complaints, []);
}

/** A member of another organisation, signed in, on the addresses of this one. */
async function strangerSeesNothing(stage: ConsoleStage, paths: readonly string[]): Promise<void> {
  await using stranger = await stage.visitor({ expected: /404/ });
  const { page } = stranger;
  const other = { organisation: 'Evil IT', name: 'Mallory', email: 'mallory@evil.example' };
  await foundOrganisation(stranger, other);
  for (const path of paths) {
    await stranger.go(path);
    await page.getByRole('heading', { name: 'That did not work' }).waitFor();
    assert.not.match(await page.content(), /head-office|till-1|Trial client/);
  }
  await stranger.go('/');
  await page.getByRole('heading', { name: 'No site yet' }).waitFor();
  assert.equal(stranger.complaints, []);
}

interface Lie {
  readonly owner: BrowserVisitor;
  readonly sitePage: string;
  readonly mallory: StoryKey;
}

/** The host puts another appliance, or another log, in the place of those that the owner's browser knows. */
async function swappedApplianceIsRefused(
  stage: ConsoleStage,
  { owner, sitePage, mallory }: Lie,
): Promise<void> {
  using database = openDatabase(stage);
  const before = database
    .prepare('select peer_key, log_key from site where peer_key is not null')
    .get();
  const log = String(before?.['log_key']);
  const otherLog = formatVerifierKey(
    verifierKey(parseVerifierKey(log).name, 0x01, mallory.signer.publicKey),
  );
  const put = (peerKey: string, logKey: string): void => {
    database.prepare('update site set peer_key = ?, log_key = ?').run(peerKey, logKey);
  };
  const real = String(before?.['peer_key']);
  for (const [peerKey, logKey] of [
    [mallory.key, log],
    [real, otherLog],
  ] as const) {
    put(peerKey, logKey);
    await owner.go('/settings/sites');
    await owner.page.getByText('The console names other keys than this browser knows').waitFor();
    await owner.go(sitePage);
    await owner.page.getByText('the console names other keys for it').waitFor();
    await owner.page.getByText('The console names other keys than this browser knows').waitFor();
    const now = siteFingerprints({ appliance: peerKey, log: logKey });
    const known = siteFingerprints({ appliance: real, log });
    for (const shown of [now.appliance, now.log, known.appliance, known.log]) {
      await owner.page.getByText(shown).first().waitFor();
    }
  }
  put(real, log);
  await owner.go(sitePage);
  await owner.page.getByText('Linked to the site, end to end').waitFor();
}

/** The host shows a roster of its own making, and sends it to the site. */
async function forgedRosterIsRefused(
  stage: ConsoleStage,
  { owner, sitePage, mallory }: Lie,
): Promise<void> {
  using database = openDatabase(stage);
  const { page } = owner;
  const { forged, real, put } = await forge(database, mallory);
  put(real['root_keys'], JSON.stringify(forged), 2);
  await owner.go('/settings/people');
  await page.getByText('The roster that the console shows does not hold').waitFor();
  assert.is(await page.getByRole('button', { name: 'Renew for a year' }).count(), 0);

  put(mallory.key, JSON.stringify(forged), 2);
  await owner.go('/settings/people');
  await page.getByText('The console shows another root than this browser trusts').waitFor();
  const from = stage.spoken.all.length;
  await stage.killConsole();
  await stage.startConsole(); // it sends the newest roster to every site that says hello
  await stage.spoken.when(/head-office: .*the console is reached/, { from });
  await owner.go(sitePage);
  await page.getByText('Linked to the site, end to end').waitFor();
  await page.getByRole('definition').filter({ hasText: 'version 1' }).first().waitFor();
  put(real['root_keys'], real['roster'], 1);
}

/** The host shows another root to an owner whose browser knows none yet: it is claimed for nobody without a person's word. */
async function foreignRootClaimsNothing(
  stage: ConsoleStage,
  { owner, mallory }: Omit<Lie, 'sitePage'>,
): Promise<void> {
  const deputy = await stage.visitor();
  const { page } = deputy;
  const link = await invite(owner, { email: 'dora@acme.example', role: 'owner' });
  await joinBy(link, { visitor: deputy, name: 'Dora Deputy' });
  const fingerprint = await makeKey(deputy);
  const site = await joinSite(stage, deputy, { client: 'Second client', name: 'warehouse' });
  const sitePage = `/sites/${site.id}`;

  using database = openDatabase(stage);
  const { forged, real, put } = await forge(database, mallory);
  put(mallory.key, JSON.stringify(forged), 2);
  await deputy.go(sitePage);
  await unlock(page);
  const trust = page.getByRole('button', { name: 'The codes are the same' });
  const form = page.getByLabel('Claim code');
  await trust.or(form).waitFor();
  assert.is(await form.count(), 0, 'nothing is claimed for a root that nobody compared');
  await page.getByText(rootCode(mallory.key)).waitFor();

  put(real['root_keys'], real['roster'], 1);
  await deputy.go(sitePage);
  await page.getByText(rootCode(String(real['root_keys']))).waitFor();
  await trust.click();
  await form.waitFor();

  put(mallory.key, JSON.stringify(forged), 2);
  await deputy.go(sitePage);
  await page.getByText('The console shows another root than this browser trusts').waitFor();
  assert.is(await form.count(), 0);
  put(real['root_keys'], real['roster'], 1);
  await boxIsKnownBeforeItIsSetUp(stage, { deputy, site, mallory });
  await listedWhileTheyLook({ owner, deputy, fingerprint, sitePage });
  assert.equal(deputy.complaints, []);
  await wordRunsOut(deputy, sitePage);
}

/** A claim goes on without the page it was made on; the host names another box as soon as that is set up. */
async function boxIsKnownBeforeItIsSetUp(
  stage: ConsoleStage,
  { deputy, site, mallory }: { deputy: BrowserVisitor; site: JoinedSite; mallory: StoryKey },
): Promise<void> {
  const { page } = deputy;
  const sitePage = `/sites/${site.id}`;
  await deputy.go(sitePage);
  await page.getByLabel('Claim code').fill(site.code);
  await page.getByRole('button', { name: 'Claim it' }).click();
  const waiting = page.getByText("Now the client's contact decides");
  await waiting.waitFor();
  const code = await page.locator('p.select-all').innerText();
  await deputy.go(sitePage);
  await waiting.waitFor();
  assert.is(await page.locator('p.select-all').innerText(), code);
  assert.is(await page.getByLabel('Claim code').isVisible(), false);

  await deputy.go('/settings/sites');
  await setUpOnSite(stage, site.appliance, { code });
  await page.getByText('in service').nth(1).waitFor();
  using database = openDatabase(stage);
  const real = database.prepare('select peer_key from site where id = ?').get(site.id);
  const put = (peerKey: string): void => {
    database.prepare('update site set peer_key = ? where id = ?').run(peerKey, site.id);
  };
  put(mallory.key);
  await deputy.go(sitePage);
  await page.getByText('The console names other keys than this browser knows').waitFor();
  put(String(real?.['peer_key']));
}

/** Who is not in the roster yet is told so, and let in as soon as an owner has signed. */
async function listedWhileTheyLook({
  owner,
  deputy,
  fingerprint,
  sitePage,
}: Pick<Lie, 'owner' | 'sitePage'> & {
  deputy: BrowserVisitor;
  fingerprint: string;
}): Promise<void> {
  await deputy.go(sitePage);
  await deputy.page.getByText('your signing key is not in its roster').waitFor();
  assert.is(await deputy.page.getByText('Cannot accept').count(), 0);
  await listKey(owner, { name: 'Dora Deputy', fingerprint });
  await deputy.page.getByText('Linked to the site, end to end').waitFor();
}

/** Twelve hours on, the page asks for the next signature. */
async function wordRunsOut(deputy: BrowserVisitor, sitePage: string): Promise<void> {
  await deputy.page.clock.install();
  await deputy.go(sitePage);
  await deputy.page.getByText('Linked to the site, end to end').waitFor();
  await deputy.page.clock.fastForward('12:00:00');
  await deputy.page.getByText('The twelve hours of the last signature are over').waitFor();
  await deputy.page.getByRole('button', { name: 'Unlock with your signing key' }).waitFor();
}

/** A roster of the host's own making, the one that is real, and the way to show either. */
async function forge(database: DatabaseSync, mallory: StoryKey) {
  const { key } = mallory;
  const member = { id: 'mallory', name: 'Mallory', role: 'owner', key } as const;
  const signer = statementSigner(mallory.signer);
  const common = commonOf(signer, { nowMs: Date.now(), lifeMs: 86_400_000 });
  const forged = await signStatement(
    { ...common, type: 'roster', msp: 'Acme IT', version: 2, members: [member] },
    signer,
  );
  const real = database
    .prepare("select root_keys, roster from organisation where name = 'Acme IT'")
    .get();
  assert.ok(real);
  const put = (rootKeys: unknown, roster: unknown, version: number): void => {
    const set =
      'update organisation set root_keys = ?, roster = ?, roster_version = ? where name = ?';
    database.prepare(set).run(String(rootKeys), String(roster), version, 'Acme IT');
  };
  return { forged, real: real ?? {}, put };
}

/** The sign-in page is asked to sign a statement by the signing key: the host names key and challenge. */
async function signInSignsNothing(owner: BrowserVisitor, siteUrl: string): Promise<void> {
  const { page, cdp, authenticatorId } = owner;
  const counts = async (): Promise<readonly number[]> => {
    const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
    assert.is(credentials.length, 1, 'the signing key');
    return credentials.map(({ signCount }) => signCount);
  };
  const before = await counts();
  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
  const other = await owner.context.newPage();
  await other.goto(siteUrl);
  await other.getByText('Linked to the site, end to end').waitFor();
  await owner.go('/settings/account');
  await page.getByRole('button', { name: 'Sign out' }).click();
  // no page goes on with a key that is nobody's: it is locked, and leaves when it hears that nobody is signed in
  await other
    .getByText('Unlock this browser for today')
    .or(other.getByRole('heading', { name: 'Sign in' }))
    .first()
    .waitFor();
  await other.close();
  await page.getByRole('button', { name: 'Sign out' }).waitFor({ state: 'hidden' });
  await owner.go('/sign-in');
  const statement = Buffer.from(sha256(parseBase64url('AAAA'))).toString('base64url');
  const id = Buffer.from(credentials[0]?.credentialId ?? '', 'base64').toString('base64url');
  await page.route('**/api/sign-in/challenge', (route) =>
    route.fulfill({
      json: {
        ...{ challenge: statement, rpId: 'localhost', timeout: 2000 },
        allowCredentials: [{ type: 'public-key', id }],
      },
    }),
  );
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByText('No sign-in passkey was used').waitFor();
  assert.equal(await counts(), before);
  await page.unroute('**/api/sign-in/challenge');
  await page.getByLabel('Mail address').fill('sarah@acme.example');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Fleet' }).waitFor();
}

function openDatabase({ data }: ConsoleStage): DatabaseSync {
  const database = new DatabaseSync(join(data, 'console.sqlite'));
  database.exec('pragma busy_timeout = 5000');
  return database;
}
