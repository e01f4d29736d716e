// cmd.exe, written to its own documentation (`cmd /?`): with /s, cmd takes off the first and the last quote of
// what follows /c and keeps everything between them, so the command needs no escaping; the runtime must not
// quote it again. Tested here as an argument vector only: no Windows was at hand to run it.

import { windowsFolder } from './environment.ts';
import type { Dialect } from './dialect.ts';

/** The longest command line that cmd.exe accepts, in UTF-16 units, less our own switches. */
export const MAX_CMD_LENGTH = 8000;

/** cmd.exe: /d without AutoRun from the registry, /e:on and /v:off whatever the registry says. */
export const cmd: Dialect = {
  paths: process.platform === 'win32' ? [`${windowsFolder()}\\System32\\cmd.exe`] : [],
  isVerbatim: true,
  args: (command) => ['/d', '/e:on', '/v:off', '/s', '/c', `"${command}"`],
  refusal(command) {
    // cmd stops reading at a line end: it would run less than what was approved.
    if (/[\r\n]/.test(command)) return 'cmd runs one line, and the command has several';
    if (command.length > MAX_CMD_LENGTH) return `cmd takes at most ${MAX_CMD_LENGTH} characters`;
    return null;
  },
};
