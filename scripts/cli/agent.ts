// `caisey agent …`: this machine as an endpoint. The agent is a program of its own (agent/main.ts); here it gets
// a folder and the terminal.

import { lineWriter } from '#agent/protocol/line-writer.ts';
import type { Act, Invocation } from './invocation.ts';
import { asCalled } from './program-name.ts';
import type { Parent } from './program.ts';

export function addAgent(parent: Parent, act: Act): void {
  const agent = parent.command('agent').description('this machine as an endpoint');
  agent
    .command('enrol')
    .description('enrol this machine by a one-time token of its site')
    .requiredOption('--token-file <file>', 'the token; "-" reads it from standard input')
    .option('--dir <dir>', "the endpoint's folder; by default agent/ in your home")
    .addHelpText(
      'after',
      '\nExit codes: 0 enrolled; 1 failed; 2 a folder or token that cannot be used; 3 refused: the token was\n' +
        'used or has expired, the name is taken; 4 the appliance was not reached; 5 interrupted.\n' +
        '\nExample:\n  $ caisey agent enrol --token-file web.token',
    )
    .action(({ tokenFile, dir }) =>
      act((invocation) => runAs(invocation, { dir, verb: ['enrol', '--token-file', tokenFile] }), {
        interrupts: 'own',
      }),
    );
  agent
    .command('run')
    .description('run the agent of this machine, until it is stopped')
    .option('--dir <dir>', "the endpoint's folder; by default agent/ in your home")
    .option('--log <format>', 'text or json', 'text')
    .addHelpText(
      'after',
      '\nExit codes: 0 stopped; 1 failed; 2 a folder that cannot be used; 4 the site removed this\n' +
        'endpoint, do not start it again.\n\nExample:\n  $ caisey agent run --log json',
    )
    .action(({ dir, log }) =>
      act((invocation) => runAs(invocation, { dir, verb: ['run', '--log', log] }), {
        interrupts: 'own',
      }),
    );
}

async function runAs(
  { home, terminal }: Invocation,
  { dir, verb }: { dir: string | undefined; verb: readonly string[] },
): Promise<number> {
  const { runAgent } = await import('#agent/main.ts');
  const [name = '', ...options] = verb;
  const isJson = options.includes('json'); // a log for programs is as it is
  const said = (line: string): string => (isJson ? line : asCalled(line, terminal.program));
  const out = lineWriter((text) => terminal.stdout.write(text));
  const err = lineWriter((text) => terminal.stderr.write(text));
  const code = await runAgent([name, '--dir', dir ?? home.agent, ...options], {
    out: (line) => {
      out.write(said(line));
    },
    err: (line) => {
      err.write(said(line));
    },
  });
  await Promise.all([out.written(), err.written()]);
  return code;
}
