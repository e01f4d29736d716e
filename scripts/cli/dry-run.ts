// `caisey run --dry-run`: what would become of a command, by the site's own judgement of now. Nothing is signed, run
// or recorded, so it asks in a session that is open already.

import type { AnswerOf } from '#appliance/protocol/client-message.ts';
import { ClientError } from '#appliance/protocol/client.ts';
import { visibleText } from '#crypto/visible.ts';
import type { Connection } from './connect.ts';
import { CliError } from './error.ts';
import { EXIT } from './exit-code.ts';
import type { Invocation } from './invocation.ts';
import { nameToPaste } from './name.ts';
import { findEndpoint } from './reference.ts';
import { openSessionFor, type RunRequest } from './run-command.ts';
import { shellOn } from './sign-run.ts';

type Judged = AnswerOf<'command.judge'>;

/**
 * Says what would become of a command; answers the exit code.
 * @throws {CliError} code `no-session` when none is open to ask in
 * @throws {ClientError} when it could not be run now
 */
export async function dryRun(
  request: RunRequest,
  { invocation, connection }: { invocation: Invocation; connection: Connection },
): Promise<number> {
  const { client } = connection;
  const endpoint = await findEndpoint(client, request.endpoint);
  const open = await openSessionFor(request, { invocation, connection, endpoint });
  if (open === null) {
    throw new CliError('no-session', `Cannot look ahead: no session is open on ${endpoint.name}`, {
      hint: `A dry run records nothing, so it opens none. Open one: caisey session open ${nameToPaste(endpoint.name)}`,
    });
  }
  const { session } = open;
  const { fields, state } = request;
  const { cwd, env } = fields;
  const judge = (command: string): Promise<Judged> =>
    client.call('command.judge', {
      session,
      fields: { command, shell: shellOn(endpoint, fields), cwd, env },
    });
  if (state !== null && (await judge(state)).effect !== 'allow') {
    const why = 'Cannot capture state: policy does not allow its command without asking';
    throw new ClientError('state-not-read-only', why);
  }
  const judged = await judge(fields.command);
  await invocation.output.result({ session, ...judged }, () => `${judgedLine(judged)}\n`);
  return judged.effect === 'deny' ? EXIT.refused : EXIT.done;
}

const TITLES = {
  allow: 'Runs at once',
  ask: 'Waits for the client',
  deny: 'Refused by the policy',
} as const satisfies Record<Judged['effect'], string>;

function judgedLine({ effect, rule, why }: Judged): string {
  return visibleText(`${TITLES[effect]}: ${why}${rule === null ? '' : ` (${rule})`}`);
}
