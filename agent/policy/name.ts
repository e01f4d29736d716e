// The names of a program: how it is called, and what else that call may mean. Deny and ask look at all of
// them; allow and the read-only lists only at the name as written.

import type { ShellName } from '#crypto/policy.ts';

/** The built-in aliases of Windows PowerShell 5.1 and PowerShell 7, lower-case. */
const POWERSHELL_ALIASES: ReadonlyMap<string, string> = new Map(
  (
    '%=ForEach-Object ?=Where-Object ac=Add-Content asnp=Add-PSSnapin cat=Get-Content cd=Set-Location ' +
    'chdir=Set-Location clc=Clear-Content clear=Clear-Host clhy=Clear-History cli=Clear-Item ' +
    'clp=Clear-ItemProperty cls=Clear-Host clv=Clear-Variable cnsn=Connect-PSSession compare=Compare-Object ' +
    'copy=Copy-Item cp=Copy-Item cpi=Copy-Item cpp=Copy-ItemProperty curl=Invoke-WebRequest cvpa=Convert-Path ' +
    'dbp=Disable-PSBreakpoint del=Remove-Item diff=Compare-Object dir=Get-ChildItem dnsn=Disconnect-PSSession ' +
    'ebp=Enable-PSBreakpoint echo=Write-Output epal=Export-Alias epcsv=Export-Csv epsn=Export-PSSession ' +
    'erase=Remove-Item etsn=Enter-PSSession exsn=Exit-PSSession fc=Format-Custom fhx=Format-Hex fl=Format-List ' +
    'foreach=ForEach-Object ft=Format-Table fw=Format-Wide gal=Get-Alias gbp=Get-PSBreakpoint gc=Get-Content ' +
    'gci=Get-ChildItem gcim=Get-CimInstance gcm=Get-Command gcs=Get-PSCallStack gdr=Get-PSDrive ghy=Get-History ' +
    'gi=Get-Item gin=Get-ComputerInfo gjb=Get-Job gl=Get-Location gm=Get-Member gmo=Get-Module ' +
    'gp=Get-ItemProperty gps=Get-Process gpv=Get-ItemPropertyValue group=Group-Object gsn=Get-PSSession ' +
    'gsnp=Get-PSSnapin gsv=Get-Service gtz=Get-TimeZone gu=Get-Unique gv=Get-Variable gwmi=Get-WmiObject ' +
    'h=Get-History history=Get-History icim=Invoke-CimMethod icm=Invoke-Command iex=Invoke-Expression ' +
    'ihy=Invoke-History ii=Invoke-Item ipal=Import-Alias ipcsv=Import-Csv ipmo=Import-Module ' +
    'ipsn=Import-PSSession irm=Invoke-RestMethod ise=powershell_ise.exe iwmi=Invoke-WmiMethod ' +
    'iwr=Invoke-WebRequest kill=Stop-Process lp=Out-Printer ls=Get-ChildItem man=help md=mkdir ' +
    'measure=Measure-Object mi=Move-Item mount=New-PSDrive move=Move-Item mp=Move-ItemProperty mv=Move-Item ' +
    'nal=New-Alias ndr=New-PSDrive ni=New-Item nmo=New-Module npssc=New-PSSessionConfigurationFile ' +
    'nsn=New-PSSession nv=New-Variable ogv=Out-GridView oh=Out-Host popd=Pop-Location ps=Get-Process ' +
    'pushd=Push-Location pwd=Get-Location r=Invoke-History rbp=Remove-PSBreakpoint rcim=Remove-CimInstance ' +
    'rcjb=Receive-Job rcsn=Receive-PSSession rd=Remove-Item rdr=Remove-PSDrive ren=Rename-Item ri=Remove-Item ' +
    'rjb=Remove-Job rm=Remove-Item rmdir=Remove-Item rmo=Remove-Module rni=Rename-Item ' +
    'rnp=Rename-ItemProperty rp=Remove-ItemProperty rsn=Remove-PSSession rsnp=Remove-PSSnapin rujb=Resume-Job ' +
    'rv=Remove-Variable rvpa=Resolve-Path rwmi=Remove-WmiObject sajb=Start-Job sal=Set-Alias saps=Start-Process ' +
    'sasv=Start-Service sbp=Set-PSBreakpoint sc=Set-Content scb=Set-Clipboard select=Select-Object ' +
    'set=Set-Variable shcm=Show-Command si=Set-Item sl=Set-Location sleep=Start-Sleep sls=Select-String ' +
    'sort=Sort-Object sp=Set-ItemProperty spjb=Stop-Job spps=Stop-Process spsv=Stop-Service ' +
    'start=Start-Process stz=Set-TimeZone sujb=Suspend-Job sv=Set-Variable swmi=Set-WmiInstance tee=Tee-Object ' +
    'trcm=Trace-Command type=Get-Content wget=Invoke-WebRequest where=Where-Object wjb=Wait-Job write=Write-Output'
  )
    .split(' ')
    .map(
      (entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] as const,
    ),
);

/** True where names of programs are the same in capital and small letters. */
export function ignoresCase(shell: ShellName): boolean {
  return shell === 'powershell' || shell === 'pwsh' || shell === 'cmd';
}

/** The cmdlet behind a built-in PowerShell alias, or the name itself. */
export function resolveAlias(program: string): string {
  return POWERSHELL_ALIASES.get(program.toLowerCase()) ?? program;
}

/** True where a name may be a PowerShell alias: in PowerShell, and in lines that start one. */
export function knowsAliases(shell: ShellName, text: string): boolean {
  return shell === 'powershell' || shell === 'pwsh' || /powershell|pwsh/i.test(text);
}

/** Every name, lower-case, by which a call may reach a program: without folder, without ending, by alias. */
export function namesOf(
  program: string,
  { aliases }: { readonly aliases: boolean },
): readonly string[] {
  const whole = program.toLowerCase();
  const base = whole.slice(Math.max(whole.lastIndexOf('/'), whole.lastIndexOf('\\')) + 1);
  const names = new Set([whole, base]);
  for (const name of [whole, base]) {
    names.add(name.replace(/\.(?:exe|com|cmd|bat|ps1)$/, ''));
    if (aliases) names.add(resolveAlias(name).toLowerCase());
  }
  return [...names];
}
