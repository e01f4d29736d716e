// The command line as a program: its options, its verbs, and how one call of it runs from arguments to exit code.
// What a verb needs is loaded when it acts, so that `--help` and `verify` are there at once.

import {
  Command,
  CommanderError,
  type CommandUnknownOpts,
  Option,
} from '@commander-js/extra-typings';

import { addAgent } from './agent.ts';
import { addAppliance } from './appliance.ts';
import { isBrokenPipe } from './broken-pipe.ts';
import { addChat } from './chat.ts';
import { addEndpoint } from './endpoint.ts';
import { CliError, type Problem, problemOf } from './error.ts';
import { BROKEN_PIPE, EXIT, EXIT_HELP } from './exit-code.ts';
import type { Act, Invocation } from './invocation.ts';
import { addKey } from './key.ts';
import { addLog } from './log.ts';
import { addLs } from './ls.ts';
import { FORMATS, Output } from './output.ts';
import { defaultHome, homeAt } from './place.ts';
import { addRecords } from './records.ts';
import { formatCount } from './quantity.ts';
import { asCalled } from './program-name.ts';
import { protectIds } from './reference.ts';
import { addRequest } from './request.ts';
import { addRun } from './run.ts';
import { addSession } from './session.ts';
import { addSite } from './site.ts';
import type { Terminal } from './terminal.ts';
import { formatWanted, helpLast, parseVerb, verbPath } from './verb.ts';
import { addVerify } from './verify.ts';

/** A command that verbs are added to. */
export type Parent = CommandUnknownOpts;

const INTRODUCTION =
  "Repair machines at a client's site with the client's signed consent, and leave a record that anybody can verify.";

const FIRST_STEPS = `
First steps, on one machine, which is appliance and endpoint at once:
  $ caisey site init --client "Corner Bakery" --site "Main Street" \\
      --msp "Acme IT" --owner "Olga Owner" --approver "Carla Client"
  $ caisey appliance run                        (it stays; go on in another terminal)
  $ caisey endpoint token --name web --out web.token
  $ caisey agent enrol --token-file web.token   (prints the fingerprint of its key)
  $ caisey agent run                            (it stays; go on in another terminal)
  $ caisey endpoint verify web                  (compare the fingerprint)
  $ caisey run web --reason "Site is slow" -- df -h
`;

/** Runs one call of the command line. Answers its exit code; never throws. */
export async function runCaisey(argv: readonly string[], terminal: Terminal): Promise<number> {
  const output = new Output(terminal, formatWanted(argv));
  const call: Call = { terminal, output, exitCode: EXIT.done, said: [], misused: '', verb: null };
  const program = createProgram(call);
  try {
    const words = helpLast(program, protectIds(argv));
    call.verb = parseVerb(program, words);
    await program.parseAsync(words, { from: 'user' });
    return call.exitCode;
  } catch (error) {
    return await fail(error, call);
  } finally {
    for (const text of call.said) await terminal.stdout.write(text).catch(() => undefined);
  }
}

interface Call {
  readonly terminal: Terminal;
  readonly output: Output;
  exitCode: number;
  /** Help and version, which commander writes without waiting. */
  readonly said: string[];
  /** What commander would have written on stderr. */
  misused: string;
  /** What was called, when there is such a verb. */
  verb: CommandUnknownOpts | null;
}

function createProgram(call: Call): Program {
  const { terminal } = call;
  const program = defineProgram(terminal.env)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => call.said.push(asCalled(text, terminal.program)),
      writeErr: (text) => {
        call.misused += asCalled(text, terminal.program); // told by `fail`
      },
      getOutHelpWidth: () => Math.min(terminal.stdout.columns ?? 100, 100),
      getOutHasColors: () => terminal.stdout.hasColour,
    });
  const act: Act = async (work, { interrupts = 'fail' } = {}) => {
    const stop = new AbortController();
    const stopped = Promise.withResolvers<number>();
    using _ = interrupts === 'own' ? NOTHING : terminal.onInterrupt(interrupt);
    const invocation = invocationOf(program, call, stop.signal);
    call.exitCode = (await Promise.race([work(invocation), stopped.promise])) ?? EXIT.done;

    function interrupt(): void {
      const reason = new CliError('interrupted', 'Cannot go on: interrupted');
      stop.abort(reason);
      if (interrupts === 'end') stopped.resolve(EXIT.done);
      else stopped.reject(reason);
    }
  };
  for (const add of VERBS) add(program, act);
  return program;
}

