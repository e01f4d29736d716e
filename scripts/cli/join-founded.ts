// Joining with a site that is founded already: it keeps its log, its keys and its name, and says so to the console
// by its log's own signature. Nothing is to be claimed: whom it obeys was settled when it was founded, and
// the console's people come in when its own root has certified theirs (`certify-root.ts`).

import { loadConfig, loadKeyFile, placesIn, saveConsole } from '#appliance/config.ts';
import { lockOwner } from '#appliance/ledger/lock.ts';
import type { JoinToken } from '#appliance/protocol/join-message.ts';
import { formatVerifierKey, verifierKey } from '#crypto/key.ts';
import { visibleText } from '#crypto/visible.ts';
import { askConsole } from './console-door.ts';
import { CliError } from './error.ts';
import type { Invocation } from './invocation.ts';

/**
 * Joins the founded site of a folder. Joined before at the same place, it takes in where the relay is now. Answers
 * whether the appliance may run on from here: not when it runs already.
 * @throws {CliError} code `exists` when it belongs to another console
 */
export async function joinFounded(
  { output, signal }: Invocation,
  token: JoinToken,
  { folder, replace }: { folder: string; replace: boolean },
): Promise<boolean> {
  const places = placesIn(folder);
  const { origin, console: before } = await loadConfig(folder);
  if (before !== undefined && before.site !== token.site && !replace) {
    throw new CliError('exists', 'Cannot join: this site belongs to another console', {
      hint: 'Nothing was changed. To leave that one for this one, add --replace to the command.',
    });
  }
  const [{ signer }, peer] = await Promise.all([
    loadKeyFile(places.logKey),
    loadKeyFile(places.peerKey),
  ]);
  const log = { key: formatVerifierKey(verifierKey(origin, 0x01, signer.publicKey)), signer };
  const { relay, organisation } = await askConsole(token, { peer, origin, log, signal });
  await saveConsole(folder, {
    ...{ site: token.site, ...relay, level: before?.level ?? 'standard' },
  });
  const pid = await lockOwner(places.log);
  await output.result({ organisation, origin, folder, running: pid }, () =>
    [
      `Joined the console of ${visibleText(organisation)}.\n\n`,
      `  Site  ${origin}: its log, keys and rules are as before\n`,
    ].join(''),
  );
  await output.note(
    `\nNext: "caisey site certify-root" lets that organisation's people in here; its page says which root.` +
      (pid === null ? '' : `\nThe appliance runs (process ${pid}): stop it and start it again.`),
  );
  return pid === null;
}
