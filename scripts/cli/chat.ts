// `caisey chat`: a word in a session, on record like all else in it.

import { CliError } from './error.ts';
import { type Act, connected, type Invocation } from './invocation.ts';
import type { Parent } from './program.ts';
import { findSession } from './reference.ts';

export function addChat(parent: Parent, act: Act): void {
  parent
    .command('chat')
    .description('say something in a session; it is on record')
    .argument('<where>', 'an endpoint with an open session, or a session')
    .argument('<text...>', 'what to say')
    .addHelpText('after', '\nExample:\n  $ caisey chat web "I restart nginx now."')
    .action((where, text) => act((invocation) => say(invocation, where, text.join(' '))));
}

async function say(invocation: Invocation, where: string, text: string): Promise<void> {
  await using connection = await connected(invocation);
  const { client } = connection;
  const { endpoints } = await client.call('endpoint.list', {});
  const endpoint = endpoints.find(({ name }) => name === where);
  if (endpoint?.openSession === null) {
    throw new CliError('no-session', `Cannot chat: no session is open on ${endpoint.name}`, {
      hint: 'Open one: "caisey session open".',
    });
  }
  const session = endpoint?.openSession ?? (await findSession(client, where)).session;
  const { index } = await client.call('chat.say', { session, text });
  await invocation.output.result({ session, index }, () => `Said, entry ${index}\n`);
}
