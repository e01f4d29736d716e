// An approver signs what is shown, whatever the appliance says: each lie about a request is refused.

import { userInfo } from 'node:os';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { ShownEntry } from '#appliance/protocol/shown-entry.ts';
import type { Client } from '#appliance/protocol/client.ts';
import { createDisclosure, parseDisclosure } from '#crypto/disclosure.ts';
import { VerifyError } from '#crypto/error.ts';
import { CLI_RULES, openCliSite } from '../testing/cli-site.ts';
import { createTerminal, runCli } from '../testing/cli-terminal.ts';
import { checkRequest } from './checked-request.ts';
import { connect, type Connection } from './connect.ts';
import { Output } from './output.ts';
import { homeAt } from './place.ts';

const site = await openCliSite({ endpoint: 'web', rules: CLI_RULES });
const running = site.start(['run', 'web', '--state', 'uname', '--', 'touch', '/nonexistent/x']);
await running.terminal.errLines.take((text) => text.includes('Match code'));
const terminal = createTerminal();
const connection = await connect({
  terminal,
  output: new Output(terminal, 'table'),
  home: homeAt(site.home),
  keyFile: site.approverKey,
  signal: new AbortController().signal,
});
const { requests } = await connection.client.call('request.list', { state: 'waiting', limit: 1 });
const [waiting] = requests;
assert.ok(waiting);
const summary = await connection.client.call('request.show', { request: waiting.request });
const { signal } = new AbortController();

/** A connection through which each shown entry, and each answer of the statements, is changed. */
function lying(change: {
  entry?: (shown: ShownEntry) => ShownEntry;
  statements?: (answer: Record<string, unknown>) => Record<string, unknown>;
}): Connection {
  const call = async (
    verb: string,
    parameters: object,
    options: { onEvent?: (event: { kind: string; entry: ShownEntry }) => unknown } = {},
  ): Promise<unknown> => {
    const entry = change.entry ?? ((shown: ShownEntry) => shown);
    const statements = change.statements ?? ((answer: Record<string, unknown>) => answer);
    const real = connection.client.call as unknown as (...words: unknown[]) => Promise<unknown>;
    const answer = await real.call(connection.client, verb, parameters, {
      ...options,
      onEvent: (event: { kind: string; entry: ShownEntry }) =>
        options.onEvent?.(event.kind === 'entry' ? { ...event, entry: entry(event.entry) } : event),
    });
    return verb === 'site.statements' ? statements(answer as Record<string, unknown>) : answer;
  };
  return { ...connection, client: { call: call as unknown as Client['call'] } };
}

async function refusal(by: Connection, about = summary): Promise<VerifyError> {
  assert.ok(about);
  try {
    await checkRequest(by, { summary: about, signal });
  } catch (error) {
    assert.instance(error, VerifyError);
    return error as VerifyError;
  }
  throw new Error('a lie was believed');
}

const check = suite('checkRequest()');

check('gives what the technician signed, with the state that was captured', async () => {
  const checked = await checkRequest(connection, { summary, signal });
  assert.is(checked.command, 'touch /nonexistent/x');
  assert.is(checked.technician, 'Olga Owner');
  assert.is(checked.match, summary.match);
  assert.match(checked.state ?? '', /\w/);
  assert.is(checked.deciding.order, summary.order);
  assert.is(checked.deciding.command, summary.commandDigest);
  assert.is(checked.deciding.state, summary.stateHash);
});

check('is not moved by what the summary says', async () => {
  const lie = { ...summary, command: 'ls', order: 'x'.repeat(43), technician: 'Somebody' };
  const checked = await checkRequest(connection, { summary: lie, signal });
  assert.is(checked.command, 'touch /nonexistent/x');
  assert.is(checked.deciding.order, summary.order);
  assert.is(checked.technician, 'Olga Owner');
});

check('refuses a shown command that the leaf does not hold', async () => {
  const entry = (shown: ShownEntry): ShownEntry => ({
    ...shown,
    disclosures: (shown.disclosures ?? []).map((text) =>
      parseDisclosure(text).name === 'command' ? createDisclosure('command', 'ls').text : text,
    ),
  });
  assert.is((await refusal(lying({ entry }))).code, 'binding');
});

check('refuses a request whose command is not shown', async () => {
  const entry = (shown: ShownEntry): ShownEntry => ({
    ...shown,
    disclosures: (shown.disclosures ?? []).filter((text) => parseDisclosure(text).name !== 'cwd'),
  });
  assert.is((await refusal(lying({ entry }))).code, 'binding');
});

check('refuses a request that its session does not hold', async () => {
  assert.match(
    (await refusal(connection, { ...summary, request: 'A'.repeat(43) })).message,
    'hold',
  );
});

