// `caisey log …`: examine the whole log, and take it out as public files.

import type { Act, Invocation } from './invocation.ts';
import { CliError } from './error.ts';
import type { Parent } from './program.ts';

/** So many entries are shown unless more are asked for. */
const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1000;

export function addLog(parent: Parent, act: Act): void {
  const log = parent
    .command('log')
    .description('look into the log, examine it, or take it out as public files');
  log
    .command('fsck')
    .description('examine every stored byte of the log (owners, or on the appliance itself)')
    .option('--offline', "read the appliance's folder of this home; the appliance must be stopped")
    .addHelpText('after', '\nExample:\n  $ caisey log fsck --format json')
    .action(({ offline = false }) =>
      act(async (invocation) => examine(invocation, { isOffline: offline })),
    );
  log
    .command('ls')
    .description('show the newest entries of a kind; the alerts, if none is named')
    .option('--kind <kind>', 'a kind, as the log names it; may be repeated', collect)
    .option('--limit <count>', `so many at most (${DEFAULT_LIMIT})`, parseLimit)
    .addHelpText('after', '\nExample:\n  $ caisey log ls --kind endpoint.removed')
    .action(({ kind: kinds = [], limit = DEFAULT_LIMIT }) =>
      act(async (invocation) =>
        (await import('./log-ls.ts')).listLog(invocation, { kinds, limit }),
      ),
    );
  log
    .command('export')
    .description('write the log as a C2SP tlog-tiles folder: leaves and proofs, nothing private')
    .argument('<dir>', 'a folder that does not exist yet')
    .option('--offline', "read the appliance's folder of this home; the appliance must be stopped")
    .addHelpText('after', '\nExample:\n  $ caisey log export bakery-log')
    .action((dir, { offline = false }) =>
      act(async (invocation) => exportLog(invocation, dir, { isOffline: offline })),
    );
}

function collect(kind: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), kind];
}

function parseLimit(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new CliError('usage', `Cannot list: "${text}" is no number from 1 to ${MAX_LIMIT}`);
}

async function examine(
  invocation: Invocation,
  { isOffline }: { isOffline: boolean },
): Promise<number> {
  const { fsckLog } = await import('./log-fsck.ts');
  return fsckLog(invocation, { isOffline });
}

async function exportLog(
  invocation: Invocation,
  dir: string,
  { isOffline }: { isOffline: boolean },
): Promise<void> {
  const { exportTo } = await import('./log-export.ts');
  return exportTo(invocation, dir, { isOffline });
}
