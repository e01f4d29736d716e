// The console with Clerk in a browser: what stands on the screen when Clerk cannot be reached, and, with scripts that
// behave as Clerk's do, signing in, founding, and signing out under the console's own content policy.

import { AxeBuilder } from '@axe-core/playwright';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { findChromium } from './chromium.ts';
import { type Claims, type TestClerk, testClerk } from './clerk-instance.ts';
import { cutClerk, routeClerk } from './clerk-scripts.ts';
import { type ConsoleStage, openConsoleStage } from './console-stage.ts';
import { foundRoot } from './console-steps.ts';

const executablePath = findChromium();
const test = suite('the console with Clerk in Chromium');

if (executablePath === null) {
  console.warn('Skipped: no Chromium found, so nobody signed in at Clerk');
  test.skip('the console with Clerk: no Chromium found', () => assert.unreachable());
} else {
  test('says that Clerk cannot be reached; signs in, founds and signs out when it can', async () => {
    const made: { clerk?: TestClerk } = {};
    await using stage = await openConsoleStage({
      executablePath,
      env: (origin) => (made.clerk = testClerk(origin)).env,
    });
    const { clerk } = made;
    if (clerk === undefined) throw new Error('unreachable: the console was told of it');
    await stage.tell(async () => {
      await withoutClerk(stage, clerk);
      await withClerk(stage, clerk);
    });
  });
}

test.run();

/** Nobody can sign in, and somebody who is signed in hears that it will end. */
async function withoutClerk(stage: ConsoleStage, clerk: TestClerk): Promise<void> {
  const visitor = await stage.visitor({ bypassCSP: true }); // for axe
  const { page, context } = visitor;
  await cutClerk(context, clerk);
  await visitor.go('/sign-in');
  await page.getByText('Clerk cannot be reached').waitFor();
  await page.getByText(clerk.host).waitFor();
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.equal(
    violations.map(({ id }) => id),
    [],
  );
  const value = clerk.token(clerk.claims({ sub: 'user_0', o: { id: 'org_1', rol: 'technician' } }));
  await context.addCookies([{ name: '__session', value, url: stage.origin }]);
  await visitor.go('/');
  await page.getByRole('heading', { name: 'Welcome, Olga Owner' }).waitFor();
  await page.getByText('An owner does that').waitFor();
  await page.getByText('Clerk cannot be reached: your sign-in ends within a minute').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/sign-in');
  assert.equal(await context.cookies(), []);
}

async function withClerk(stage: ConsoleStage, clerk: TestClerk): Promise<void> {
  const owner = await stage.visitor();
  const { page, context } = owner;
  const { origin } = stage;
  const claims = { who: clerk.claims() as Claims | null };
  await routeClerk(context, { clerk, origin, who: () => claims.who });
  await owner.go('/settings/account');
  await page.getByRole('button', { name: 'Sign in at Clerk' }).click();
  await page.waitForURL('**/welcome');
  await owner.settle();
  await foundRoot(owner);
  await owner.go('/settings/people');
  await page.getByRole('button', { name: 'Open the organisation at Clerk' }).waitFor();

  await context.clearCookies({ name: '__session' }); // a token lasts a minute: Clerk's script has another
  await page.goto(`${origin}/settings/account`);
  await page.getByRole('heading', { name: 'Your account is at Clerk' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in at Clerk' }).waitFor();
  assert.equal(await context.cookies(), []);

  claims.who = clerk.claims({ sub: 'user_9', o: { id: 'org_9', slg: 'other', rol: 'admin' } });
  await page.getByRole('button', { name: 'Sign in at Clerk' }).click();
  await page.getByText('this console is for one organisation').waitFor();
  await page.getByRole('button', { name: 'Choose an organisation' }).waitFor();
  assert.equal(owner.complaints, []);
}
