// The page on site in a real browser: with scripts off as its people have it, by keyboard, on a phone, in both
// colour schemes; and under axe. Screenshots of every face are left in a temporary folder to be looked at.

import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { ClaimState } from '#appliance/claim/claim-state.ts';
import type { SetUp } from '#appliance/claim/set-up.ts';
import { serveHttp } from '#appliance/http/serve.ts';
import { createSetupApp } from '#appliance/http/setup.ts';

import { findChromium } from './chromium.ts';
import { createKeyed } from './live-site.ts';
import { fieldsOf, openOnsiteStage, type OnsiteStage, PINS } from './onsite-stage.ts';
import { claimState, offerOf } from './unclaimed-site.ts';

const TIMEOUT_MS = 100_000;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const PHONE = { width: 375, height: 700 };
const NARROW = { width: 320, height: 640 };
const DESK = { width: 1280, height: 900 };

/** An unclaimed appliance's page, and what has come of it. */
interface SetupVisit extends AsyncDisposable {
  readonly state: ClaimState;
  readonly setUps: SetUp[];
  readonly url: string;
  readonly page: Page;
  /** Says that an owner has claimed it. */
  claim(): Promise<void>;
}

interface Context {
  browser: Browser;
}

/** A stage that listens, and a browser's page that looks at it. */
interface Visit extends AsyncDisposable {
  readonly stage: OnsiteStage;
  readonly url: string;
  readonly page: Page;
}

