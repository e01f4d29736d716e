// What people do in the console and on the page on site, step by step, by what stands on the screen: labels, buttons
// and headings. A step ends when the screen says that it is done.

import type { Locator, Page } from 'playwright-core';

import { caiseyOk, startCaisey } from '../caisey-process.ts';
import type { BrowserVisitor, VisitorOptions } from './browser-visitor.ts';
import { type ConsoleStage, STAGE_TIMEOUT_MS, type StageAppliance } from './console-stage.ts';

/** The client's contact on site. */
export const CONTACT = { name: 'Carla Client', pin: '735194' } as const;
export const PASSWORD = 'correct horse battery';

/** A site at work, as the console knows it. */
export interface StageSite {
  readonly id: string;
  readonly appliance: StageAppliance;
}

/** A site whose appliance waits to be claimed. */
export interface JoinedSite extends StageSite {
  /** The claim code that it shows. */
  readonly code: string;
}

/** Somebody founds the organisation: account, signing key, recovery key, first roster. Ends on the sites' page. */
export async function foundOrganisation(
  owner: BrowserVisitor,
  { organisation, name, email }: { organisation: string; name: string; email: string },
): Promise<void> {
  const { page } = owner;
  await owner.go('/found');
  await page.getByLabel('Organisation').fill(organisation);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Mail address').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Go on: make your signing key' }).click();
  await page.waitForURL('**/welcome');
  await foundRoot(owner);
}

/** From the page of welcome: signing key, recovery key, first roster. Ends on the sites' page. */
export async function foundRoot({ page }: BrowserVisitor): Promise<void> {
  await page.getByRole('button', { name: 'Make the signing key' }).click();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the recovery key' }).click();
  await (await saved).path();
  await page.getByRole('button', { name: 'Sign with your signing key' }).click();
  await page.waitForURL('**/settings/sites');
  await page.getByRole('heading', { name: 'Add a site' }).waitFor();
}

/** The owner adds a site, an appliance joins, the owner claims it, the contact sets it up on site. */
export async function installSite(
  stage: ConsoleStage,
  owner: BrowserVisitor,
  { name }: { name: string },
): Promise<StageSite> {
  const { page } = owner;
  const { code, ...site } = await joinSite(stage, owner, { client: 'Trial client', name });
  await unlock(page);
  await page.getByLabel('Claim code').fill(code);
  await page.getByRole('button', { name: 'Claim it' }).click();
  await page.getByText("Now the client's contact decides").waitFor();
  const shown = await page.locator('p.select-all').innerText();
  await setUpOnSite(stage, site.appliance, { code: shown });
  await page.getByRole('heading', { name: 'Machines' }).waitFor();
  return site;
}

/** The owner adds a site of a new client, and an appliance joins. Ends on the site's page. */
export async function joinSite(
  stage: ConsoleStage,
  owner: BrowserVisitor,
  { client, name }: { client: string; name: string },
): Promise<JoinedSite> {
  const { page } = owner;
  await owner.go('/settings/sites');
  const heading = page.getByRole('heading', { name: 'Add a site' });
  const adding = page.locator('section').filter({ has: heading });
  await adding.getByLabel('Name of the client').fill(client);
  await adding.getByLabel('Name of the site').fill(name);
  await adding.getByRole('button', { name: 'Add site' }).click();
  const command = await shownText(page, 'caisey appliance join');
  const appliance = await stage.join(name, command.split(' ').at(-1) ?? '');
  const [, code = ''] = await stage.spoken.when(
    new RegExp(`^${name}: +Claim code +([0-9A-Z]{4}(?:-[0-9A-Z]{4}){4})`),
  );
  await page.waitForURL('**/sites/*');
  await owner.settle();
  return { id: new URL(page.url()).pathname.split('/')[2] ?? '', appliance, code };
}

