// `caisey endpoint …`: let machines in, verify and list them, let them go.

import { basename } from 'node:path';

import { listTokens } from '#appliance/protocol/lists.ts';
import { keyFingerprint } from '#crypto/person-key.ts';
import { visibleText } from '#crypto/visible.ts';
import { CliError } from './error.ts';
import { EXIT } from './exit-code.ts';
import { type Act, connected, type Invocation } from './invocation.ts';
import { nameToPaste } from './name.ts';
import type { Parent } from './program.ts';
import { confirm } from './prompt.ts';
import { formatCount, formatMoment, parseDuration } from './quantity.ts';
import { findEndpoint, findToken } from './reference.ts';

export function addEndpoint(parent: Parent, act: Act): void {
  const endpoint = parent
    .command('endpoint')
    .description('let machines in, verify and list them, let them go');
  endpoint
    .command('token')
    .description('make a one-time token that lets one machine in (owners)')
    .requiredOption('--name <name>', 'what the machine is called here')
    .option('--label <label>', 'a label that the policy can name; may be repeated', collect)
    .option('--life <time>', 'how long it can be used', '24h')
    .option('--out <file>', 'write it there, for you alone, instead of printing it')
    .addHelpText(
      'after',
      '\nThe token is shown once and kept nowhere. Who has it can enrol as this machine, once.\n' +
        '\nExample:\n  $ caisey endpoint token --name web --label linux --out web.token',
    )
    .action((options) => act((invocation) => makeToken(invocation, options)));
  endpoint
    .command('tokens')
    .description('list the tokens that can be used still (owners)')
    .addHelpText('after', '\nExample:\n  $ caisey endpoint tokens')
    .action(() => act(showTokens));
  endpoint
    .command('revoke')
    .description('take a token back; machines that are enrolled stay (owners)')
    .argument('<token>', 'the name it is for, or its id as "caisey endpoint tokens" lists it')
    .addHelpText('after', '\nExample:\n  $ caisey endpoint revoke web')
    .action((token) => act((invocation) => revoke(invocation, token)));
  endpoint
    .command('verify')
    .description('say that a pending machine is the one it is taken for: then it can be worked on')
    .argument('<endpoint>', 'name or id')
    .option('-y, --yes', 'the fingerprint was compared: do not ask')
    .addHelpText(
      'after',
      '\nThe machine prints the fingerprint of its key when it is enrolled, and whenever its agent starts.\n' +
        '\nExample:\n  $ caisey endpoint verify web',
    )
    .action((name, options) => act((invocation) => verify(invocation, name, options)));
  endpoint
    .command('ls')
    .description('list the endpoints: key, enrolment, who verified them')
    .addHelpText(
      'after',
      '\nHow they are now: caisey ls\n\nExample:\n  $ caisey endpoint ls --format json',
    )
    .action(() =>
      act(async (invocation) => (await import('./endpoint-ls.ts')).listEnrolments(invocation)),
    );
  endpoint
    .command('rm')
    .description('let a machine go: its sessions end, its key is no longer known (owners)')
    .argument('<endpoint>', 'name or id')
    .option('--reason <text>', 'why, for the record')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nFor good: the machine cannot come back by its key, and must be enrolled anew with a new token.\n' +
        'Its record stays.\n' +
        '\nExample:\n  $ caisey endpoint rm old-server --reason "Replaced"',
    )
    .action((name, options) => act((invocation) => remove(invocation, name, options)));
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

