// `caisey log …`: examine the whole log, and take it out as public files.

import type { Act, Invocation } from './invocation.ts';
import type { Parent } from './program.ts';

export function addLog(parent: Parent, act: Act): void {
  const log = parent.command('log').description('examine the log, or take it out as public files');
  log
    .command('fsck')
    .description('examine every stored byte of the log (owners, or on the appliance itself)')
    .option('--offline', "read the appliance's folder of this home; the appliance must be stopped")
    .addHelpText('after', '\nExample:\n  $ caisey log fsck --format json')
    .action(({ offline = false }) =>
      act(async (invocation) => examine(invocation, { isOffline: offline })),
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