/** The contact compares the code, and sets name, PIN and policy: without scripts, as the page on site is. */
export async function setUpOnSite(
  stage: ConsoleStage,
  { page: url }: StageAppliance,
  { code }: { code: string },
): Promise<void> {
  await using contact = await stage.visitor({ javaScriptEnabled: false });
  const { page } = contact;
  await page.goto(url);
  await page.getByText(code).waitFor();
  await page.getByLabel('Your name').fill(CONTACT.name);
  await page.getByLabel('A PIN of your own').fill(CONTACT.pin);
  await page.getByLabel('The same PIN once more').fill(CONTACT.pin);
  await page.getByRole('button', { name: 'Set up this site' }).click();
  const done = page.getByRole('heading', { name: 'This site is set up' });
  await done.or(page.getByRole('heading', { name: 'Nothing is waiting for you' })).waitFor(); // it goes on by itself
}

/** The owner signs the keys of a site that this browser has from the claim code. Ends on the site's page. */
export async function signKeys(owner: BrowserVisitor, { id }: StageSite): Promise<void> {
  const { page } = owner;
  await owner.go(`/sites/${id}`);
  const keys = page.getByRole('region', { name: 'Keys to compare' });
  await keys.getByText('Nobody has signed these keys').waitFor();
  await keys.getByRole('button', { name: 'Sign these keys' }).click();
  await keys.getByText('Checked in this browser').waitFor();
}

/** The owner invites somebody. Answers the link's path. */
export async function invite(
  owner: BrowserVisitor,
  { email, role = 'technician' }: { email: string; role?: 'owner' | 'technician' | 'read-only' },
): Promise<string> {
  const { page } = owner;
  await owner.go('/settings/people');
  await page.getByLabel('Mail address').fill(email);
  await page.getByLabel('Role', { exact: true }).selectOption(role);
  await page.getByRole('button', { name: 'Make the link' }).click();
  return new URL(await shownText(page, '/invitation/')).pathname;
}

/** Somebody makes an account by an invitation's link. */
export async function joinBy(
  link: string,
  { visitor, name }: { visitor: BrowserVisitor; name: string },
): Promise<void> {
  const { page } = visitor;
  await visitor.go(link);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Accept and sign in' }).click();
  await page.getByRole('link', { name }).waitFor();
}

/** Makes a signing key. Answers its fingerprint. */
export async function makeKey(visitor: BrowserVisitor): Promise<string> {
  const { page } = visitor;
  await visitor.go('/settings/account');
  await page.getByRole('button', { name: 'Make my signing key' }).click();
  return page.locator('code.text-xl').innerText();
}

