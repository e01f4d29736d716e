// The session page in a real browser, under the console's content security policy: by keyboard, on a phone, in both
// colour schemes, and under axe. Screenshots of every face are left in a temporary folder to be looked at.

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type BuiltPage, openBuiltPage } from '#scripts/testing/built-page.ts';
import { findChromium } from '#scripts/testing/chromium.ts';
import type { LinkState } from '../../site.ts';

const TIMEOUT_MS = 30_000;
const PHONE = { width: 360, height: 640 };
const DESK = { width: 1280, height: 900 };
const FACES = {
  desk: { viewport: DESK, theme: 'light', scenes: ['work', 'watch'] },
  phone: { viewport: PHONE, theme: 'dark', scenes: ['work', 'empty', 'failed', 'ended', 'away'] },
} as const;

interface Context {
  browser: Browser;
  built: BuiltPage;
  shots: string;
}

interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of. */
  readonly complaints: readonly string[];
}

const executablePath = findChromium();
const view = suite<Context>('SessionView in Chromium');

async function visit(
  { browser, built }: Context,
  {
    scene,
    theme = 'light',
    viewport = DESK,
    isChecked = false,
  }: { scene: string; theme?: string; viewport?: typeof DESK; isChecked?: boolean },
): Promise<Visit> {
  // axe is put into the page as a script: only then the policy is off
  const context = await browser.newContext({ viewport, bypassCSP: isChecked });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(`${built.url}?scene=${scene}&theme=${theme}`);
  await page.getByRole('heading', { name: 'Session on till-1' }).waitFor();
  await page.locator('article').first().waitFor();
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

/** Zod tries once whether it may make code of text, and takes the refusal. */
function isOfOurs(complaint: string): boolean {
  return !complaint.includes("'TrustedScript'");
}

/** The client says something, from outside the page. */
function say(page: Page, text: string): Promise<void> {
  return page.evaluate((words) => {
    (globalThis as unknown as { stage: { say: (text: string) => void } }).stage.say(words);
  }, text);
}

/** The link is being tried, or waits for the next try. */
function tellLink(page: Page, state: LinkState): Promise<void> {
  return page.evaluate((told) => {
    (globalThis as unknown as { stage: { link: (state: LinkState) => void } }).stage.link(told);
  }, state);
}

/** In the page: whether the foot of the last card is seen above the bench. */
function isFootSeen(): boolean {
  const foot = [...document.querySelectorAll('article')].at(-1)?.getBoundingClientRect();
  const bench = document.querySelector('form')?.parentElement?.getBoundingClientRect();
  return foot !== undefined && bench !== undefined && foot.bottom <= bench.top;
}

/** Scrolls up to where old entries are read. */
async function readAbove(page: Page): Promise<void> {
  await page.evaluate(() => window.scrollTo({ top: 2000 }));
  await page.waitForFunction(() => window.scrollY < 3000);
}

/** In the page: whether the button that tells of new entries is seen, and covers nothing of the bench. */
function isApart(): boolean {
  const buttons = [...document.querySelectorAll('button')];
  const fresh = buttons.find((button) => button.textContent.includes('new entry'));
  const bench = document.querySelector('form')?.parentElement;
  if (fresh === undefined || bench == null) return false;
  const { top, bottom } = fresh.getBoundingClientRect();
  return top >= 0 && bottom <= Math.min(window.innerHeight, bench.getBoundingClientRect().top);
}

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so nobody looked at the session page');
  view.skip('SessionView: no Chromium found', () => assert.unreachable());
} else {
  view.before(async (context) => {
    context.built = await openBuiltPage('scripts/testing/session-stage.ts');
    const args = ['--no-sandbox', '--disable-gpu', '--no-first-run'];
    context.browser = await chromium.launch({ executablePath, args, timeout: TIMEOUT_MS });
    context.shots = await mkdtemp(join(tmpdir(), 'caisey-session-shots-'));
    console.log(`Screenshots: ${context.shots}`);
  });
  view.after(async ({ browser, built }) => {
    await browser.close();
    await built[Symbol.asyncDispose]();
  });

  for (const [face, { viewport, theme, scenes }] of Object.entries(FACES)) {
    view(`SessionView has no fault that axe finds, ${face}`, async (context) => {
      for (const scene of scenes) {
        await using visited = await visit(context, { scene, theme, viewport, isChecked: true });
        const { page } = visited;
        const { violations } = await new AxeBuilder({ page }).analyze();
        const found = violations.map(({ id, nodes }) => `${scene}: ${id} ${nodes[0]?.html ?? ''}`);
        assert.equal(found, []);
        const beyond = await page.evaluate(
          () => document.documentElement.scrollWidth - window.innerWidth,
        );
        assert.ok(beyond <= 0, `${scene} is ${beyond} px too wide`);
        await page.screenshot({ path: join(context.shots, `${scene}-${face}.png`) });
      }
    });
  }

  view('SessionView has no fault that axe finds when there is nothing to show', async (context) => {
    const visitor = await context.browser.newContext({ bypassCSP: true });
    const page = await visitor.newPage();
    await page.goto(`${context.built.url}?scene=refused&theme=dark`);
    await page.getByText('This session cannot be shown further').waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    assert.equal(
      violations.map(({ id }) => id),
      [],
    );
    await visitor.close();
  });

  view('SessionView breaks no rule of the content security policy', async (context) => {
    await using visited = await visit(context, { scene: 'work' });
    const { page, complaints } = visited;
    await page.getByRole('button', { name: 'Proof of entry #12' }).click();
    await page.getByText('Leaf hash').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Close session' }).click();
    await page.getByLabel('Note').waitFor();
    assert.equal(complaints.filter(isOfOurs), []);
  });

  view('SessionView shows what a machine printed as text', async (context) => {
    await using visited = await visit(context, { scene: 'work' });
    const { page } = visited;
    await page.getByRole('button', { name: 'Show all 43 lines' }).click();
    await page.getByText('ok <b>not bold</b> pay\\u{202e}gpj.exe').waitFor();
    assert.is(await page.locator('article b').count(), 0);
    assert.is(await page.getByText('100 %').count(), 1);
    await page.getByRole('button', { name: 'Every byte' }).click();
    await page.getByText('10 %\\x0d50 %\\x0d100 %').waitFor();
  });

  view('SessionView runs a command by keyboard, and finds it again', async (context) => {
    await using visited = await visit(context, { scene: 'work' });
    const { page } = visited;
    const line = page.getByLabel('Command', { exact: true });
    await line.focus();
    await page.keyboard.type('echo one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('echo two');
    await page.keyboard.press('Enter');
    await page.getByText('ran echo one').waitFor();
    assert.is(await line.inputValue(), '');
    await page.keyboard.type('ec');
    await page.keyboard.press('Tab');
    await page.getByRole('listbox').getByRole('option', { selected: true }).waitFor();
    await page.keyboard.press('Enter');
    assert.is(await line.inputValue(), 'echo one\necho two');
    await line.fill('');
    await page.keyboard.press('ArrowUp');
    assert.is(await line.inputValue(), 'echo one\necho two');
  });

  view('SessionView says before Enter what would become of a line', async (context) => {
    await using visited = await visit(context, { scene: 'empty' });
    const { page } = visited;
    const line = page.getByLabel('Command', { exact: true });
    const form = page.locator('form');
    const height = async (): Promise<number> => (await form.boundingBox())?.height ?? NaN;
    const empty = await height();
    await line.fill('systemctl restart cups');
    await page.getByText('Waits for the client:').waitFor();
    await line.fill('format c:');
    await page.getByText('Refused by the policy:').waitFor();
    assert.is(await page.getByText('Waits for the client:').count(), 0);
    await line.fill('uptime');
    await page.getByRole('status').filter({ hasText: 'Runs at once:' }).waitFor();
    assert.is(await height(), empty, 'nothing moves');
    await page.keyboard.press('Enter');
    await page.getByText('ran uptime').waitFor();
    assert.is(await page.getByText('Runs at once:').count(), 0);
  });

  view('SessionView promises nothing while the site is away', async (context) => {
    await using visited = await visit(context, { scene: 'away' });
    const { page } = visited;
    await page.clock.install();
    await page.getByLabel('Command', { exact: true }).fill('uptime');
    await page.clock.runFor(10_000);
    assert.is(await page.getByText('Runs at once:').count(), 0);
    await tellLink(page, { kind: 'open', isRelayed: true });
    await page.clock.runFor(1000);
    await page.getByText('Runs at once:').waitFor();
  });

  view('SessionView keeps a command of which nobody knows whether it arrived', async (context) => {
    await using visited = await visit(context, { scene: 'empty' });
    const { page } = visited;
    await page.getByLabel('Command', { exact: true }).fill('lost');
    await page.keyboard.press('Enter');
    await page.getByText('Not known whether it arrived').waitFor();
    await page.getByRole('button', { name: 'Put it in the command line' }).click();
    assert.is(await page.getByLabel('Command', { exact: true }).inputValue(), 'lost');
    assert.is(await page.getByText('Not known whether it arrived').count(), 0);
  });

  view('SessionView stays at the end, and tells who reads above what is new', async (context) => {
    await using visited = await visit(context, { scene: 'long' });
    const { page } = visited;
    await page.getByText('seq 5000').waitFor();
    await say(page, 'first');
    await page.getByText('first', { exact: true }).waitFor();
    const isAtEnd = (): boolean =>
      window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 64;
    await page.waitForFunction(isAtEnd);
    await readAbove(page);
    await say(page, 'second');
    await page.getByRole('button', { name: '1 new entry' }).click();
    await page.getByText('second', { exact: true }).waitFor();
    await page.waitForFunction(isAtEnd);
    assert.ok((await page.locator('article').count()) < 100, 'drawn where it is looked at');
  });

  for (const [face, { viewport, theme }] of Object.entries(FACES)) {
    view(`SessionView never lays what is new over the command line, ${face}`, async (context) => {
      await using visited = await visit(context, { scene: 'long', theme, viewport });
      const { page } = visited;
      await page.getByText('seq 5000').waitFor();
      await readAbove(page);
      await say(page, 'new');
      const fresh = page.getByRole('button', { name: '1 new entry' });
      await fresh.waitFor();
      await page.waitForFunction(isApart);
      await page.getByLabel('Command', { exact: true }).fill('one\n'.repeat(9));
      await readAbove(page);
      await page.waitForFunction(isApart);
      await page.getByLabel('Command', { exact: true }).fill('');
      await page.getByRole('button', { name: 'Message to the client' }).click();
      await page.getByRole('button', { name: 'Why, state, folder' }).click();
      await page.getByLabel('Why').fill('because');
      await page.waitForFunction(isApart);
      await page.screenshot({ path: join(context.shots, `new-${face}.png`) });
    });
  }

  for (const [face, { viewport, theme }] of Object.entries(FACES)) {
    view(`SessionView keeps the last card whole while one writes, ${face}`, async (context) => {
      await using visited = await visit(context, { scene: 'long', theme, viewport });
      const { page } = visited;
      await page.getByText('seq 5000').waitFor();
      await page.waitForFunction(isFootSeen);
      await page.getByLabel('Command', { exact: true }).fill('one\n'.repeat(9));
      await page.waitForFunction(isFootSeen);
      await page.screenshot({ path: join(context.shots, `writing-${face}.png`) });
      await page.getByRole('button', { name: 'Message to the client' }).click();
      await page.waitForFunction(isFootSeen);
    });

    view(`SessionView leaves what tries again where it is, ${face}`, async (context) => {
      await using visited = await visit(context, { scene: 'away', theme, viewport });
      const { page } = visited;
      const button = page.getByRole('button', { name: /^Try/ });
      await button.focus();
      const before = await button.boundingBox();
      await tellLink(page, { kind: 'connecting', why: 'No answer' });
      await page.getByRole('button', { name: 'Trying …', disabled: true }).waitFor();
      await page.getByText('trying again now').waitFor();
      assert.equal(await button.boundingBox(), before);
      assert.ok(await button.evaluate((element) => element === document.activeElement));
      await page.screenshot({ path: join(context.shots, `trying-${face}.png`) });
      await tellLink(page, { kind: 'away', why: 'No answer', retryAtMs: Date.now() + 9_000 });
      await page.getByRole('button', { name: 'Try now', disabled: false }).waitFor();
      assert.equal(await button.boundingBox(), before);
    });
  }

  view('SessionView lets a watcher run nothing', async (context) => {
    await using visited = await visit(context, { scene: 'watch' });
    const { page } = visited;
    await page.getByText('You are watching').waitFor();
    assert.is(await page.getByLabel('Command', { exact: true }).count(), 0);
    assert.is(await page.getByRole('button', { name: 'Cancel', exact: true }).count(), 0);
    await page.getByRole('button', { name: 'End this session' }).waitFor();
  });
}

view.run();
