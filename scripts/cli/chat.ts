// `caisey chat`: a word in a session, on record like all else in it.

import type { EndpointSummary } from '#appliance/protocol/endpoint-summary.ts';
import { listEndpoints } from '#appliance/protocol/lists.ts';
import type { Connection } from './connect.ts';
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
  const endpoint = (await listEndpoints(client)).find(({ name }) => name === where);
  const session =
    endpoint === undefined
      ? (await findSession(client, where)).session
      : await sessionIn(invocation, connection, endpoint);
  const { index } = await client.call('chat.say', { session, text });
  await invocation.output.result({ session, index }, () => `Said, entry ${index}\n`);
}

async function sessionIn(
  invocation: Invocation,
  connection: Connection,
  endpoint: EndpointSummary,
): Promise<string> {
  const { sessionToSpeakIn } = await import('./own-session.ts');
  const choose = 'its id in place of the name';
  return sessionToSpeakIn(invocation, connection, { endpoint, choose });
}