/** The owner compares somebody's fingerprint, and signs the key into the roster. */
export async function listKey(
  owner: BrowserVisitor,
  { name, fingerprint }: { name: string; fingerprint: string },
): Promise<void> {
  const { page } = owner;
  await owner.go('/settings/people');
  await page.getByRole('button', { name: `Add key to the roster of ${name}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(fingerprint).waitFor();
  await dialog.getByLabel('I have compared this fingerprint').check();
  await dialog.getByRole('button', { name: 'Sign the roster' }).click();
  await dialog.getByText('in force', { exact: true }).first().waitFor();
}

/** Presses the button that unlocks this browser, when the page asks for it. */
export async function unlock(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Unlock with your signing key' }).click();
  await page
    .getByRole('button', { name: 'Unlock with your signing key' })
    .waitFor({ state: 'hidden' });
}

/**
 * From a site's page: makes a token, starts an agent with it, and verifies the machine by its fingerprint. Ends on
 * the machine's page.
 */
export async function addMachine(
  stage: ConsoleStage,
  owner: BrowserVisitor,
  { name }: { name: string },
): Promise<void> {
  const { page } = owner;
  await page.getByRole('button', { name: 'Add a machine' }).click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('button', { name: 'Make the command' }).click();
  const command = await shownText(page, 'caisey agent enrol');
  const token = /'([^']+)'/.exec(command)?.[1] ?? '';
  const home = `${stage.folder}/${name}`;
  await caiseyOk(['agent', 'enrol', '--token-file', '-'], { home, input: token });
  stage.keep(startCaisey(['agent', 'run'], { home, onLine: stage.spoken.of(name) }));
  await page.getByText(`${name} is here`).waitFor();
  await machineRow(page, name).click();
  const [, fingerprint = ''] = await stage.spoken.when(
    new RegExp(`^${name}: .*key fingerprint ([0-9a-f]{4}(?: [0-9a-f]{4}){3})`),
  );
  const panel = page.getByRole('region', { name: 'Verify this machine' });
  await panel.getByText(fingerprint).waitFor();
  await panel.getByRole('button', { name: 'The two are the same' }).click();
  await panel.waitFor({ state: 'hidden' });
}

/** The link of a machine's card. */
export function machineRow(page: Page, name: string): Locator {
  return page.locator('a[data-row]', { hasText: name });
}

/** From a machine's page: opens a session on it. Answers the session's id. */
export async function openSession(
  { page }: BrowserVisitor,
  { reason }: { reason: string },
): Promise<string> {
  await page.getByRole('button', { name: 'Open a session' }).click();
  await page.getByLabel('Reason').fill(reason);
  await page.getByRole('button', { name: 'Sign and open' }).click();
  await page.waitForURL('**/sessions/*');
  await page.getByRole('textbox', { name: 'Command' }).waitFor();
  return new URL(page.url()).pathname.split('/').at(-1) ?? '';
}

/** Types a command and presses Enter. Answers its card, once the log has it. */
export async function runCommand(page: Page, command: string): Promise<Locator> {
  const box = page.getByRole('textbox', { name: 'Command' });
  await box.fill(command);
  await box.press('Enter');
  const card = commandCard(page, command);
  await card.waitFor();
  return card;
}

/** The card of a command, by its whole text. */
export function commandCard(page: Page, command: string): Locator {
  return page
    .getByRole('article', { name: /^Command/ })
    .filter({ has: page.getByText(command, { exact: true }) })
    .last();
}

/** Approves or denies on site what waits there, with the contact's PIN. */
export async function decideOnSite(
  stage: ConsoleStage,
  { page: url }: StageAppliance,
  decision: 'Approve' | 'Deny',
): Promise<void> {
  await using contact = await stage.visitor({ javaScriptEnabled: false });
  const { page } = contact;
  await page.goto(url);
  await page.getByRole('link', { name: 'Read and decide' }).click();
  await page.getByLabel('Your PIN').fill(CONTACT.pin);
  await page.getByRole('button', { name: decision, exact: true }).click();
  const heading = decision === 'Approve' ? 'Approved' : 'Denied';
  await page.getByRole('heading', { name: heading }).waitFor();
}

/** What a page shows to be copied, whole. */
export async function shownText(page: Page, containing: string): Promise<string> {
  const shown = page.locator('code.select-all', { hasText: containing });
  await shown.waitFor({ timeout: STAGE_TIMEOUT_MS });
  return shown.innerText();
}

const FOUNDER = { organisation: 'Acme IT', name: 'Sarah Miller', email: 'sarah@acme.example' };

/** An owner at work: organisation, site and machine are there, and a session is open in the owner's browser. */
export interface StageWork {
  readonly owner: BrowserVisitor;
  readonly site: StageSite;
  /** Path of the machine's page. */
  readonly endpointPage: string;
  readonly session: string;
}

/** Founds everything on an empty stage, up to an open session. */
export async function startWork(
  stage: ConsoleStage,
  options: VisitorOptions = {},
): Promise<StageWork> {
  const owner = await stage.visitor(options);
  await foundOrganisation(owner, FOUNDER);
  const site = await installSite(stage, owner, { name: 'head-office' });
  await addMachine(stage, owner, { name: 'till-1' });
  const endpointPage = new URL(owner.page.url()).pathname;
  const session = await openSession(owner, { reason: 'the printer is offline' });
  return { owner, site, endpointPage, session };
}
