// `caisey records …`: take evidence out of the log. It is verified before it is written.

import type { Bytes } from '#crypto/bytes.ts';
import { visibleText } from '#crypto/visible.ts';
import type { Caller } from './connect.ts';
import { CliError } from './error.ts';
import { EXIT } from './exit-code.ts';
import { type Act, connected, type Invocation } from './invocation.ts';
import type { Parent } from './program.ts';
import { formatSize } from './quantity.ts';
import { findSession } from './reference.ts';

export function addRecords(parent: Parent, act: Act): void {
  const records = parent.command('records').description('take evidence out of the log');
  records
    .command('export')
    .description('write the evidence of a closed session, verified, as one file')
    .argument('<session>', 'id, or the beginning of it')
    .option('--out <file>', 'where; by default <session>.evidence.json here')
    .option('--trust <file>', 'what to verify by; by default trust.json in your home')
    .addHelpText(
      'after',
      '\nThe file can be verified by anybody: caisey verify FILE --trust trust.json\n' +
        '\nExample:\n  $ caisey records export 2Xk4 --out dns.evidence.json',
    )
    .action((session, options) =>
      act((invocation) => exportEvidence(invocation, session, options)),
    );
}

async function exportEvidence(
  invocation: Invocation,
  id: string,
  options: { out?: string | undefined; trust?: string | undefined },
): Promise<number> {
  const { output, home, terminal } = invocation;
  const { loadTrust, verifyBytes } = await import('./verify-file.ts');
  await using connection = await connected(invocation);
  const loaded = await loadTrust(options.trust, home);
  const { session, state } = await findSession(connection.client, id);
  if (state === 'open') {
    throw new CliError('usage', `Cannot export: session ${session} is open still`, {
      hint: `Evidence is of a session that has ended. Close it first: caisey session close ${session}`,
    });
  }
  const out = options.out ?? `${session}.evidence.json`;
  const { createPrivateFile, isThere } = await import('./home.ts');
  if (await isThere(out)) {
    throw new CliError('exists', `Cannot write "${out}": it is there already`, {
      hint: 'Name another file by --out.',
    });
  }
  const bytes = await fetchEvidence(connection.client, { session, invocation });
  const report = await verifyBytes(bytes, loaded);
  const { checks, verdict, firstBroken } = report;
  if (verdict !== 'verified') {
    const broken = checks.find(({ outcome }) => outcome === 'failed');
    const isOfAnother = broken?.name === 'log-signature';
    throw new CliError(
      'not-verified',
      `Cannot export: the evidence does not hold: ${broken?.name ?? ''}: ${broken?.detail ?? ''}`,
      { hint: `Nothing was written. ${isOfAnother ? OTHER_TRUST : EXAMINE}` },
    );
  }
  await createPrivateFile(out, bytes);
  await output.result(
    { file: out, session, bytes: bytes.length, verdict, firstBroken, summary: report.summary },
    () => `${out}\n`,
  );
  const mark = terminal.isUnicode ? '✔ ' : '';
  const by = visibleText(loaded.path);
  await output.note(`${mark}Verified by ${by}, ${formatSize(bytes.length)}`, 'green');
  return EXIT.done;
}

const OTHER_TRUST = "Give this site's trust file by --trust.";
const EXAMINE = '"caisey log fsck" examines the whole log.';

async function fetchEvidence(
  client: Caller,
  { session, invocation }: { session: string; invocation: Invocation },
): Promise<Bytes> {
  const { MAX_EVIDENCE_BYTES } = await import('#crypto/evidence-file.ts');
  const { parseBase64 } = await import('#crypto/base64.ts');
  const { concatBytes } = await import('#crypto/bytes.ts');
  const chunks: Bytes[] = [];
  let length = 0;
  const { bytes } = await client.call(
    'records.export',
    { session },
    {
      signal: invocation.signal,
      onEvent: (event) => {
        if (event.kind !== 'chunk') return;
        const chunk = parseBase64(event.data);
        length += chunk.length;
        if (length > MAX_EVIDENCE_BYTES) throw tooLarge();
        chunks.push(chunk);
      },
    },
  );
  if (bytes === length) return concatBytes(...chunks);
  throw new CliError('not-verified', `Cannot export: expected ${bytes} bytes, got ${length}`);
}

function tooLarge(): CliError {
  return new CliError('not-verified', 'Cannot export: more than an evidence file can have');
}
