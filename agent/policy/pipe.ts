// What PowerShell's cmdlets open without naming it: the paths that come to them through a pipe. `Get-Acl x | Get-Content`
// reads x, because most objects carry the path that they are about. A line is taken for one pipe: what `;` keeps
// apart is read together, which asks more, never less.

import { resolveAlias } from './name.ts';
import type { SimpleCommand } from './parse.ts';

/** Cmdlets that show what is in a file, with their own word for it or the pipe's. */
export const CONTENT_CMDLETS: ReadonlySet<string> = new Set(
  'get-content select-string get-filehash'.split(' '),
);

/** Cmdlets that list, and hand on paths; of the registry and the environment they show what is in it. */
export const CMDLETS_THAT_LIST: ReadonlySet<string> = new Set(
  'get-childitem get-item get-itemproperty get-itempropertyvalue resolve-path'.split(' '),
);

/** Those that hand on just the paths that they were given; `get-itemproperty` hands on values that may be paths. */
const HAND_ON = new Set('get-childitem get-item resolve-path'.split(' '));
const SHAPERS = new Set(
  'select-object where-object sort-object group-object get-unique measure-object'.split(' '),
);
/** What they hand on is text or numbers. */
const TEXT_MAKERS = new Set(
  'out-string convertto-json convertto-csv format-table format-list format-wide'.split(' '),
);
/** What they hand on has no property `Path`. */
const PATHLESS = new Set(
  (
    'get-service get-eventlog get-winevent get-hotfix get-date get-history get-alias get-scheduledtask ' +
    'get-localuser get-netadapter get-netipaddress get-netipconfiguration get-netroute ' +
    'get-nettcpconnection get-dnsclientcache'
  ).split(' '),
);

/** True when a command opens what those before it hand on, and the words of the line do not tell what that is. */
export function opensUnknown(commands: readonly SimpleCommand[], at: number): boolean {
  const command = commands[at];
  if (command === undefined || at === 0 || !takesFromPipe(command)) return false;
  const opener = cmdletOf(command);
  for (const source of commands.slice(0, at).reverse()) {
    const name = cmdletOf(source);
    if (SHAPERS.has(name) && !handsOnParts(source)) continue;
    if (opener === 'select-string' && isTextOnly(name)) return false;
    const isKnown = CONTENT_CMDLETS.has(name)
      ? opener === 'select-string' || opener === 'get-content' // others take the text for paths
      : HAND_ON.has(name) && !handsOnParts(source);
    if (!isKnown) return true;
    if (source === commands[0] || !takesFromPipe(source)) return false;
  }
  return true;
}

/** True when a line lists what is below what it lists: `Get-Item HKLM:\ | Get-ChildItem`. */
export function descends(commands: readonly SimpleCommand[]): boolean {
  return commands.some(
    (command, i) => i > 0 && cmdletOf(command) === 'get-childitem' && takesFromPipe(command),
  );
}

/**
 * True when a line takes processes apart: in Windows PowerShell, `StartInfo` of any process holds the environment of
 * the shell itself.
 */
export function showsEnvironment(commands: readonly SimpleCommand[]): boolean {
  const names = commands.map(cmdletOf);
  if (!names.includes('get-process')) return false;
  const words = commands.flatMap((command) => command.arguments);
  if (words.some((word) => /startinfo/i.test(word))) return true;
  const selects = commands.filter((command) => cmdletOf(command) === 'select-object');
  const isWide = selects.some((select) => select.arguments.some((word) => /[*?[]/.test(word)));
  if (names.includes('convertto-json')) return selects.length === 0 || isWide;
  return isWide && selects.some(handsOnParts);
}

/** The name of a cmdlet in small letters, behind its alias. */
export function cmdletOf({ program }: SimpleCommand): string {
  return resolveAlias(program).toLowerCase();
}

/** An opener without a path of its own. A second word of Select-String may be a second pattern. */
function takesFromPipe(command: SimpleCommand): boolean {
  const name = cmdletOf(command);
  if (!CONTENT_CMDLETS.has(name) && !CMDLETS_THAT_LIST.has(name)) return false;
  const words = command.arguments;
  if (words.some((word) => /^-(?:literal)?path$/i.test(word))) return false;
  return name === 'select-string' || (words[0] ?? '-').startsWith('-');
}

/** Properties of what it is given, or bare names: another path, which nobody looked at. */
function handsOnParts({ arguments: words }: SimpleCommand): boolean {
  return words.some((word) => /^-(?:expandproperty|name)$/i.test(word));
}

/** Programs that are no cmdlets hand on text. */
function isTextOnly(name: string): boolean {
  return TEXT_MAKERS.has(name) || PATHLESS.has(name) || !name.includes('-');
}
