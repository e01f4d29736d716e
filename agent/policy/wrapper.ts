// Programs that run another program: `sudo x`, `env x`, `sh -c '…'`, `xargs x`, `find -exec x`. What they run is
// taken out, so that rules see it. What cannot be taken out for certain makes the line unclear, so that
// it is asked.

import type { ShellName } from '#crypto/policy.ts';

import { namesOf } from './name.ts';

export interface Unwrapped {
  /** Words that are run as they are. */
  readonly words: readonly string[] | null;
  /** Text that is read by a shell again. */
  readonly script: { readonly shell: ShellName; readonly text: string } | null;
  /** What runs may be more, or other, than what was taken out. */
  readonly unclear: boolean;
}

/** Takes out what a call of a program would run; null when the program runs no other, as far as is known. */
export function unwrap(program: string, args: readonly string[]): Unwrapped | null {
  for (const name of namesOf(program, { aliases: true })) {
    const inner = unwrapByName(name, args);
    if (inner !== null) return inner;
  }
  return null;
}

/** True for programs that run what their arguments name, in whatever form. */
export function isWrapper(program: string): boolean {
  return namesOf(program, { aliases: true }).some(
    (name) => PREFIXES.has(name) || OTHERS.has(name) || SHELL_OF.has(name),
  );
}

/** Programs with a command line after them: letters of options with a value, operands before it. */
const PREFIXES: ReadonlyMap<string, { values: string; skip: number; sure: boolean }> = new Map([
  ['sudo', { values: 'ugpChrtTUDR', skip: 0, sure: true }],
  ['doas', { values: 'uC', skip: 0, sure: true }],
  ['nohup', { values: '', skip: 0, sure: true }],
  ['setsid', { values: '', skip: 0, sure: true }],
  ['exec', { values: 'a', skip: 0, sure: true }],
  ['command', { values: '', skip: 0, sure: true }],
  ['builtin', { values: '', skip: 0, sure: true }],
  ['nice', { values: 'n', skip: 0, sure: true }],
  ['ionice', { values: 'cnpPu', skip: 0, sure: true }],
  ['stdbuf', { values: 'ioe', skip: 0, sure: true }],
  ['timeout', { values: 'ks', skip: 1, sure: true }],
  ['time', { values: 'fo', skip: 0, sure: true }],
  ['env', { values: 'uCS', skip: 0, sure: false }],
  ['xargs', { values: 'adEIinLlPs', skip: 0, sure: false }],
  ['parallel', { values: 'jaIn', skip: 0, sure: false }],
  ['chroot', { values: '', skip: 1, sure: false }],
  ['unshare', { values: 'RwSG', skip: 0, sure: false }],
  ['nsenter', { values: 'tSG', skip: 0, sure: false }],
  ['pkexec', { values: '', skip: 0, sure: false }],
  ['runuser', { values: 'ugGs', skip: 0, sure: false }],
  ['setpriv', { values: '', skip: 0, sure: false }],
  ['taskset', { values: '', skip: 1, sure: false }],
  ['chrt', { values: '', skip: 1, sure: false }],
  ['flock', { values: 'wE', skip: 1, sure: false }],
  ['strace', { values: 'eopsuE', skip: 0, sure: false }],
  ['systemd-run', { values: 'upMH', skip: 0, sure: false }],
  ['busybox', { values: '', skip: 0, sure: false }],
  ['toybox', { values: '', skip: 0, sure: false }],
  ['call', { values: '', skip: 0, sure: false }],
  ['start', { values: '', skip: 0, sure: false }],
  ['start-process', { values: '', skip: 0, sure: false }],
  ['wsl', { values: 'deu', skip: 0, sure: false }],
  ['docker', { values: '', skip: 2, sure: false }],
]);

/** Programs whose arguments are, or hold, command text of a shell. */
const OTHERS = new Set(
  (
    'eval trap watch script su ssh source . find fd at batch psexec runas wmic awk gawk mawk sed vi vim ' +
    'invoke-expression invoke-command cscript wscript mshta rundll32 regsvr32 forfiles ' +
    // These read some of their words as expressions, in which commands can stand.
    'test [ ' +
    // These change what later words mean.
    'alias hash enable export declare typeset readonly shopt mapfile readarray'
  ).split(' '),
);

const SHELL_OF: ReadonlyMap<string, ShellName> = new Map([
  ...['sh', 'dash', 'ash', 'bash', 'rbash', 'ksh', 'mksh', 'zsh'].map(
    (name) => [name, 'bash'] as const,
  ),
  ['powershell', 'powershell'],
  ['powershell_ise', 'powershell'],
  ['pwsh', 'pwsh'],
  ['cmd', 'cmd'],
]);

