// `caisey site level …`: what the client lets the console know of the site, by an approver's key.

import { signDigest } from '#appliance/protocol/digest-choice.ts';
import { LEVEL_WORDS, NEVER_TOLD } from '#appliance/protocol/digest-words.ts';
import type { DigestLevel } from '#crypto/digest-level.ts';
import { statementSigner, verifyStatement } from '#crypto/statement.ts';
import { connected, type Invocation } from './invocation.ts';
import { levelInForce } from './level-in-force.ts';

export async function showLevel(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await using connection = await connected(invocation);
  const digest = await levelInForce(connection);
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
  const { digest } = await client.call('site.statements', {});
  const said = digest && (await verifyStatement(digest, { type: 'digest', log: origin }));
  const version = (said?.statement.version ?? 0) + 1;
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