check('refuses entries that are left out of the chain', async () => {
  let seen = 0;
  const by = lying({});
  const call = by.client.call as unknown as (...words: unknown[]) => Promise<unknown>;
  const skipping = (verb: string, parameters: object, options: Record<string, unknown>) =>
    call(verb, parameters, {
      ...options,
      onEvent: (event: unknown) => {
        seen += 1;
        if (seen === 2) return undefined;
        return (options['onEvent'] as (event: unknown) => unknown)(event);
      },
    });
  const refused = await refusal({ ...by, client: { call: skipping as Client['call'] } });
  assert.is(refused.code, 'range');
});

check('refuses a captured state that is another one', async () => {
  const entry = (shown: ShownEntry): ShownEntry => ({
    ...shown,
    texts: shown.texts.map((text) => ({
      ...text,
      cuts: [4],
      data: Buffer.from('fine').toString('base64'),
    })),
  });
  assert.is((await refusal(lying({ entry }))).code, 'binding');
});

check('refuses a roster that the pinned root did not sign', async () => {
  const statements = (answer: Record<string, unknown>): Record<string, unknown> => ({
    ...answer,
    roster: answer['authority'],
  });
  assert.is((await refusal(lying({ statements }))).code, 'wrong-kind');
  const pinned = { ...connection, site: { ...connection.site, msp_root: connection.key.key } };
  assert.match((await refusal(pinned)).message, "MSP's root");
});

check('refuses entries of another log', async () => {
  assert.is((await refusal({ ...connection, origin: 'other.example/site/1' })).code, 'range');
});

check.run();

const request = suite('caisey request');

request('shows exactly what is asked, and who has to agree', async () => {
  const { out } = await site.run(['request', 'show', summary.match]);
  for (const line of [
    /^who +Olga Owner \(owner, Acme IT\)$/m,
    /^where +web at Corner Bakery, Main Street$/m,
    /^runs +touch \/nonexistent\/x$/m,
    new RegExp(`^as user +${userInfo().username}\\b`, 'm'),
    /^in folder +\/.*, for none is named$/m,
    /^match code +/m,
  ]) {
    assert.match(out, line);
  }
  const { code } = await site.run(['request', 'show', `id:${summary.request.slice(0, 6)}`]);
  assert.is(code, 0);
});

request('asks before it decides, and takes only a yes', async () => {
  const approve = ['request', 'approve', summary.match, '--key', site.approverKey];
  const nobody = await site.run(approve);
  assert.is(nobody.code, 2);
  assert.match(nobody.err, '--yes');
  const no = await site.run(approve, { isTTY: true, input: 'no\n' });
  assert.is(no.code, 3);
  assert.match(no.err, 'touch /nonexistent/x');
  const enter = await site.run(approve, { isTTY: true, input: '\n' });
  assert.is(enter.code, 3);
});

request('takes no decision of who is no approver', async () => {
  for (const yes of [['--yes'], []]) {
    const { code, err } = await site.run(['request', 'approve', summary.match, ...yes]);
    assert.is(code, 3);
    assert.match(err, /^Cannot approve: "Olga Owner" is no approver of the client\n/);
    assert.not.match(err, '--yes');
  }
});

request('reminds the approvers, and not twice in a minute', async () => {
  const { code, out } = await site.run(['request', 'remind', summary.match]);
  assert.is(code, 0);
  assert.match(out, /^Reminded Carla Client of [0-9A-Z-]{7}, entry \d+\n$/);
  const again = await site.run(['request', 'remind', summary.match]);
  assert.is(again.code, 1);
  assert.match(again.err, 'did less than a minute ago');
  assert.match(again.err, 'Remind again in a minute');
});

request('withdraws, and then decides nothing any more', async () => {
  const withdraw = ['request', 'withdraw', summary.match, '--reason', 'Wrong machine'];
  assert.is((await site.run(withdraw)).code, 0);
  assert.is(await running.code, 3);
  assert.match(running.terminal.err(), 'Not run: Withdrawn by Olga Owner: Wrong machine\n');
  const { out } = await site.run(['request', 'show', summary.match]);
  assert.match(out, /^state +withdrawn by Olga Owner: Wrong machine$/m);
  const late = await site.run(['request', 'approve', summary.match, '--key', site.approverKey]);
  assert.is(late.code, 3);
  assert.match(late.err, 'withdrawn already');
  assert.match((await site.run(['request', 'ls'])).out, 'No request waits');
  assert.match((await site.run(['request', 'ls', '--all'])).out, summary.match);
});

request('needs no site to say how it is used', async () => {
  assert.match((await runCli(['request', 'approve', '--help'])).out, '--comment');
});

request.after(async () => {
  await connection[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});
request.run();
