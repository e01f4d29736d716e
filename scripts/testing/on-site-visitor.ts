// Somebody at the on-site page, without a browser: reads the request's page, fills in its form, sends it, as a
// person does with JavaScript off.

/** Approves a request on its page. @throws {Error} when the page refuses */
export async function approveOnPage(
  url: string,
  { id, pin, comment }: { id: string; pin: string; comment: string },
): Promise<void> {
  const page = await fetch(url);
  const html = await page.text();
  if (!page.ok) throw new Error(`Cannot read ${url}: ${page.status}`);
  const cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .join('; ');
  const form = new URLSearchParams({ approver: id, pin, comment, decision: 'approve' });
  for (const [name, value] of hiddenFields(html)) form.set(name, value);
  const answer = await fetch(new URL(actionOf(html), url), {
    method: 'POST',
    body: form,
    redirect: 'manual',
    headers: { cookie, origin: new URL(url).origin, 'sec-fetch-site': 'same-origin' },
  });
  if (answer.status !== 303) {
    throw new Error(`Cannot approve: ${answer.status}\n${await answer.text()}`);
  }
}

function hiddenFields(html: string): [string, string][] {
  return [...html.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => [
    /name="([^"]*)"/.exec(tag)?.[1] ?? '',
    /value="([^"]*)"/.exec(tag)?.[1] ?? '',
  ]);
}

function actionOf(html: string): string {
  const action = /<form[^>]*action="([^"]*decide[^"]*)"/.exec(html)?.[1];
  if (action === undefined) throw new Error('Cannot approve: the page has no form to decide with');
  return action;
}
