import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { parseLine } from './parse.ts';
import { loadPowerShellGrammar } from './powershell-grammar.ts';
import { readPowerShell } from './powershell.ts';

const grammar = await loadPowerShellGrammar();

function onlyReads(text: string): boolean {
  const line = parseLine('powershell', text, grammar);
  return line.clean && line.commands.every((command) => command.readOnly);
}

const READING = [
  'Get-ADUser bob; Get-ADUser -Filter *; Get-ADComputer -Filter "Name -like \'pc*\'"',
  'Get-CimInstance Win32_Process -Property Name,ProcessId -Filter "Name=\'x.exe\'"',
  'Get-Process',
  'get-service -name Spooler',
  "Get-Service | Where-Object {$_.Status -eq 'Running'} | Select-Object Name,DisplayName",
  'Get-Process | Sort-Object CPU -Descending | Select-Object -First 10 Name, Id, CPU',
  'Get-Service | Where-Object Status -eq Stopped | Format-Table -AutoSize',
  'Get-ChildItem -Path C:\\Temp -Recurse -ErrorAction SilentlyContinue | Measure-Object -Property Length -Sum',
  "Get-ChildItem -Path 'C:\\Program Files' -Filter *.log",
  'Get-WinEvent -LogName System -MaxEvents 50',
  'Get-EventLog -LogName Application -Newest 20 -EntryType Error',
  'Get-NetTCPConnection -State Listen',
  "Get-CimInstance -Query 'select Name, State from Win32_Service where StartMode = 1'",
  'Get-WmiObject Win32_LogicalDisk',
  'Resolve-DnsName example.com -Type MX',
  'Test-NetConnection -ComputerName 10.0.0.5 -Port 443',
  'Get-CimInstance -ClassName Win32_OperatingSystem | Select-Object Caption, Version | ConvertTo-Json',
  'Get-ItemProperty -Path HKLM:\\SOFTWARE\\Microsoft',
  'netsh advfirewall show currentprofile',
  'ipconfig /all; route print',
  'sc.exe query Spooler',
  'ping -n 4 10.0.0.1',
  'gci C:\\ | ft Name',
  'Get-Process | Where-Object {$_.CPU -gt 10 -and $_.Name -notlike "svc*"}',
  'Get-Content C:\\log.txt -Tail 20 |\n  Select-String -Pattern error',
];

const UNCLEAR: Readonly<Record<string, string>> = {
  'call operator': "& 'Remove-Item' x",
  'dot operator': '. .\\x.ps1',
  'path to a script': '.\\x.ps1',
  'quoted name': "'Remove-Item' x",
  subexpression: 'Get-Process $(Remove-Item x)',
  'subexpression in a string': 'Get-Process "$(Remove-Item x)"',
  parentheses: 'Get-Item (Remove-Item x)',
  array: 'Get-Item @(Remove-Item x)',
  hashtable: "Format-Table @{n='a';e={Remove-Item x}}",
  'calculated property': 'Select-Object @{e={Remove-Item x}}',
  'script block for ForEach': 'Get-Process | ForEach-Object { $_.Kill() }',
  'script block for %': 'Get-Process | % { $_.Kill() }',
  'method call in a comparison': 'Get-Process | Where-Object {$_.Kill()}',
  'two statements in a comparison': "Get-Process | Where-Object {$_.Name -eq 'x'; Remove-Item x}",
  'command in a comparison': 'Get-Process | Where-Object {Remove-Item x}',
  'assignment in a comparison': "Get-Process | Where-Object {$_.Name = 'x'}",
  'variable in a comparison': 'Get-Process | Where-Object {$_.Name -eq $x}',
  'block for another cmdlet, piped': 'Get-Process | Sort-Object {Remove-Item x}',
  assignment: '$x = Get-Process',
  'environment assignment': '$env:PATH = 1',
  variable: 'Get-Process $x',
  splatting: 'Get-Process @x',
  'static method': '[IO.File]::Delete("x")',
  'type as an argument': 'Get-Item ([IO.File]::Delete("x"))',
  redirection: 'Get-Process > x',
  'append redirection': 'Get-Process >> x',
  'redirection of all streams': 'Get-Process *>x',
  'redirection by number': 'Get-Process 3>x',
  'redirection within a word': 'Get-Process x>y',
  'redirection to null': 'Get-Process > $null',
  'merged streams': 'Get-Process 2>&1',
  backtick: 'Get-Pro`cess',
  'backtick line end': 'Get-Process `\nRemove-Item x',
  'stop parsing': 'ipconfig --% /release',
  'smart quotes': 'Get-Process \u201cx\u201d',
  'smart single quotes': 'Get-Process \u2018a; rm x\u2019',
  'smart quotes within quotes': 'Get-Process "x\u201d; rm y; \u201c"',
  'bidirectional override in quotes': "Get-Process 'x\u202e'",
  'en dash': 'Get-Process \u2013OutVariable x',
  'next line': 'Get-Process\u0085Remove-Item x',
  'line separator': 'Get-Process\u2028Remove-Item x',
  'no-break space': 'Get-Process\u00a0-Name x',
  'carriage return': 'Get-Process\rRemove-Item x',
  homoglyph: 'G\u0435t-Process',
  'here-string': "Get-Process @'\nx\n'@",
  comment: 'Get-Process # x',
  'block comment': 'Get-Process <# x #>',
  background: 'Get-Process &',
  'and-list': 'Get-Process && Remove-Item x',
  'or-list': 'Get-Process || Remove-Item x',
  condition: 'if ($true) { Remove-Item x }',
  loop: 'foreach ($i in 1) { Remove-Item x }',
  'member by alias': 'Get-Service | foreach Stop',
  'loop without words': 'while (1) {}',
  function: 'function Get-Process { Remove-Item x }',
  return: 'return Remove-Item',
  trap: 'trap { Remove-Item x }',
  try: 'try { Remove-Item x } catch {}',
  class: 'class A { A() { Remove-Item x } }',
  using: 'using module x',
  data: 'data { Remove-Item x }',
  'Invoke-Expression': "Invoke-Expression 'Get-Process'",
  iex: "iex 'Get-Process'",
  'Invoke-Command': 'Invoke-Command -FilePath x',
  'Start-Process': 'Start-Process notepad',
  start: 'start notepad',
  powershell: 'powershell Get-Process',
  'encoded command': 'powershell -enc ZABpAHIA',
  'cmd /c': 'cmd /c dir',
  'parameter with a colon': 'Get-Process -Name:x',
  'adjacent strings': 'Get-Process "a""b"',
  'string glued to a word': "Get-Process a'b'",
  'unclosed string': "Get-Process 'x",
  'unclosed block': 'Where-Object {',
  'trailing comma': 'Get-Process a,',
  'pipe to nothing': 'Get-Process |',
  'equals sign': 'foo --bar=baz',
  empty: '',
};