const executablePath = findChromium();
const onsite = suite<Context>('onsiteRoutes() in Chromium');

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so nobody looked at the page on site');
  onsite.skip('onsiteRoutes() in Chromium: no Chromium found', () => assert.unreachable());
} else {
  onsite.before(async (context) => {
    context.browser = await chromium.launch({ executablePath, args: FLAGS, timeout: TIMEOUT_MS });
  });
  onsite.after(({ browser }) => browser.close());

  onsite('onsiteRoutes() approves with scripts off', async ({ browser }) => {
    await using visit = await openVisit(browser);
    const { stage, page, url } = visit;
    const { hash, outcome } = await stage.ask({ state: 'terminal = off\n' });
    await page.goto(url);
    await page.getByRole('link', { name: 'Read and decide' }).click();
    await page.getByLabel('Your name').selectOption('carol');
    await page.getByLabel('Your PIN').fill(PINS.carol);
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('heading', { name: 'Approved: the command on frontdesk-1' }).waitFor();
    assert.is(page.url(), `${url}/requests/${hash}/receipt?refresh=5`);
    assert.is((await outcome).outcome, 'exited');
  });

  onsite('onsiteRoutes() denies with scripts off', async ({ browser }) => {
    await using visit = await openVisit(browser);
    const { stage, page, url } = visit;
    const { hash, outcome } = await stage.ask();
    await page.goto(`${url}/requests/${hash}`);
    await page.getByLabel('Your name').selectOption('dave');
    await page.getByLabel('Your PIN').fill(PINS.dave);
    await page.getByLabel('Comment').fill('Not before closing time.');
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByRole('heading', { name: 'Denied: the command on frontdesk-1' }).waitFor();
    assert.is((await outcome).outcome, 'denied');
  });

  onsite('onsiteRoutes() sends nothing when Enter is pressed', async ({ browser }) => {
    await using visit = await openVisit(browser, {}, ['carol']);
    const { stage, page, url } = visit;
    const { hash } = await stage.ask();
    await page.goto(`${url}/requests/${hash}`);
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.method()));
    await page.getByLabel('Your PIN').fill(PINS.carol);
    await page.getByLabel('Your PIN').press('Enter');
    await page.goto(`${url}/requests/${hash}`);
    assert.not.ok(sent.includes('POST'));
    assert.is(stage.requests.show(hash).state, 'waiting');

    // and this is not because this browser sends nothing by Enter: without the hidden button it would
    await page.evaluate(() => document.querySelector('button[hidden]')?.remove());
    await page.getByLabel('Your PIN').fill('739151');
    await page.getByLabel('Your PIN').press('Enter');
    await page.getByRole('alert').waitFor();
    assert.ok(sent.includes('POST'));

    await page.getByLabel('Your PIN').fill(PINS.carol);
    await page.getByRole('button', { name: 'Approve' }).press('Enter');
    await page.getByRole('heading', { name: 'Approved' }).waitFor();
  });

  onsite(
    'onsiteRoutes() brings the form back for a wrong PIN, then takes the right one',
    async (c) => {
      await using visit = await openVisit(c.browser, {}, ['carol']);
      const { stage, page, url } = visit;
      const { hash } = await stage.ask();
      await page.goto(`${url}/requests/${hash}`);
      for (const pin of ['739151', PINS.carol]) {
        await page.getByLabel('Your PIN').fill(pin);
        await page.getByRole('button', { name: 'Approve' }).click();
        if (pin === PINS.carol) break;
        await page.getByRole('alert').getByText('2 tries are left').waitFor();
        assert.is(await page.getByLabel('Your PIN').inputValue(), '');
      }
      await page.getByRole('heading', { name: 'Approved' }).waitFor();
    },
  );

  onsite('onsiteRoutes() stops a session with scripts off', async ({ browser }) => {
    await using visit = await openVisit(browser);
    const { stage, page, url } = visit;
    await stage.session();
    await page.goto(url);
    await page.getByRole('link', { name: 'Answer or stop this session' }).click();
    await stopSession(page);
    await page.getByText('Carol Miller stopped it.').waitFor();
    assert.is(stage.sessions.open.length, 0);
  });

  onsite('onsiteRoutes() has somebody speak in a session, scripts off', async ({ browser }) => {
    await using visit = await openVisit(browser);
    const { stage, page, url } = visit;
    const { hash } = await stage.ask();
    await page.goto(`${url}/requests/${hash}`);
    await page.getByRole('link', { name: 'say it to Alice Ash' }).click();
    await speak(page, '739151');
    await page.getByRole('alert').getByText('2 tries are left').waitFor();
    assert.is(await page.getByLabel('What you want to say').inputValue(), ANSWER);
    await speak(page, PINS.carol);
    await page.getByRole('status').getByText('Said, and on record').waitFor();
    const said = await stage.entries('chat.said');
    assert.equal(
      said.map((entry) => fieldsOf(entry)['from']),
      ['client'],
    );
    assert.is(stage.requests.show(hash).state, 'waiting');
    assert.is(stage.sessions.open.length, 1);
  });

  onsite('onsiteRoutes() takes two presses of a slow button for one', async ({ browser }) => {
    await using visit = await openVisit(browser, {}, ['carol']);
    const { stage, page, url } = visit;
    await page.goto(`${url}/sessions/${(await stage.session()).id}`);
    const pressed = Promise.withResolvers<undefined>();
    const { confirm } = stage.pinDesk;
    stage.pinDesk.confirm = async (wanted) => {
      await pressed.promise;
      return confirm.call(stage.pinDesk, wanted);
    };
    const form = page.locator('#say');
    await form.getByLabel('What you want to say').fill(ANSWER);
    await form.getByLabel('Your PIN').fill(PINS.carol);
    const button = form.getByRole('button');
    await button.scrollIntoViewIfNeeded();
    const { x = 0, y = 0 } = (await button.boundingBox()) ?? {};
    for (let press = 0; press < 2; press++) {
      const sent = page.waitForRequest((request) => request.method() === 'POST');
      await page.mouse.click(x + 5, y + 5); // which does not wait for the answer
      await sent;
    }
    pressed.resolve(undefined);
    await page.getByRole('status').getByText('Said, and on record').waitFor();
    assert.is((await stage.entries('chat.said')).length, 1);
  });

  onsite('settingsRoutes() change what leaves the site with scripts off', async ({ browser }) => {
    await using visit = await openVisit(browser, {}, ['carol']);
    const { stage, page, url } = visit;
    await page.goto(url);
    await page.getByRole('link', { name: 'What leaves this site' }).click();
    await page.getByLabel('Commands, too').check();
    await page.getByLabel('Your PIN').fill(PINS.carol);
    await page.getByRole('button', { name: 'Change what leaves this site' }).click();
    await page.getByRole('status').getByText('Changed: Commands, too').waitFor();
    assert.is(stage.site.digest?.signed.statement.level, 'open');
  });

  onsite('createSetupApp() sets up with scripts off, as was chosen', async ({ browser }) => {
    await using visit = await openSetupVisit(browser);
    const { page, url } = visit;
    await visit.claim();
    await page.goto(url);
    await page.getByLabel('Your name').fill('Carla Client');
    await page.getByLabel('A PIN of your own').fill('927351');
    await page.getByLabel('The same PIN once more').fill('927351');
    await page.getByLabel('Nothing', { exact: true }).check();
    await page.getByLabel('Numbers only').check();
    await page.getByLabel('Time zone').fill('Europe/Berlin');
    await page.getByRole('button', { name: 'Set up this site' }).click();
    await page.getByRole('heading', { name: 'This site is set up' }).waitFor();
    const chosen = { preset: 'careful', level: 'sealed', timeZone: 'Europe/Berlin' };
    assert.equal(visit.setUps, [{ name: 'Carla Client', pin: '927351', ...chosen }]);
  });

  onsite('onsiteRoutes() has buttons of one size and large targets', async ({ browser }) => {
    await using visit = await openVisit(browser, { viewport: NARROW });
    const { hash } = await visit.stage.ask();
    await visit.page.goto(`${visit.url}/requests/${hash}`);
    const deny = await visit.page.getByRole('button', { name: 'Deny' }).boundingBox();
    const approve = await visit.page.getByRole('button', { name: 'Approve' }).boundingBox();
    assert.is(deny?.width, approve?.width);
    assert.is(deny?.height, approve?.height);
    assert.ok((approve?.height ?? 0) >= 44);
  });

  onsite('onsiteRoutes() shows every face legibly, to axe and on a phone', async ({ browser }) => {
    const folder = join(await mkdtemp(join(tmpdir(), 'caisey-onsite-')), 'faces');
    await mkdir(folder);
    for (const colorScheme of ['light', 'dark'] as const) {
      const viewports = [DESK, PHONE, ...(colorScheme === 'light' ? [NARROW] : [])];
      for (const viewport of viewports) {
        const options = { colorScheme, viewport, javaScriptEnabled: true, bypassCSP: true };
        const looks = { colorScheme, viewport, isAxeDue: viewport === DESK };
        await using visit = await openVisit(browser, options);
        await eachFace(visit, (face) => lookAt(visit.page, { folder, face, ...looks }));
        await using unclaimed = await openSetupVisit(browser, options);
        await eachSetupFace(unclaimed, (face) =>
          lookAt(unclaimed.page, { folder, face, ...looks }),
        );
      }
    }
    console.log(`Screenshots of the page on site: ${folder}`);
  });
}

