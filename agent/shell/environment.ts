// What a command finds around it: a fixed, minimal environment that does not depend on how the agent was
// started, plus what the order asks for. Names that would choose other code than the approved command are
// refused, because the gate decided on the command and not on them.

import { statSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';

/** Marks every process of one run, so that those that leave its process group are found again. */
export const RUN_MARKER = 'CAISEY_RUN';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Start-up files, search paths, loader and interpreter hooks. Compared in upper case, as Windows would. */
const RESERVED = new Set([
  RUN_MARKER,
  'PATH',
  'ENV',
  'BASH_ENV',
  'BASHOPTS',
  'SHELLOPTS',
  'PS4',
  'IFS',
  'GLIBC_TUNABLES',
  'COMSPEC',
  'PATHEXT',
  'SYSTEMROOT',
  'WINDIR',
  'PSMODULEPATH',
  'PSEXECUTIONPOLICYPREFERENCE',
]);

/** Why these variables of an order cannot be given to a command, or null. */
export function environmentRefusal(env: Readonly<Record<string, string>>): string | null {
  for (const [name, value] of Object.entries(env)) {
    if (!NAME.test(name)) return `"${name}" is not a variable name`;
    const upper = name.toUpperCase();
    if (RESERVED.has(upper) || /^(LD|DYLD)_/.test(upper)) return `variable "${name}" is reserved`;
    if (value.includes('\0')) return `variable "${name}" holds a NUL`;
  }
  return null;
}

/** The environment of one run: the fixed part, the order's variables, the run's marker. */
export function commandEnvironment(
  env: Readonly<Record<string, string>>,
  marker: string,
): Record<string, string> {
  base ??= process.platform === 'win32' ? windowsBase() : posixBase();
  return { ...base.env, ...env, [RUN_MARKER]: marker };
}

/** Where a command starts that names no folder: the user's home, as a login would, or the root. */
export function commandFolder(): string {
  base ??= process.platform === 'win32' ? windowsBase() : posixBase();
  return base.folder;
}

/** Where Windows stands. Read from the agent's own environment, which its service manager gave it. */
export function windowsFolder(): string {
  return process.env['SystemRoot'] ?? 'C:\\Windows';
}

interface Base {
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}

let base: Base | undefined;

function posixBase(): Base {
  const { name, home } = currentUser();
  const path =
    process.platform === 'darwin'
      ? '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin'
      : '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const env = { PATH: path, HOME: home, USER: name, LOGNAME: name, LANG: 'C.UTF-8', TERM: 'dumb' };
  return { env, folder: isFolder(home) ? home : '/' };
}

function windowsBase(): Base {
  const root = windowsFolder();
  const system = `${root}\\System32`;
  const env: Record<string, string> = {
    SystemRoot: root,
    windir: root,
    PATH: `${system};${root};${system}\\Wbem;${system}\\WindowsPowerShell\\v1.0`,
    PATHEXT: '.COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC',
    COMSPEC: `${system}\\cmd.exe`,
    TEMP: tmpdir(),
    TMP: tmpdir(),
    TERM: 'dumb', // PowerShell 7 then writes no colours
  };
  for (const name of WINDOWS_FACTS) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  const home = homedir();
  return { env, folder: isFolder(home) ? home : `${root.slice(0, 2)}\\` };
}

/** Names and folders of the machine and its user that Windows programs look up. They name no code to load. */
const WINDOWS_FACTS = [
  'ALLUSERSPROFILE',
  'APPDATA',
  'CommonProgramFiles',
  'CommonProgramFiles(x86)',
  'COMPUTERNAME',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'NUMBER_OF_PROCESSORS',
  'OS',
  'PROCESSOR_ARCHITECTURE',
  'ProgramData',
  'ProgramFiles',
  'ProgramFiles(x86)',
  'PUBLIC',
  'SystemDrive',
  'USERDOMAIN',
  'USERNAME',
  'USERPROFILE',
] as const;

/** The user that the agent, and every command, runs as. */
export function currentUser(): { readonly name: string; readonly home: string } {
  try {
    const { username, homedir: home } = userInfo();
    return { name: username, home };
  } catch {
    // No entry in the user database, as in some containers: a number is all there is to say.
    return { name: String(process.getuid?.() ?? 'unknown'), home: homedir() };
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
