import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { readCmd } from './cmd.ts';
import { parseLine } from './parse.ts';
import { loadPowerShellGrammar } from './powershell-grammar.ts';

const grammar = await loadPowerShellGrammar();

function onlyReads(text: string): boolean {
  const line = parseLine('cmd', text, grammar);
  return line.clean && line.commands.every((command) => command.readOnly);
}

const READING = [
  ...['ipconfig /all', 'IPCONFIG', 'netsh interface ip show config', 'netsh wlan show profiles'],
  ...[
    'sc query Spooler',
    'sc query MSSQL$SQLEXPRESS',
    'systeminfo',
    'tasklist /v',
    'netstat -ano',
    'ping -n 3 10.0.0.1',
  ],
  ...['nslookup example.com 10.0.0.1', 'hostname', 'whoami /all', 'ver', 'dir C:\\Temp /s'],
  ...['type C:\\log.txt', 'route print', 'arp -a', 'net user', 'vssadmin list shadows'],
  ...['reg query HKLM\\SOFTWARE\\x /v y', 'wevtutil el', 'schtasks /query /fo list'],
];

const UNCLEAR = [
  ...['dir & del x', 'dir && del x', 'dir || del x', 'dir | more', 'dir > x', 'type < x', 'di^r'],
  ...['echo %PATH%', '%COMSPEC%', 'echo !x!', '(dir)', '"dir"', 'dir\ndel x', 'dir\rdel x', '@dir'],
  ...[':label', 'dir;x', 'dir,x', 'set x=1', 'dir\u00a0x', 'd\u0131r', 'dir/s', '.\\ping', '', ' '],
  ...[
    '..\\ping.exe',
    'call x.bat',
    'start x',
    'cmd /c dir',
    'powershell Get-Process',
    'forfiles /c x',
  ],
  ...['C:\\Windows\\System32\\ping 10.0.0.1', 'rundll32 x'],
];

const CHANGING = [
  ...['del x', 'ipconfig /release', 'ipconfig /flushdns', 'net user evil x', 'net stop Spooler'],
  ...['sc stop Spooler', 'route delete 0.0.0.0', 'hostname evil', 'ping -t 10.0.0.1', 'nslookup'],
  ...['dir \\\\evil\\share', 'type \\\\.\\PhysicalDrive0', 'type con', 'type nul.txt', 'date 2020'],
  ...[
    'netsh advfirewall reset',
    'reg delete HKLM\\x',
    'vssadmin delete shadows',
    'where /r C:\\ x',
  ],
  ...['netsh wlan show hostednetwork security', 'netsh wlan show profile x y clear'],
  ...[
    'findstr -f:x y',
    'findstr /f:x y',
    'bcdedit /set x',
    'schtasks /run /tn x',
    'copy a b',
    'rmdir /s x',
  ],
];

const recognising = suite('readCmd()');
for (const text of READING) {
  recognising(`lets pass what only reads: ${JSON.stringify(text)}`, () =>
    assert.ok(onlyReads(text)),
  );
}
for (const text of UNCLEAR) {
  recognising(`is unclear about ${JSON.stringify(text)}`, () => {
    assert.not(parseLine('cmd', text, grammar).clean);
  });
}
for (const text of CHANGING) {
  recognising(`knows that it is changing: ${JSON.stringify(text)}`, () => {
    assert.ok(parseLine('cmd', text, grammar).clean);
    assert.not(onlyReads(text));
  });
}
recognising('refuses each dangerous character at every place of a line', () => {
  for (const character of '^%!&|<>()"\n') {
    for (let at = 0; at <= 'dir x'.length; at++) {
      const text = `${'dir x'.slice(0, at)}${character}${'dir x'.slice(at)}`;
      if (text.trim() === 'dir x') continue; // a line end outside is none
      assert.is(readCmd(text).words, null, JSON.stringify(text));
    }
  }
});
recognising.run();
