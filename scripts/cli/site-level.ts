// `caisey site level …`: what the client lets the console know of the site, by an approver's key.

import { signDigest } from '#appliance/protocol/digest-choice.ts';
import { LEVEL_WORDS, NEVER_TOLD } from '#appliance/protocol/digest-words.ts';
import type { DigestLevel } from '#crypto/digest-level.ts';
import { statementSigner, type StatementOf, verifyStatement } from '#crypto/statement.ts';
import type { Connection } from './connect.ts';
import { CliError } from './error.ts';
import { connected, type Invocation } from './invocation.ts';
import { statementInForce } from './site-change.ts';

type Said = StatementOf<'digest'>;

/** The choice that the site names; null: no approver has said. Its signature holds. */
async function named({ client, origin }: Connection): Promise<Said | null> {
  const { digest } = await client.call('site.statements', {});
  if (digest === null) return null;
  return (await verifyStatement(digest, { type: 'digest', log: origin })).statement;
}

/**
 * The choice in force, by an approver of the list in force. One who said it and was struck off since looks from here
 * like anybody who never was one.
 * @throws {CliError} code `not-verified` when it is by no approver
 */
async function inForce(connection: Connection): Promise<Said | null> {
  const said = await named(connection);
  if (said === null) return null;
  const { approvers } = await statementInForce(connection, 'authority');
  if (approvers.some(({ key }) => key === said.by)) return said;
  throw new CliError(
    'not-verified',
    `Cannot trust the level "${said.level}": its signer is not among the approvers`,
    {
      hint: 'Either they were taken out since, or never were one; the site\'s page in the console tells which. An approver can say it anew: "caisey site level set LEVEL --key FILE".',
    },
  );
}

export async function showLevel(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await using connection = await connected(invocation);
  const digest = await inForce(connection);
  const said = digest && { level: digest.level, version: digest.version };
  await output.result(said ?? { level: null, version: 0 }, () =>
    digest === null
      ? 'No approver has said: the level in site.json counts.\n'
      : output.facts([
          ['level', `${digest.level} (${LEVEL_WORDS[digest.level].name})`],
          ['told', LEVEL_WORDS[digest.level].told],
          ['version', String(digest.version)],
        ]),
  );
  await output.note(NEVER_TOLD, 'dim');
}

/** Signs another choice by the key in use; the site refuses any that is no approver's. */
export async function setLevel(invocation: Invocation, level: DigestLevel): Promise<void> {
  const { output, terminal } = invocation;
  await using connection = await connected(invocation);
  const { client, key, origin } = connection;
  const version = ((await named(connection))?.version ?? 0) + 1;
  const envelope = await signDigest(
    { log: origin, version, level },
    { approver: statementSigner(key.signer), nowMs: terminal.now() },
  );
  const changed = await client.call('site.change', { envelope });
  await output.result(
    { ...changed, level },
    () => `It counts from now: ${level}. ${LEVEL_WORDS[level].told}\n`,
  );
}
