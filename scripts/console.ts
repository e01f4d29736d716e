// `npm run console`: the console's host on this machine, built first when its sources have changed.
//
//   node scripts/console.ts [--help]

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';

import { configHelp, parseConfig } from '#ui/server/config.ts';
import { ConsoleError } from '#ui/server/error.ts';
import { buildConsole, CONSOLE_BUILD } from './console-build.ts';

const USAGE = `Usage: npm run console

Runs the console: pages for an MSP's people, and the relay by which they reach their sites.

`;

const args = process.argv.slice(2);
if (args.length > 0) {
  const isHelp = args.every((arg) => arg === '--help' || arg === '-h');
  const [unknown = ''] = args.filter((arg) => arg !== '--help' && arg !== '-h');
  const why = isHelp ? '' : `Cannot start the console: it has no option "${unknown}"\n\n`;
  process[isHelp ? 'stdout' : 'stderr'].write(why + USAGE + configHelp());
  process.exitCode = isHelp ? 0 : 2;
} else {
  process.exitCode = await run();
}

async function run(): Promise<number> {
  try {
    const { origin, host, port } = parseConfig(process.env);
    await buildConsole(say);
    const env = { ...process.env, ORIGIN: origin, HOST: host, PORT: String(port) };
    const server = spawn(process.execPath, [join(CONSOLE_BUILD, 'index.js')], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (signal !== 'SIGINT' || !process.stdin.isTTY) server.kill(signal); // a terminal tells both
      });
    }
    say(`The console is at ${origin}

  The first to open it sets up the organisation. Then Settings, Sites, "Add a site" gives a command for the
  machine that is to be the site's appliance; the page goes on from there.

Ctrl+C stops it; what it keeps stays.`);
    return await new Promise((resolve) => {
      server.once('exit', (code) => resolve(code ?? 0));
    });
  } catch (error) {
    if (!(error instanceof ConsoleError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