const CHANGING: Readonly<Record<string, string>> = {
  'a changing cmdlet': 'Remove-Item C:\\x',
  'after a semicolon': 'Get-Process; Remove-Item x',
  'after a line end': 'Get-Process\nRemove-Item x',
  'at the end of a pipe': 'Get-Process | Stop-Process',
  'alias rm': 'rm C:\\x',
  'alias del': 'del C:\\x',
  'alias sc, not the program': 'sc query Spooler',
  'alias set': 'set x 1',
  'Out-File': 'Get-Process | Out-File x',
  'Tee-Object': 'Get-Process | Tee-Object x',
  'Export-Csv': 'Get-Process | Export-Csv x',
  'member of every object': 'Get-Service | ForEach-Object Stop',
  'Set-Service': 'Set-Service Spooler -Status Stopped',
  '-OutVariable': 'Get-Process -OutVariable x',
  '-OutVariable, short': 'Get-Process -ov x',
  '-OutVariable, shortened': 'Get-Process -OutV x',
  '-PipelineVariable': 'Get-Process -PipelineVariable x',
  '-ErrorVariable': 'Get-Process -ErrorVariable x',
  '-ErrorAction Break': 'Get-Process -ErrorAction Break',
  'another machine': 'Get-Process -ComputerName dc01',
  'far path': 'Get-ChildItem \\\\evil\\share',
  'far path in slashes': 'Get-ChildItem //evil/share',
  'far path of a provider': 'Get-ChildItem Microsoft.PowerShell.Core\\FileSystem::\\\\evil\\x',
  'a strange drive': 'Get-ChildItem WSMan:\\localhost',
  'block for a cmdlet that runs it': 'Sort-Object {$_.Name}',
  prompting: 'Get-Credential',
  'reading that repairs': 'Get-WmiObject Win32_Product',
  'reading that repairs, by query': "Get-CimInstance -Query 'select * from Win32_Product'",
  'reading that repairs, by the class above': 'Get-CimInstance CIM_Product',
  'reading that repairs, behind another parameter':
    'Get-CimInstance -Namespace root/cimv2 Win32_Product',
  'a query that sends': 'Get-CimInstance Win32_PingStatus -Filter "Address=\'x.example\'"',
  'a query of associators': "Get-CimInstance -Query 'associators of {Win32_Service}'",
  'another namespace': 'Get-CimInstance -Namespace root/evil -ClassName Win32_Service',
  'a password kept in a property': 'Get-ADComputer -Identity x -Properties ms-Mcs-AdmPwd',
  'the same, abbreviated': 'Get-ADComputer PC1 -Property ms-Mcs-AdmPwd',
  'every property': 'Get-ADUser bob -Property *',
  'a password guessed letter by letter': 'Get-ADComputer -Filter "ms-Mcs-AdmPwd -like \'a*\'"',
  'a namespace, abbreviated': 'Get-CimInstance Win32_Process -Name root\\x',
  'a parameter of another cmdlet': 'Get-Counter -Path x',
  'a query within a property':
    'Get-WmiObject Win32_Process -Property "* from Win32_Product where Name=\'" -Filter "\'"',
  'a query within a property by place':
    'Get-WmiObject Win32_Process "* from Win32_Product where Name=\'"',
  'a key of a wireless network': 'netsh wlan show profile home wlan clear',
  'ipconfig /release': 'ipconfig /release',
  'ipconfig /flushdns': 'ipconfig /flushdns',
  'netsh set': 'netsh advfirewall set allprofiles state off',
  'netsh show, later': 'netsh interface set show',
  'netsh script': 'netsh -f x show',
  'netsh report': 'netsh wlan show wlanreport',
  'sc stop': 'sc.exe stop Spooler',
  'net user add': 'net user evil x /add',
  'route add': 'route add 0.0.0.0 1.2.3.4',
  'reg add': 'reg add HKLM\\x',
  'wmic call': 'wmic process call create calc',
  'wmic product': 'wmic product get name',
  'wmic style sheet': 'wmic os get /format:evil.xsl',
  restart: 'Restart-Computer',
};

