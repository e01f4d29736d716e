// `caisey run`: one command on one endpoint, on record, with the exit code that it had there.

import { Option } from '@commander-js/extra-typings';

import { SHELL_CHOICES } from './choices.ts';
import { CliError } from './error.ts';
import { type Act, connected, type Invocation } from './invocation.ts';
import type { Parent } from './program.ts';
import { parseDuration, parseSize } from './quantity.ts';

const EXAMPLES = `
Arguments are joined as ssh does: one argument is the exact text that the shell gets, several are
joined by spaces. Quote what your own shell must not touch. What the command gets, runs as and
prints is on record; nothing is printed here before it is.

Examples:
  $ caisey run web -- df -h
  $ caisey run web 'journalctl -u nginx --since today | tail -n 50'
  $ caisey run web --why "Free port 80" --state "ss -tlpn" -- systemctl stop apache2
  $ caisey run dns01 --shell powershell -- Restart-Service DNS
  $ caisey run web --dry-run -- systemctl restart nginx

Standard input is not sent: a command is exactly the text on record. Put what it must read into the
command itself.

A dry run asks the site, in a session that is open already, and leaves no trace; it ends with 3 when
the policy refuses the command, else with 0. What is run afterwards is judged again.

Ctrl+C cancels the command; pressed again, it leaves, and what runs is ended and recorded without you.
A terminal that is closed cancels as Ctrl+C does. When this program itself is killed or cut off, what
waits is withdrawn, what runs comes to its end on record, and the session that was opened for it is
closed.`;

export function addRun(parent: Parent, act: Act): void {
  parent
    .command('run')
    .description('run a command on an endpoint, on record')
    .argument('<endpoint>', 'name or id')
    .argument('<command...>', 'the command, after "--"')
    .addOption(
      new Option('--shell <shell>', 'what reads it; by default sh, on Windows powershell').choices(
        SHELL_CHOICES,
      ),
    )
    .option('--cwd <dir>', 'folder that it runs in, from the root')
    .option('--env <name=value>', 'a variable that it gets; may be repeated', collect)
    .option('--timeout <time>', 'ended after so long', '10m')
    .option('--output-limit <size>', 'output beyond is dropped, and counted', '64MiB')
    .option('--why <text>', 'what it is for, when the client is asked')
    .option('--state <command>', 'run before and after; what it prints shows what changed')
    .option('--reason <text>', 'why the session is opened, when none is open')
    .option('--ticket <id>', 'the ticket that a session opened for it belongs to')
    .option('--session <id>', 'the session to run in; by default the one that this home has open')
    .option('--dry-run', 'say whether it would run at once, wait or be refused; run nothing')
    .option('--raw', 'on a terminal, obey the control sequences of the output')
    .addHelpText('after', EXAMPLES)
    .action((endpoint, command, options) =>
      act((invocation) => run(invocation, { endpoint, command, options }), {
        interrupts: 'own',
      }),
    );
}

interface Options {
  readonly shell?: (typeof SHELL_CHOICES)[number] | undefined;
  readonly cwd?: string | undefined;
  readonly env?: readonly string[] | undefined;
  readonly timeout: string;
  readonly outputLimit: string;
  readonly why?: string | undefined;
  readonly state?: string | undefined;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
  readonly session?: string | undefined;
  readonly dryRun?: true | undefined;
  readonly raw?: true | undefined;
}

async function run(
  invocation: Invocation,
  {
    endpoint,
    command,
    options,
  }: { endpoint: string; command: readonly string[]; options: Options },
): Promise<number> {
  const request = {
    endpoint,
    fields: {
      command: command.join(' '),
      shell: options.shell ?? null,
      cwd: options.cwd ?? null,
      env: parseEnvironment(options.env ?? []),
      timeout_ms: parseTimeout(options.timeout),
      output_limit: parseSize(options.outputLimit),
    },
    why: options.why ?? null,
    state: options.state ?? null,
    reason: options.reason ?? null,
    ticket: options.ticket ?? null,
    session: options.session ?? null,
    isRaw: options.raw ?? false,
  };
  const { checkRunnable } = await import('./sign-run.ts');
  checkRunnable(request);
  if (options.dryRun) {
    await using connection = await connected(invocation);
    const { dryRun } = await import('./dry-run.ts');
    return await dryRun(request, { invocation, connection });
  }
  const { output, terminal } = invocation;
  if (terminal.stdin.isGiven) {
    await output.note('What is piped in is not sent: a command gets no input.', 'yellow');
  }
  const stop = new AbortController();
  const { openInterrupts } = await import('./interrupts.ts');
  using interrupts = openInterrupts(invocation.terminal, () => stop.abort());
  const work = async (): Promise<number> => {
    await using connection = await connected({ ...invocation, signal: stop.signal });
    const { runCommand } = await import('./run-command.ts');
    return await runCommand(request, { invocation, connection, interrupts });
  };
  return await Promise.race([work(), interrupts.left]); // interrupts are heard until then
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function parseTimeout(text: string): number {
  const timeoutMs = parseDuration(text);
  if (timeoutMs > 0) return timeoutMs;
  throw new CliError('usage', `Cannot run with --timeout ${text}: the command would have no time`, {
    hint: 'Write how long it may run, such as --timeout 90s.',
  });
}

function parseEnvironment(settings: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const setting of settings) {
    const at = setting.indexOf('=');
    const name = setting.slice(0, Math.max(at, 0));
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new CliError('usage', `Cannot set variable "${setting}": not like NAME=value`);
    }
    env[name] = setting.slice(at + 1);
  }
  return env;
}