onsite.run();

async function openVisit(
  browser: Browser,
  options: BrowserContextOptions = {},
  holders?: readonly (keyof typeof PINS)[],
): Promise<Visit> {
  await using stack = new AsyncDisposableStack();
  const stage = stack.use(await openOnsiteStage(holders === undefined ? {} : { holders }));
  const server = stack.use(await serveHttp(stage.app, { host: '127.0.0.1', port: 0 }));
  const context = await browser.newContext({ javaScriptEnabled: false, ...options });
  stack.defer(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  const opened = stack.move();
  return { stage, url: server.url, page, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function openSetupVisit(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<SetupVisit> {
  await using stack = new AsyncDisposableStack();
  const claim = { state: claimState() };
  const setUps: SetUp[] = [];
  const app = createSetupApp({
    ...{ claim, hosts: [], code: () => 'A1B2-C3D4-E5F6-G7H8-J9K0' },
    setUp: (setUp) => Promise.resolve(void setUps.push(setUp)),
    decline: () => Promise.resolve(void (claim.state = { ...claim.state, offer: null })),
    onFailure: (cause) => assert.unreachable(String(cause)),
  });
  const server = stack.use(await serveHttp(app, { host: '127.0.0.1', port: 0 }));
  const context = await browser.newContext({ javaScriptEnabled: false, ...options });
  stack.defer(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  const opened = stack.move();
  return {
    ...{ setUps, url: server.url, page },
    get state() {
      return claim.state;
    },
    async claim() {
      claim.state = { ...claim.state, offer: await offerOf(await createKeyed()) };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function eachSetupFace(
  visit: SetupVisit,
  look: (face: string) => Promise<void>,
): Promise<void> {
  const { page, url } = visit;
  await page.goto(url);
  await look('setup-code');
  await visit.claim();
  await page.goto(url);
  await look('setup-claimed');
  await page.getByLabel('Your name').fill('Carla Client');
  await page.getByLabel('A PIN of your own').fill('927351');
  await page.getByLabel('The same PIN once more').fill('927352');
  await page.getByRole('button', { name: 'Set up this site' }).click();
  await page.getByRole('alert').waitFor();
  await look('setup-pins-differ');
  await page.getByLabel('A PIN of your own').fill('927351');
  await page.getByLabel('The same PIN once more').fill('927351');
  await page.getByRole('button', { name: 'Set up this site' }).click();
  await page.getByRole('heading', { name: 'This site is set up' }).waitFor();
  await look('setup-done');
}

/** Takes a picture of a face, and has axe look at it. */
async function lookAt(
  page: Page,
  {
    folder,
    face,
    colorScheme,
    viewport,
    isAxeDue,
  }: {
    folder: string;
    face: string;
    colorScheme: string;
    viewport: { width: number };
    isAxeDue: boolean;
  },
): Promise<void> {
  await page.evaluate(() => window.stop()); // some load themselves anew, which would take it from under axe
  const path = join(folder, `${face}-${colorScheme}-${viewport.width}.png`);
  await page.screenshot({ path, fullPage: true });
  assert.is(await overflow(page), 0, `${face} scrolls sideways`);
  if (!isAxeDue) return; // axe has seen this face on the desk
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
  assert.equal(found, [], face);
}

/** Brings up every face that the page has, one after another. */
async function eachFace(visit: Visit, look: (face: string) => Promise<void>): Promise<void> {
  const { stage, page, url } = visit;
  await page.goto(url);
  await look('nothing-waits');
  await page.goto(`${url}/nowhere`);
  await look('unknown-page');
  const plain = await stage.ask({ state: 'terminal = off\nlast seen = 01:58\n', why: WHY });
  const hostile = await stage.ask(HOSTILE);
  await page.goto(url);
  await look('waiting');
  await page.goto(`${url}/requests/${plain.hash}`);
  await look('request');
  await page.goto(`${url}/requests/${hostile.hash}`);
  await look('hostile-request');
  const press = async (hash: string, pin: string, button: string): Promise<void> => {
    await page.goto(`${url}/requests/${hash}`);
    await page.getByLabel('Your name').selectOption('carol');
    await page.getByLabel('Your PIN').fill(pin);
    await page.getByLabel('Comment').fill('Go on, but not longer than five minutes.');
    const answered = page.waitForEvent('load');
    await page.getByRole('button', { name: button }).click();
    await answered;
  };
  await press(hostile.hash, '739151', 'Deny');
  await look('wrong-pin');
  await press(plain.hash, PINS.carol, 'Approve');
  await look('approved');
  stage.hold = 'until-released';
  const slow = await stage.ask({ command: 'apt upgrade' });
  await press(slow.hash, PINS.carol, 'Approve');
  await look('running');
  stage.hold = 'no';
  await slow.outcome;
  await stage.requests.remind(hostile.hash, { by: 'Alice Ash' });
  await page.goto(url);
  await look('reminded');
  await press(hostile.hash, PINS.carol, 'Deny');
  await look('denied');
  const { id } = await stage.session();
  await page.goto(`${url}/sessions/${id}`);
  await look('session');
  const chat = { from: 'technician', name: 'Alice Ash', text: 'May I restart it now?' } as const;
  await stage.sessions.say(await stage.session(), chat);
  await page.goto(`${url}/sessions/${id}`);
  await speak(page, '739151');
  await page.getByRole('alert').waitFor();
  await look('unsaid');
  await speak(page, PINS.carol);
  await page.getByRole('status').waitFor();
  await look('said');
  const late = await stage.ask({ command: 'reboot' });
  for (let i = 0; i < 3; i++) await press(late.hash, '739152', 'Approve');
  await look('locked');
  stage.clock.advance(1_800_000);
  await late.outcome;
  await page.goto(`${url}/requests/${late.hash}`);
  await look('expired');
  await page.goto(`${url}/sessions/${id}`);
  const other = await page.context().newPage();
  await other.goto(`${url}/sessions/${id}`);
  await stopSession(other);
  await other.getByText('Carol Miller stopped it.').waitFor();
  await other.close();
  await speak(page, PINS.carol);
  await look('said-too-late');
  await page.goto(`${url}/sessions/${id}`);
  await look('stopped');
  await page.goto(url);
  await look('decided-list');
  await page.goto(`${url}/rules`);
  await look('rules');
  await page.goto(`${url}/settings`);
  await look('settings');
  await page.getByLabel('Numbers only').check();
  await page.getByLabel('Your name').selectOption('carol');
  await page.getByLabel('Your PIN').fill(PINS.carol);
  await page.getByRole('button', { name: 'Change what leaves this site' }).click();
  await page.getByRole('status').waitFor();
  await look('settings-changed');
}

async function stopSession(page: Page): Promise<void> {
  const button = page.getByRole('button', { name: 'Stop this session' });
  const form = page.locator('form').filter({ has: button });
  await form.getByLabel('Your name').selectOption('carol');
  await form.getByLabel('Your PIN').fill(PINS.carol);
  await button.click();
}

/** Says the answer; what is typed already stays. */
async function speak(page: Page, pin: string): Promise<void> {
  const form = page.locator('#say');
  const text = form.getByLabel('What you want to say');
  if ((await text.inputValue()) === '') await text.fill(ANSWER);
  await form.getByLabel('Your name').selectOption('carol');
  await form.getByLabel('Your PIN').fill(pin);
  const answered = page.waitForEvent('load');
  await form.getByRole('button', { name: 'Say it, on record' }).click();
  await answered;
}

const ANSWER = 'Not before six, please.\nThere are customers in the shop until then.';

const WHY = 'No card payments since this morning.\nRestarting the terminal takes about a minute.';

const HOSTILE = {
  command: `Get-Item "C:\\Users\\x64\u202e\u200b" | Remove-Item -Recur\u202ese # p\u0430yroll\u001b[8m\n${'verylongword'.repeat(20)}`,
  cwd: '/var/lib/a-folder-with-a-rather-long-name/and-another-one-below-it/that-never-ends',
  env: { LANG: 'C', PROXY: `http://proxy.example:8080/${'x'.repeat(80)}` },
  why: `Trust me \u202eesrever ni\n${'unbroken'.repeat(30)}`,
  state: '\u0007ok\n',
};

function overflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    const root = document.documentElement;
    return Math.max(0, root.scrollWidth - root.clientWidth);
  });
}