async function makeToken(
  invocation: Invocation,
  options: { name: string; label?: string[] | undefined; life: string; out?: string | undefined },
): Promise<void> {
  const { output } = invocation;
  const { name, label: labels = [], out } = options;
  const lifeS = Math.round(parseDuration(options.life) / 1000);
  if (lifeS < 60 || lifeS > 30 * 86_400) {
    throw new CliError('usage', `Cannot make token of life "${options.life}": not 1m to 30d`);
  }
  const { createPrivateFile, isThere } = await import('./home.ts');
  if (out !== undefined && (await isThere(out))) {
    throw new CliError('exists', `Cannot write "${out}": it is there already`);
  }
  await using connection = await connected(invocation);
  const { token, expires } = await connection.client.call('endpoint.token', {
    ...{ name, labels, lifeS },
  });
  if (out === undefined) {
    await output.result({ name, token, expires }, () => `${token}\n`);
  } else {
    await createPrivateFile(out, `${token}\n`);
    await output.result({ name, file: out, expires }, () => `${out}\n`);
  }
  await output.advice(
    `Lets "${name}" in once, until ${formatMoment(expires)}. On that machine:\n` +
      `  caisey agent enrol --token-file ${out === undefined ? '-' : basename(out)}\n  caisey agent run\n` +
      `Then here: caisey endpoint verify ${name}`,
  );
}

async function showTokens(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await using connection = await connected(invocation);
  const tokens = await listTokens(connection.client);
  await output.result({ tokens }, () => {
    if (tokens.length === 0) return 'No token can be used now.\n';
    return output.table(
      ['TOKEN', 'FOR', 'UNTIL', 'BY', 'LABELS'],
      tokens.map(({ token, name, expires, by, labels }) => [
        ...[token, name, formatMoment(expires), by],
        labels.join(' '),
      ]),
    );
  });
}

async function revoke(invocation: Invocation, text: string): Promise<void> {
  await using connection = await connected(invocation);
  const { token, name } = await findToken(connection.client, text);
  await connection.client.call('endpoint.token-revoke', { token });
  await invocation.output.result({ token, name }, () => `Revoked the token for ${name}\n`);
}

/** Shows the key's fingerprint, and records that a person compared it. */
async function verify(
  invocation: Invocation,
  text: string,
  { yes = false }: { yes?: boolean | undefined },
): Promise<number> {
  const { output, terminal } = invocation;
  await using connection = await connected(invocation);
  const { endpoint, name, key, isVerified } = await findEndpoint(connection.client, text);
  const fingerprint = keyFingerprint(key);
  if (isVerified) {
    await output.result({ endpoint, name, fingerprint }, () => `${name} is verified already\n`);
    return EXIT.done;
  }
  const facts = output.facts([
    ['machine', `${name} (${endpoint})`],
    ['fingerprint', fingerprint],
  ]);
  await output.note(facts.trimEnd());
  const question = 'Is it the one that the machine itself printed?';
  if (!yes && !(await confirm(terminal, question, { flag: '--yes' }))) {
    await output.advice(
      `It stays pending. If it is another machine: caisey endpoint rm ${nameToPaste(name)}`,
    );
    return EXIT.refused;
  }
  const { index } = await connection.client.call('endpoint.verify', { endpoint });
  await output.result(
    { endpoint, name, fingerprint, index },
    () => `Verified ${name}, entry ${index}\n`,
  );
  return EXIT.done;
}

async function remove(
  invocation: Invocation,
  name: string,
  { reason = null, yes = false }: { reason?: string | null | undefined; yes?: boolean | undefined },
): Promise<number> {
  const { output, terminal } = invocation;
  await using connection = await connected(invocation);
  const found = await findEndpoint(connection.client, name);
  const { endpoint, openSessions } = found;
  const sessions =
    openSessions === 0 ? '' : ` ${formatCount(openSessions, 'open session')} there will end.`;
  const question = `Remove "${visibleText(found.name)}" (${endpoint}) for good?${sessions} To come back it must be enrolled anew.`;
  if (!yes && !(await confirm(terminal, question, { flag: '--yes' }))) {
    await output.note('Nothing was removed.');
    return EXIT.refused;
  }
  const { index } = await connection.client.call('endpoint.remove', { endpoint, reason });
  await output.result(
    { endpoint, name: found.name, index },
    () => `Removed ${found.name}, entry ${index}\n`,
  );
  return EXIT.done;
}
