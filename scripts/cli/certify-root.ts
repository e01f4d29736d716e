// What `caisey site certify-root` does: signs, by the MSP's root key of this home, that rosters by another root set
// count wherever this one is pinned. Nothing changes at the site by it: the certificate travels in the roster that
// the other root signs.

import { commonOf } from '#appliance/protocol/session-key.ts';
import { formatRootCertificate } from '#crypto/root-certificate.ts';
import { parseRootSet, rootCode } from '#crypto/root-set.ts';
import { signStatement, statementSigner } from '#crypto/statement.ts';
import { CliError } from './error.ts';
import { loadKey } from './home.ts';
import type { Invocation } from './invocation.ts';
import { confirm } from './prompt.ts';
import { formatMoment } from './quantity.ts';

/** What is pinned holds for good; a certificate for so long. */
const CERTIFICATE_LIFE_MS = 10 * 365 * 86_400_000;

/**
 * Shows the code of a root set, asks, and prints the certificate.
 * @throws {CliError} `usage` for what is no root set, `declined` without a yes
 */
export async function certifyRoot(
  { home, output, terminal }: Invocation,
  root: string,
  options: { rootKey?: string | undefined; yes: boolean },
): Promise<void> {
  const text = (root === '-' ? await terminal.stdin.readAll() : root).trim();
  const keys = parseRoots(text);
  const { key, signer } = await loadKey(options.rootKey ?? home.rootKey);
  if (keys.includes(key)) {
    throw new CliError('exists', 'Cannot certify root: it holds the key that would certify it', {
      hint: 'Nothing is needed: rosters by that root count here already.',
    });
  }
  const code = rootCode(text);
  const count = `${keys.length} ${keys.length === 1 ? 'key' : 'keys'}`;
  await output.note(`The root has ${count}. Its code is  ${code}  and must be the console's.`);
  const question = 'May this root say who may ask here, for ten years?';
  if (!options.yes && !(await confirm(terminal, question, { flag: '--yes' }))) {
    throw new CliError('declined', 'Nothing was certified');
  }
  const common = commonOf({ key }, { nowMs: terminal.now(), lifeMs: CERTIFICATE_LIFE_MS });
  const envelope = await signStatement(
    { ...common, type: 'root', keys: text },
    statementSigner(signer),
  );
  const certificate = formatRootCertificate(envelope);
  const { expires } = common;
  await output.result({ certificate, code, by: key, expires }, () => `${certificate}\n`);
  await output.note(`Good until ${formatMoment(expires)}. Paste it in the console.`);
}

function parseRoots(text: string): readonly string[] {
  try {
    return parseRootSet(text);
  } catch (cause) {
    throw new CliError('usage', 'Cannot certify root: that is no root set', {
      cause,
      hint: 'Copy the whole command that the console shows, with its quotation marks.',
    });
  }
}
