// sh and bash, as POSIX and the bash manual ("Bash Startup Files") give them. The command is one argument: no
// quoting of ours comes near it. `--` is needed: -c takes no argument of its own, so that without it a command
// that begins with a dash would be taken for switches. `environment.ts` keeps BASH_ENV and ENV, which name start-up files, away.

import type { Dialect } from './dialect.ts';

/** The system's POSIX shell. */
export const sh: Dialect = {
  paths: process.platform === 'win32' ? [] : ['/bin/sh', '/usr/bin/sh'],
  isVerbatim: false,
  args: (command) => ['-c', '--', command],
  refusal: () => null,
};

/** bash without profile and rc files: rc files are read even with -c when bash thinks that sshd called it. */
export const bash: Dialect = {
  paths:
    process.platform === 'win32'
      ? []
      : ['/bin/bash', '/usr/bin/bash', '/usr/local/bin/bash', '/opt/homebrew/bin/bash'],
  isVerbatim: false,
  args: (command) => ['--noprofile', '--norc', '-c', '--', command],
  refusal: () => null,
};