const NOTHING: Disposable = { [Symbol.dispose]: () => undefined };

const VERBS: readonly ((parent: Parent, act: Act) => void)[] = [
  ...[addLs, addRun, addSession, addChat, addRequest, addRecords, addVerify],
  ...[addSite, addEndpoint, addKey, addAppliance, addAgent, addLog],
];

type Program = ReturnType<typeof defineProgram>;

function defineProgram(env: Terminal['env']) {
  return new Command()
    .name('caisey')
    .description(INTRODUCTION)
    .addOption(
      new Option('--format <format>', 'table for people, json for programs')
        .choices(FORMATS)
        .default('table' as const),
    )
    .option('--home <dir>', 'your folder (CAISEY_HOME)', env['CAISEY_HOME'] ?? defaultHome())
    .option('--key <file>', 'the key that you act with (CAISEY_KEY); your own, if none is named')
    .version('0.1.0', '-V, --version', 'print the version')
    .configureHelp({ showGlobalOptions: true })
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [verb]', 'show help for a verb')
    .addHelpText('after', `${FIRST_STEPS}\n${EXIT_HELP}`);
}

function invocationOf(
  program: Program,
  { terminal, output }: Call,
  signal: AbortSignal,
): Invocation {
  const { home, key } = program.opts();
  return {
    ...{ terminal, output, signal },
    home: homeAt(home),
    keyFile: key ?? terminal.env['CAISEY_KEY'] ?? null,
  };
}

/** "too many arguments for 'ls'. Expected 0 arguments but got 1: nosuch." in plain words. */
function excessWords(text: string): string {
  const [, verb, expected, given] =
    /^too many arguments for '(.+)'\. Expected (\d+) arguments? but got \d+: (.*)\.$/.exec(text) ??
    [];
  if (verb === undefined) return text;
  const most = expected === '0' ? 'no argument' : formatCount(Number(expected), 'argument');
  return `"${verb}" takes ${most}, and got ${given ?? ''}`;
}

async function fail(error: unknown, call: Call): Promise<number> {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  if (isBrokenPipe(error)) return BROKEN_PIPE;
  const { output, verb } = call;
  if (error instanceof CommanderError && error.code === 'commander.help' && !output.isJson) {
    await output.note(call.misused.trimEnd()); // a family without its verb: its help says what there is
    return EXIT.usage;
  }
  const problem = error instanceof CommanderError ? misuse(error, verb) : problemOf(error);
  try {
    await output.problem(problem);
    const isTraced = problem.isUnexpected || (call.terminal.env['CAISEY_DEBUG'] ?? '') !== '';
    if (isTraced && error instanceof Error && error.stack !== undefined) {
      await output.note(error.stack, 'dim');
    }
  } catch (cause) {
    if (!isBrokenPipe(cause)) throw cause; // nobody is there to be told
  }
  return problem.exitCode;
}

function misuse(error: CommanderError, verb: CommandUnknownOpts | null): Problem {
  const path = verb === null ? '' : verbPath(verb);
  const help = `See "${`caisey help ${path}`.trimEnd()}".`;
  const said = misuseWords(error, verb);
  return {
    code: 'usage',
    message: `Cannot run: ${said}`,
    hint:
      error.code === 'commander.unknownOption'
        ? `${help} Options of the command that is run stand after "--"; an id that begins with a dash is written id:-….`
        : said.startsWith('"ls" ')
          ? `It lists all there are. One session or request is shown by "show". ${help}`
          : help,
    exitCode: EXIT.usage,
    isUnexpected: false,
  };
}

function misuseWords({ code, message }: CommanderError, verb: CommandUnknownOpts | null): string {
  if (code === 'commander.help') {
    const verbs = verb?.commands.map((command) => command.name()) ?? [];
    return `a verb is missing. There are: ${verbs.join(', ')}`;
  }
  const text = message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return code === 'commander.excessArguments' ? excessWords(text) : text;
}
