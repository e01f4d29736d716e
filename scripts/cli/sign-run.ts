// What `caisey run` signs with the session's key: the command, and the one that shows the state around it.

import type { SignedCommand } from '#appliance/protocol/client-message.ts';
import { type CommandFields, isBlank, isWholePath } from '#appliance/protocol/command-fields.ts';
import type { EndpointSummary } from '#appliance/protocol/endpoint-summary.ts';
import { signCommand } from '#appliance/protocol/session-key.ts';
import { statementSigner } from '#crypto/statement.ts';
import { CliError } from './error.ts';
import type { HeldSession } from './session-file.ts';

export type RunFields = Omit<CommandFields, 'shell'> & {
  /** Null: what the endpoint's system has. */
  readonly shell: CommandFields['shell'] | null;
};

export interface SignedRun {
  /** Hash of the command's statement. */
  readonly hash: string;
  readonly commands: {
    readonly command: SignedCommand;
    readonly before: SignedCommand | null;
    readonly after: SignedCommand | null;
  };
}

/**
 * Refuses what could not begin anywhere, before a session is opened for it.
 * @throws {CliError} code `usage`
 */
export function checkRunnable({ fields: { command, cwd }, state }: Unsigned): void {
  if (isBlank(command)) {
    throw new CliError('usage', 'Cannot run command: it is empty', {
      hint: 'Write it after "--": caisey run web -- df -h',
    });
  }
  if (state !== null && isBlank(state)) {
    throw new CliError('usage', 'Cannot capture state: the command after --state is empty');
  }
  if (cwd !== null && !isWholePath(cwd)) {
    throw new CliError('usage', `Cannot run in "${cwd}": it is not a whole path`, {
      hint: 'Write it from the root: --cwd /srv/app, on Windows --cwd C:\\app',
    });
  }
}

interface Unsigned {
  readonly fields: RunFields;
  readonly state: string | null;
}

/** Signs what is run in a session. */
export async function signRun(
  { fields, state }: Unsigned,
  {
    session,
    endpoint,
    log,
    nowMs,
  }: { session: HeldSession; endpoint: EndpointSummary; log: string; nowMs: number },
): Promise<SignedRun> {
  const shell = shellOn(endpoint, fields);
  const sign = (purpose: 'work' | 'state-before' | 'state-after', command: string) =>
    signCommand({
      place: { log, endpoint: session.endpoint, session: session.session },
      key: statementSigner(session.key),
      ...{ purpose, fields: { ...fields, shell, command } },
      nowMs,
    });
  const { hash, ...command } = await sign('work', fields.command);
  const before = state === null ? null : withoutHash(await sign('state-before', state));
  const after = state === null ? null : withoutHash(await sign('state-after', state));
  return { hash, commands: { command, before, after } };
}

/** The shell that reads a command on an endpoint. */
export function shellOn(
  { host }: EndpointSummary,
  { shell }: Pick<RunFields, 'shell'>,
): CommandFields['shell'] {
  return shell ?? (host?.os === 'win32' ? 'powershell' : 'sh');
}

function withoutHash({ envelope, disclosures }: SignedCommand): SignedCommand {
  return { envelope, disclosures };
}
