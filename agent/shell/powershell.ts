// Windows PowerShell 5.1 and PowerShell 7 (about_PowerShell_exe, about_Pwsh). Tested here as an argument vector
// only: neither Windows nor PowerShell was at hand to run it.
//
// The command travels as base64 inside a fixed frame, so nothing in it can reach the command line. The frame
// goes by -Command: with -EncodedCommand, Windows PowerShell writes errors as CLIXML whatever -OutputFormat says
// (PowerShell/PowerShell#5912). No -ExecutionPolicy: it does not concern -Command, and the machine's own policy
// for script files is the client's to set.

import { encodeBase64 } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';

import { windowsFolder } from './environment.ts';
import type { Dialect } from './dialect.ts';

/** The longest command in UTF-8 bytes: Windows bounds a whole command line by 32 767 characters. */
export const MAX_POWERSHELL_BYTES = 22_000;

/** Windows PowerShell, as every Windows has it. */
export const powershell: Dialect = {
  paths:
    process.platform === 'win32'
      ? [`${windowsFolder()}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`]
      : [],
  isVerbatim: false,
  args: frameArguments,
  refusal,
};

/** PowerShell 7, on any platform. */
export const pwsh: Dialect = {
  paths:
    process.platform === 'win32'
      ? [`${process.env['ProgramFiles'] ?? 'C:\\Program Files'}\\PowerShell\\7\\pwsh.exe`]
      : ['/usr/bin/pwsh', '/opt/microsoft/powershell/7/pwsh', '/usr/local/bin/pwsh'],
  isVerbatim: false,
  args: frameArguments,
  refusal,
};

function frameArguments(command: string): readonly string[] {
  const frame = frameAround(encodeBase64(encodeUtf8(command)));
  return ['-NoLogo', '-NoProfile', '-NonInteractive', '-OutputFormat', 'Text', '-Command', frame];
}

function refusal(command: string): string | null {
  if (encodeUtf8(command).length <= MAX_POWERSHELL_BYTES) return null;
  return `PowerShell takes at most ${MAX_POWERSHELL_BYTES} bytes`;
}

/**
 * The frame: UTF-8 output, no progress records, and the exit code. The command is parsed alone first, so that an
 * open quote or pipe cannot swallow what follows it; two line ends close a last backtick. `$?` must be read in
 * the command's own block, as a block resets it. Exit code: 0 after a last statement that succeeded, else the
 * last program's code, else 1; after `return`, the last program's code. Without double quotes, by design.
 */
function frameAround(base64: string): string {
  return [
    `$ProgressPreference='SilentlyContinue'`,
    `[Console]::OutputEncoding=New-Object System.Text.UTF8Encoding $false`,
    `$OutputEncoding=[Console]::OutputEncoding`,
    `$__run=[System.Text.Encoding]::UTF8.GetString([System.Convert]::FromBase64String('${base64}'))`,
    `try{$null=[scriptblock]::Create($__run)}catch{[Console]::Error.WriteLine($_.Exception.InnerException.Message);exit 1}`,
    `$__ok=$null`,
    `. ([scriptblock]::Create($__run+[char]10+[char]10+'$__ok=$?'))`,
    `if($__ok){exit 0}`,
    `if($LASTEXITCODE){exit $LASTEXITCODE}`,
    `if($null -eq $__ok){exit 0}`,
    `exit 1`,
  ].join(';');
}
