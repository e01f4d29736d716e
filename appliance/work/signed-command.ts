// A command as a technician's client sends it: the session key's statement, and the six disclosures that it
// signed by digest. Hostile until `openSignedCommand` returns.

import { type Disclosure, parseDisclosure } from '#crypto/disclosure.ts';
import { describeIssue } from '#crypto/issue.ts';
import { COMMAND_FIELDS } from '#crypto/kind.ts';
import {
  checkInForce,
  type Envelope,
  type Signed,
  type StatementOf,
  verifyStatement,
} from '#crypto/statement.ts';
import type { SignedCommand } from '../protocol/client-message.ts';
import { type CommandFields, commandFieldsSchema } from '../protocol/command-fields.ts';
import { WorkError } from './error.ts';

/** A command that its session's key signed, with what it discloses. */
export interface OpenedCommand {
  readonly envelope: Envelope;
  readonly signed: Signed<'command'>;
  readonly disclosed: Readonly<Record<keyof CommandFields, Disclosure>>;
  readonly fields: CommandFields;
}

/**
 * Opens a command for a session.
 * @throws {WorkError} code `command-mismatch` when it was signed for something else, or by another key
 * @throws {VerifyError} when its signature does not hold or it is out of time
 */
export async function openSignedCommand(
  { envelope, disclosures }: SignedCommand,
  {
    log,
    session,
    purpose,
    atMs,
  }: {
    log: string;
    session: StatementOf<'session'>;
    purpose: StatementOf<'command'>['purpose'];
    atMs: number;
  },
): Promise<OpenedCommand> {
  const signed = await verifyStatement(envelope, { type: 'command', log });
  const { statement } = signed;
  checkInForce(statement, atMs);
  const isForThis =
    statement.by === session.delegate &&
    statement.session === session.session &&
    statement.endpoint === session.endpoint &&
    statement.purpose === purpose;
  if (!isForThis) {
    throw new WorkError('command-mismatch', 'Cannot run command: signed for another session');
  }
  const disclosed = byName(disclosures.map(parseDisclosure));
  for (const name of COMMAND_FIELDS) {
    if (disclosed[name].digest !== statement.digests[name]) {
      throw new WorkError(
        'command-mismatch',
        `Cannot run command: "${name}" is not what was signed`,
      );
    }
  }
  const fields = commandFieldsSchema.safeParse(
    Object.fromEntries(COMMAND_FIELDS.map((name) => [name, disclosed[name].value])),
  );
  if (!fields.success) {
    throw new WorkError('command-mismatch', `Cannot run command: ${describeIssue(fields.error)}`);
  }
  return { envelope, signed, disclosed, fields: fields.data };
}

function byName(disclosures: readonly Disclosure[]): Record<keyof CommandFields, Disclosure> {
  const found = (name: keyof CommandFields): Disclosure => {
    const disclosure = disclosures.find((candidate) => candidate.name === name);
    if (disclosure === undefined) {
      throw new WorkError('command-mismatch', `Cannot run command: "${name}" is missing`);
    }
    return disclosure;
  };
  return {
    command: found('command'),
    shell: found('shell'),
    cwd: found('cwd'),
    env: found('env'),
    timeout_ms: found('timeout_ms'),
    output_limit: found('output_limit'),
  };
}
