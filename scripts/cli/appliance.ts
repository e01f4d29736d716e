// `caisey appliance …`: the site's box on this machine. It is a program of its own (appliance/main.ts); here it
// gets a folder and the terminal.

import { lineWriter } from '#agent/protocol/line-writer.ts';
import { CliError } from './error.ts';
import type { Act, Invocation } from './invocation.ts';
import { PAGE_ADDRESS } from './place.ts';
import { asCalled } from './program-name.ts';
import type { Parent } from './program.ts';

export function addAppliance(parent: Parent, act: Act): void {
  const appliance = parent.command('appliance').description("the site's appliance on this machine");
  addJoin(appliance, act);
  appliance
    .command('run')
    .description('run the appliance, until it is stopped')
    .option('--dir <dir>', "the appliance's folder; by default appliance/ in your home")
    .option('--log <format>', 'text or json', 'text')
    .addHelpText(
      'after',
      '\nExit codes: 0 stopped; 1 failed, also when a port is taken or the log could not be written; 2 a\n' +
        'folder that cannot be used; 5 the log can no longer be trusted: look at what it says before it is\n' +
        'started again.\n' +
        '\nExample:\n  $ caisey appliance run --log json',
    )
    .action((options) =>
      act((invocation) => run(invocation, options), {
        interrupts: 'own',
      }),
    );
}

const JOIN_HELP = `
The console's "Add site" shows the whole command with its token, good for one appliance. Then the
owner types the claim code that appears here, and the client sets PIN and rules on the on-site page.

A site that is founded already ("caisey site init") keeps its log, its keys and its rules, and joins
as it is, where it is: it takes no --http, --listen or --no-mdns. Certify the organisation's root besides, or its people may not come in here:
"caisey site certify-root".

Example:
  $ caisey appliance join caisey-join1.… --http 192.0.2.10:8420`;

function addJoin(appliance: Parent, act: Act): void {
  appliance
    .command('join')
    .description('join a console, and wait until the site is claimed and set up')
    .argument('<token>', 'from "Add site" in the console; "-" reads it from standard input')
    .option('--dir <dir>', "the appliance's folder; by default appliance/ in your home")
    .option(
      '--http <host:port>',
      `the on-site page and the log; "none" for neither (${PAGE_ADDRESS})`,
    )
    .option(
      '--listen <multiaddr>',
      'where it is reached on the network (/ip4/0.0.0.0/tcp/4010); may be repeated',
      (address: string, before: readonly string[] | undefined) => [...(before ?? []), address],
    )
    .option('--no-mdns', 'do not announce the appliance on the local network')
    .option('--replace', 'leave another console for this one', false)
    .option('--no-wait', 'do not run on: "caisey appliance run" does, later')
    .addHelpText('after', JOIN_HELP)
    .action((token, options) =>
      act((invocation) => join(invocation, token, options), { interrupts: 'own' }),
    );
}

async function join(
  invocation: Invocation,
  token: string,
  options: {
    dir?: string | undefined;
    http?: string | undefined;
    listen?: readonly string[] | undefined;
    mdns: boolean;
    replace: boolean;
    wait: boolean;
  },
): Promise<number> {
  const { joinConsole } = await import('./join.ts');
  const folder = options.dir ?? invocation.home.appliance;
  const text = token === '-' ? await invocation.terminal.stdin.readAll() : token;
  const mayRun = await joinConsole(invocation, text, { ...options, folder });
  return options.wait && mayRun ? run(invocation, { dir: folder, log: 'text' }) : 0;
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
  const lines = lineWriter((text) => terminal.stderr.write(text));
  const write = (line: string): void => {
    lines.write(log === 'json' ? line : asCalled(line, terminal.program));
  };
  const code = await runAppliance({ folder, log, write });
  await lines.written();
  return code;
}