const parsing = suite('parseLine() of PowerShell');
for (const text of READING) {
  parsing(`knows that this only reads: ${JSON.stringify(text)}`, () => {
    assert.is(parseLine('powershell', text, grammar).problem, null);
    assert.ok(onlyReads(text));
  });
}
for (const [name, text] of Object.entries(UNCLEAR)) {
  parsing(`is unclear with ${name}: ${JSON.stringify(text)}`, () => {
    for (const shell of ['powershell', 'pwsh'] as const) {
      assert.not(parseLine(shell, text, grammar).clean);
    }
  });
}
for (const [name, text] of Object.entries(CHANGING)) {
  parsing(`knows that it is changing: ${name}: ${JSON.stringify(text)}`, () => {
    assert.not(onlyReads(text));
    assert.ok(parseLine('powershell', text, grammar).clean);
  });
}

parsing('takes an alias for a cmdlet only where it is one', () => {
  const readOnly = (shell: 'powershell' | 'pwsh', text: string): boolean | undefined =>
    parseLine(shell, text, grammar).commands[0]?.readOnly;
  assert.ok(readOnly('powershell', 'sort Name'));
  assert.not(readOnly('pwsh', 'sort Name')); // on Linux the program
  assert.ok(readOnly('pwsh', 'gci x'));
});

parsing('finds the commands in every corner of a line', () => {
  const text =
    'A-B (C-D) $(E-F) "$(G-H)" @(I-J) @{k={K-L}} { M-N } | & "O-P"; if (Q-R) { S-T } else { $x = U-V }';
  const programs = parseLine('powershell', text, grammar).commands.map(({ program }) => program);
  for (const name of [
    'A-B',
    'C-D',
    'E-F',
    'G-H',
    'I-J',
    'K-L',
    'M-N',
    'O-P',
    'Q-R',
    'S-T',
    'U-V',
  ]) {
    assert.ok(programs.includes(name), name);
  }
});

parsing('decodes an encoded command', () => {
  const encoded = Buffer.from('diskpart /s x', 'utf16le').toString('base64');
  const line = parseLine('cmd', `powershell -e ${encoded.replaceAll('=', '')}`, grammar);
  const padded = parseLine('powershell', `powershell -EncodedCommand '${encoded}'`, grammar);
  assert.not(line.clean);
  assert.ok(padded.commands.some((command) => command.program === 'diskpart'));
});
parsing.run();

const reading = suite('readPowerShell()');
reading('reads any text without throwing and never calls a dangerous character clean', () => {
  const piece = fc.constantFrom(
    ...[
      "'",
      '"',
      '`',
      '$',
      '(',
      ')',
      '{',
      '}',
      '@',
      '<',
      '>',
      '|',
      '&',
      ';',
      '#',
      '%',
      ',',
      '=',
      '[',
    ],
    ...[
      'Get-Process',
      'rm',
      ' ',
      ' ',
      '\n',
      '2',
      '-Name',
      '$_',
      '.X',
      '-eq',
      'x',
      '--%',
      '\\',
      '*',
    ],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      const { clean } = readPowerShell(text, grammar);
      if (clean === null) return;
      const outside = text.replace(/'(?:[^']|'')*'|"[^"]*"/g, '').replace(/\{\$_[^{}]*\}/g, '');
      assert.not.match(outside, /[`$(){}@<>&#%=[\]"']/);
    }),
    { numRuns: 3000 },
  );
});
reading.run();
