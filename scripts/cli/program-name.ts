// How this program is called by whoever called it: hints, examples and usage are written as `caisey …`, and shown
// in the form that can be pasted.

import { basename } from 'node:path';

/** The program's own name, as all texts are written. */
export const PROGRAM = 'caisey';

const IN_A_CLONE = 'npm run -s caisey --';

const VERBS = [
  ...['ls', 'run', 'session', 'chat', 'request', 'records', 'verify', 'site', 'endpoint', 'key'],
  ...['appliance', 'agent', 'log', 'help'],
];
const CALL = new RegExp(`(?<![\\w./-])${PROGRAM} (?=(?:${VERBS.join('|')})\\b|\\[options\\])`, 'g');

/** What a person types to call the program whose file is `path`: in a clone it is a source file. */
export function programName(path: string): string {
  return basename(path) === `${PROGRAM}.ts` ? IN_A_CLONE : PROGRAM;
}

/** A text of ours with every `caisey <verb>` as the person types it. Never give it what others wrote. */
export function asCalled(text: string, program: string): string {
  return program === PROGRAM ? text : text.replaceAll(CALL, `${program} `);
}
