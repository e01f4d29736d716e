// `caisey appliance …`: the site's box on this machine. It is a program of its own (appliance/main.ts); here it
// gets a folder and the terminal.

import { CliError } from './error.ts';
import type { Act, Invocation } from './invocation.ts';
import type { Parent } from './program.ts';

export function addAppliance(parent: Parent, act: Act): void {
  const appliance = parent.command('appliance').description("the site's appliance on this machine");
  appliance
    .command('run')
    .description('run the appliance, until it is stopped')
    .option('--dir <dir>', "the appliance's folder; by default appliance/ in your home")
    .option('--log <format>', 'text or json', 'text')
    .addHelpText(
      'after',
      '\nExit codes: 0 stopped; 1 failed; 2 a folder that cannot be used; 5 the log can no longer be\n' +
        'written or trusted: look at what it says before it is started again.\n' +
        '\nExample:\n  $ caisey appliance run --log json',
    )
    .action((options) =>
      act((invocation) => run(invocation, options), {
        interrupts: 'own',
      }),
    );
}

async function run(
  { home, terminal }: Invocation,
  { dir, log }: { dir?: string | undefined; log: string },
): Promise<number> {
  if (log !== 'text' && log !== 'json') {
    throw new CliError('usage', `Cannot log as "${log}": not text or json`);
  }
  const { checkIsAppliance } = await import('./log-source.ts');
  const { runAppliance } = await import('#appliance/main.ts');
  const folder = dir ?? home.appliance;
  await checkIsAppliance(folder);
  const write = (line: string): void => {
    terminal.stderr.write(`${line}\n`).catch(() => undefined); // who reads no log does not stop the site
  };
  return runAppliance({ folder, log, write });
}