function unwrapByName(name: string, args: readonly string[]): Unwrapped | null {
  const prefix = PREFIXES.get(name);
  if (prefix !== undefined && !(name === 'docker' && args[0] !== 'exec')) {
    const isLookup = name === 'command' && /^-[vV]/.test(args[0] ?? '');
    return isLookup ? null : unwrapPrefix(prefix, args);
  }
  const shell = SHELL_OF.get(name);
  if (shell !== undefined) return unwrapShell(shell, args);
  switch (name) {
    case 'find':
    case 'fd':
      return unwrapFind(args);
    case 'eval':
    case 'trap':
    case 'watch':
    case 'ssh':
      return script('bash', args.filter((arg) => !arg.startsWith('-')).join(' '), name !== 'eval');
    case 'su':
    case 'script':
      return script('bash', valueAfter(args, /^-[a-z]*c$|^--command$/) ?? '', true);
    case 'invoke-expression':
      return script('powershell', args.filter((arg) => !/^-\w+$/.test(arg)).join(' '), true);
    default:
      if (INTERPRETERS.test(name)) return unwrapInterpreter(args);
      return OTHERS.has(name) && !['wmic', 'at'].includes(name)
        ? { words: null, script: null, unclear: true }
        : null;
  }
}

function unwrapPrefix(
  form: { values: string; skip: number; sure: boolean },
  args: readonly string[],
): Unwrapped {
  let sure = form.sure;
  let at = 0;
  for (; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (arg === '--') {
      at++;
      break;
    }
    if (arg.startsWith('-') && arg.length > 1) {
      // of others it is not known whether they take the next word; -D and -R change the folder or the root
      sure &&= /^-[A-CE-QS-Za-z]$/.test(arg);
      if (!arg.startsWith('--') && form.values.includes(arg.at(-1) ?? '')) at++;
    } else if (/^[A-Za-z_]\w*=/.test(arg)) sure = false;
    else break;
  }
  const words = args.slice(at + form.skip);
  return { words: words.length > 0 ? words : null, script: null, unclear: !sure };
}

function unwrapShell(shell: ShellName, args: readonly string[]): Unwrapped {
  if (shell === 'cmd') {
    const at = args.findIndex((arg) => /^\/[ckr]/i.test(arg));
    if (at < 0) return { words: null, script: null, unclear: true };
    const text = [(args[at] ?? '').slice(2), ...args.slice(at + 1)].join(' ');
    return script('cmd', text, true);
  }
  if (shell === 'powershell' || shell === 'pwsh') {
    const encoded = valueAfter(args, /^[-/](?:e|ec|en|enc\w*)$/i);
    const at = args.findIndex((arg) => /^[-/]c(?:o(?:m\w*)?)?$/i.test(arg));
    const text = encoded === null ? args.slice(at + 1).join(' ') : decodeUtf16(encoded);
    return script(shell, text, true);
  }
  const text = valueAfter(args, /^-[A-Za-z]*c[A-Za-z]*$/);
  return text === null ? { words: null, script: null, unclear: true } : script('bash', text, false);
}

const INTERPRETERS = /^(?:python|perl|ruby|node|deno|bun|php|lua|tclsh|expect|osascript)[0-9.]*$/;

/** Code in an argument or on the input could run anything; a script in a file is a program like others. */
function unwrapInterpreter(args: readonly string[]): Unwrapped | null {
  const first = args[0] ?? '-';
  return first.startsWith('-') || first === 'eval'
    ? { words: null, script: null, unclear: true }
    : null;
}

function unwrapFind(args: readonly string[]): Unwrapped | null {
  const at = args.findIndex((arg) =>
    /^-(?:exec|execdir|ok|okdir|x|X|-exec|-exec-batch)$/.test(arg),
  );
  if (at < 0) return null;
  const rest = args.slice(at + 1);
  const end = rest.findIndex((arg) => arg === ';' || arg === '+');
  const words = end < 0 ? rest : rest.slice(0, end);
  return { words: words.length > 0 ? words : null, script: null, unclear: true };
}

function script(shell: ShellName, text: string, unclear: boolean): Unwrapped {
  return { words: null, script: { shell, text }, unclear };
}

function valueAfter(args: readonly string[], option: RegExp): string | null {
  const at = args.findIndex((arg) => option.test(arg));
  return at < 0 ? null : (args[at + 1] ?? null);
}

/** PowerShell's -EncodedCommand: base64 of UTF-16, low byte first; what is not decodes to nothing useful. */
function decodeUtf16(base64: string): string {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return '';
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return new TextDecoder('utf-16le').decode(bytes);
}
