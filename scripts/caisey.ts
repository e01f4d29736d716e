// `caisey`: the command line's entry. What it does is in cli/.

import process from 'node:process';

import { runCaisey } from './cli/program.ts';
import { processTerminal } from './cli/terminal.ts';

// All was said by then; an idle socket of a peer that vanished must not keep the process.
process.exit(await runCaisey(process.argv.slice(2), processTerminal()));
