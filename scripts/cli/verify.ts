// `caisey verify`: what an auditor runs. A file, a trust file, no network; every check by name.

import type { EvidenceReport } from '#crypto/evidence.ts';
import { visibleText } from '#crypto/visible.ts';
import { EXIT } from './exit-code.ts';
import type { Act, Invocation } from './invocation.ts';
import type { Parent } from './program.ts';
import { formatCount, formatMoment, formatSize } from './quantity.ts';
import type { LoadedTrust } from './verify-file.ts';
import type { Paint } from './table.ts';

const LARGE_BYTES = 4 * 1024 * 1024;

export function addVerify(parent: Parent, act: Act): void {
  parent
    .command('verify')
    .description('verify an evidence file, off line')
    .argument('<file>', 'the evidence file')
    .option('--trust <file>', 'whose signatures count; by default trust.json in your home')
    .option('--transcript <file>', 'write the session as text there')
    .addHelpText(
      'after',
      '\nExit codes: 0 verified; 1 it does not hold, and which check and entry broke is named; 2 a file\n' +
        'that cannot be used. Trust comes from you, never from the file.\n' +
        '\nExample:\n  $ caisey verify dns.evidence.json --trust corner-bakery.trust.json',
    )
    .action((file, options) => act((invocation) => verify(invocation, file, options)));
}

async function verify(
  invocation: Invocation,
  file: string,
  options: { trust?: string | undefined; transcript?: string | undefined },
): Promise<number> {
  const { output, home, terminal } = invocation;
  const { loadEvidence, loadTrust, verifyBytes } = await import('./verify-file.ts');
  const loaded = await loadTrust(options.trust, home);
  const bytes = await loadEvidence(file);
  if (bytes.length > LARGE_BYTES) {
    await output.note(`Verifying ${formatSize(bytes.length)} …`, 'dim');
  }
  const report = await verifyBytes(bytes, loaded);
  if (options.transcript !== undefined) {
    const { renderTranscript } = await import('#crypto/transcript.ts');
    const { createPrivateFile } = await import('./home.ts');
    await createPrivateFile(options.transcript, renderTranscript(report));
  }
  const { transcript: _, ...result } = report;
  await output.result({ ...result, trustFile: loaded.path }, () => {
    const style = { paint: output.paint, isUnicode: terminal.isUnicode };
    return `${reportLines(report, loaded, style).join('\n')}\n`;
  });
  return report.verdict === 'verified' ? EXIT.done : EXIT.failed;
}

/** A report in lines for people; all that is hostile in it is made visible. */
export function reportLines(
  report: EvidenceReport,
  { path, isDefault }: Pick<LoadedTrust, 'path' | 'isDefault'>,
  { paint, isUnicode }: { paint: Paint; isUnicode: boolean },
): readonly string[] {
  const { verdict, checks, withheld, notProved, summary, log, session } = report;
  const isVerified = verdict === 'verified';
  const kinds = Object.entries(withheld.kinds);
  const claims = summaryLines(summary, { log, session });
  const title = isVerified ? [] : ['What the file claims, without proof:'];
  return [
    ...headLines(report, { paint }),
    `Trust: ${visibleText(path)}${isDefault ? ', of your home; --trust names another' : ''}`,
    '',
    ...(claims.length === 0 ? [] : [...title, ...claims, '']),
    ...checks.map((check) => checkLine(check, { paint, isUnicode })),
    '',
    kinds.length > 0 ? 'Withheld:' : `Withheld: ${isVerified ? 'nothing' : 'not checked'}`,
    ...kinds.map(([name, count]) => `  ${count} of ${visibleText(name)}`),
    '',
    'Not proved:',
    ...notProved.map((words) => `  - ${visibleText(words)}`),
  ];
}

/** The verdict; when it failed, by which checks, from which entry on, and why. */
function headLines(
  { verdict, checks, firstBroken }: EvidenceReport,
  { paint }: { paint: Paint },
): readonly string[] {
  if (verdict === 'verified') return [paint('bold', paint('green', 'VERIFIED'))];
  const failed = checks.filter(({ outcome }) => outcome === 'failed');
  const which = failed.map(({ name }) => name).join(', ');
  const where = firstBroken === null ? '' : `; first broken at entry ${firstBroken}`;
  const headline = `${paint('bold', paint('red', 'FAILED'))}: ${which}${where}`;
  return [headline, ...failed.map(({ detail }) => `  ${visibleText(detail)}`)];
}

function summaryLines(
  {
    client,
    site,
    endpointName,
    technician,
    reason,
    openedAt,
    closedAt,
    entries,
    commands,
    stateCommands,
    approvals,
  }: EvidenceReport['summary'],
  { log, session }: Pick<EvidenceReport, 'log' | 'session'>,
): readonly string[] {
  const shown = stateCommands === 0 ? '' : `, and ${stateCommands} to show the state around them`;
  const rows: readonly (readonly [string, string | null])[] = [
    ['log', log],
    ['session', session],
    ['client', [client, site].filter((name) => name !== null).join(', ') || null],
    ['endpoint', endpointName],
    ['technician', technician],
    ['reason', reason],
    ['from', openedAt === null ? null : formatMoment(openedAt)],
    ['to', closedAt === null ? null : formatMoment(closedAt)],
    [
      'commands',
      entries === 0 ? null : `${commands}, with ${formatCount(approvals, 'approval')}${shown}`,
    ],
  ];
  return rows
    .filter(([, value]) => entries > 0 || value !== null) // nothing was opened: no dash says anything
    .map(([name, value]) => `${name.padEnd(12)}${visibleText(value ?? '-')}`);
}

function checkLine(
  { name, outcome, detail, index }: EvidenceReport['checks'][number],
  { paint, isUnicode }: { paint: Paint; isUnicode: boolean },
): string {
  const where = index === null ? '' : ` (entry ${index})`;
  const text = `${name.padEnd(22)}${visibleText(detail)}${where}`;
  switch (outcome) {
    case 'passed':
      return `${paint('green', isUnicode ? '✔' : 'ok  ')} ${text}`;
    case 'failed':
      return `${paint('red', isUnicode ? '✘' : 'FAIL')} ${text}`;
    case 'not-applicable':
      return `${paint('dim', isUnicode ? '–' : '-   ')} ${text}`;
    case 'not-checked':
      return `${paint('dim', isUnicode ? '?' : '?   ')} ${name.padEnd(22)}not checked: ${visibleText(detail)}`;
    default:
      throw new Error(`unreachable: outcome ${String(outcome satisfies never)}`);
  }
}
