import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  type Decision,
  type Judged,
  type PolicyRule,
  policySchema,
  presetPolicy,
} from '#crypto/policy.ts';

import { openJudge } from './decide.ts';
import { parseLine } from './parse.ts';
import { loadPowerShellGrammar } from './powershell-grammar.ts';
import { isSecretWord, touchLine } from './touch.ts';

const judge = await openJudge();
const grammar = await loadPowerShellGrammar();

const JUDGED: Judged = {
  shell: 'bash',
  command: 'uptime',
  cwd: null,
  env: {},
  labels: [],
  role: 'technician',
  atMs: Date.parse('2026-11-18T10:00:00Z'),
};

function decide(judged: Partial<Judged>, ...rules: PolicyRule[]): Decision {
  const standard = presetPolicy('standard', 'Europe/Berlin');
  const policy = rules.length === 0 ? standard : policySchema.parse({ ...standard, rules });
  return judge(policy, { ...JUDGED, ...judged });
}

/** One command a line, so that the lists below can be read. */
function lines(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
}

const ORDINARY = lines(String.raw`
  ls -la /etc /root
  ls -laR /root/.ssh
  stat /etc/shadow
  find / -name shadow
  find /home -name 'id_*' -ls
  df -h
  du -sh /home/* /var/*
  cat /etc/hosts
  cat /etc/resolv.conf /etc/os-release /etc/passwd
  cat /etc/*release
  cat /etc/passwd- /etc/hosts~ /etc/hosts.bak /etc/ssh/ssh_host_rsa_key.pub
  cat /opt/app/logs/app.log.1 /var/log/*.gz /var/log/*.old
  cat /etc/ssh/sshd_config
  cat /etc/nginx/nginx.conf /etc/nginx/sites-enabled/*
  cat /etc/ssl/certs/ca.pem
  cat /var/log/syslog
  cat /var/log/*.log
  tail -n 100 /var/log/nginx/*
  tail -n 50 /opt/app/logs/app.log
  cat /opt/app/logs/*.log
  grep -i error /var/log/syslog
  grep -rin 'out of memory' /var/log
  grep -r --include='*.log' error /var/log
  grep -E 'error.*timeout' /var/log/messages
  cd /var/log && tail -n 5 syslog
  head -n 3 notes.txt
  cat /proc/cpuinfo /proc/meminfo /proc/loadavg /proc/mdstat
  cat /proc/1/status /proc/self/limits
  cat /proc/sys/net/ipv4/ip_forward
  cat /sys/class/net/eth0/speed /sys/class/net/*/carrier
  ls -l /dev /proc/1/fd
  ls > /dev/null
  fdisk -l /dev/sda
  smartctl -a /dev/sda
  ps aux
  systemctl status nginx
  journalctl -u nginx -n 50 --no-pager
  getent hosts example.com
  docker ps -a
  echo '*** done ***'
  test -f /etc/shadow
  [ -r /root/.ssh/id_rsa ]
  command -v mkfs.ext4
  type shutdown
  zcat /var/log/syslog.2.gz
  strings /usr/bin/passwd
`);

const ASKED = lines(String.raw`
  cat /etc/shadow
  cat /etc/shadow-
  cat /etc/shadow~ /x
  cat /etc/shadow.old /x
  cat /root/shadow.bak
  cat /var/backups/shadow
  cat /etc/shadow.bak
  cat /etc/shadow.bak~
  cat /etc/sha*.bak
  cat /etc/shadow.???
  cat /etc/shadow*
  cat '/etc/#shadow#'
  cat /etc/.shadow.swp
  cat /root/.pgpass.orig
  cat /etc/ssh/ssh_host_rsa_key.bak
  cat /var/cache/debconf/passwords.dat /var/cache/debconf/passwords.dat-old
  cat /var/mail/root /x
  cat /var/www/app/config.php
  cat /etc/postfix/sasl_passwd
  cat /etc/postfix/sasl_passwd.db
  cat /etc/netplan/50-cloud-init.yaml
  cat /var/lib/iwd/home.psk
  cat /root/.smbcredentials
  cat /ETC/Shadow
  sudo cat /etc/shadow
  cat ~/.ssh/id_ed25519
  cat ~root/.ssh/authorized_keys
  head -c 512 ~sys/sda
  grep -a PRIVATE ~sys/sda1
  cat ~sys/watchdog
  tail -c +1 ~sys/mem
  cat foo=~sys/watchdog
  cat ~systemd-network/proc/kmsg
  cat ~nobody/proc/kmsg
  cat ~/proc/kmsg
  cat .ssh/id_rsa
  cat etc/shadow
  cat $HOME/.ssh/id_rsa
  cat "$HOME/.ssh/id_rsa"
  cat /proc/1/environ
  cat /proc/*/environ
  cat /proc/self/task/1/environ
  printenv
  printenv AWS_SECRET_ACCESS_KEY
  cat /root/.aws/credentials
  cat /root/.pgpass /root/.netrc
  cat /root/.kube/config
  cat /etc/krb5.keytab
  cat /root/.bash_history
  cat /home/a/.mozilla/firefox/x/logins.json
  cat /var/lib/caisey/agent/identity.json
  cat /srv/agent/identity.json
  cat /srv/appliance/approvers.json
  cat /srv/appliance/keys/log.key
  cat /root/.caisey/keys/me.key
  head -c 512 /dev/sda
  cat /dev/watchdog
  cat /d*/watchdog
  cat /dev/stdin
  cat /proc/kmsg
  cat /proc/kcore
  cat /proc/sysrq-trigger
  cat /dev/mem
  cat /sys/kernel/debug/tracing/trace_pipe
  cat /run/systemd/initctl/fifo
  od -c /etc/shadow
  strings /etc/shadow
  strings -n 8 ~/.ssh/id_rsa
  strings /proc/1/environ
  strings -a /dev/sda
  cd /etc; strings shadow
  zcat /etc/shadow.gz
  zcat /etc/shadow
  zcat -f /root/.ssh/*
  zcat /var/backups/shadow.1.gz
  zcat ../x
  md5sum /etc/shadow
  wc --files0-from=/etc/shadow
  sort /etc/shadow
  tac /etc/shadow
  diff /etc/shadow /dev/null
  last -f /etc/shadow
  last -f/etc/shadow
  grep -f/etc/shadow x
  grep --file=/etc/shadow x
  grep '' /etc/shadow
  grep -r . /etc/ssl/private
  grep -r password /
  grep -r password /etc
  grep -r password
  grep -r -A 3 password
  grep -Ri password /home
  grep -d recurse x /etc
  grep --directories=recurse x /etc
  grep --rec x /etc
  diff -r /etc /mnt
  find / -exec cat {} ;
  cat /etc/../etc/shadow
  cat /var/log/../../etc/shadow
  cat /var/log/x/../y
  cat //etc///shadow
  cat /etc/./shadow
  cat /proc/self/root/etc/shadow
  cat /proc/1/root/etc/passwd
  cat /proc/self/cwd/x
  cat /proc/1/fd/3
  cat /var/lib/docker/overlay2/x/diff/etc/shadow
  cat /etc/sha*w
  cat /e??/shadow
  cat /etc/shado[w]
  cat /etc/[r-t]hadow
  cat /etc/*
  cat /*/shadow
  cat /etc/s{hadow,udoers}
  cat /opt/app/*
  cat /var/*/../../etc/shadow
  cat /var/log/id_rsa
  cat /root/.s*/id*
  cat /root/[.]ssh/id_rsa
  cat < /etc/shadow
  cd /etc; cat shadow
  cd /etc && cat passwd shadow
  cd /; cd etc; cat shadow
  cd /etc | cat shadow
  cd ../etc; cat shadow
  cd -; cat shadow
  cd /proc/self; cat environ
  cd ~/.ssh; cat config
  sed -n '1,5p' /etc/shadow
  awk '{print $1}' /etc/shadow
  cut -d: -f2 /etc/shadow
  cat /private/etc/master.passwd
  cat /.vol/1/2
  cat /etc/hosts/..namedfork/data
`);

const CMD_ORDINARY = lines(String.raw`
  ipconfig /all
  dir C:\Windows\System32\config
  dir C:\Users /s
  type C:\Windows\System32\drivers\etc\hosts
  type C:\inetpub\logs\w3svc1\ex1.log
  findstr /i error C:\app\logs\app.log
  reg query HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall /s
  netsh interface ip show config
`);

const CMD_ASKED = lines(String.raw`
  type C:\Windows\System32\config\SAM
  type c:/windows/system32/CONFIG/sam
  type C:\Windows\System32\config\SAM.
  type C:\Windows\System32\config\SAM::$DATA
  type C:\Windows\Sysnative\config\SAM
  type \Windows\System32\config\SAM
  type C:\Windows\System32\drivers\..\config\SAM
  type C:\Windows\System32\..\x
  type C:SAM
  type \\?\C:\Windows\System32\config\SAM
  type \\.\PhysicalDrive0
  type \\localhost\c$\x
  type %APPDATA%\x
  type %SystemRoot:~0,1%
  type C:\Users\a\AppData\Roaming\x
  type C:\Users\a\.ssh\id_rsa
  type C:\Windows\Panther\unattend.xml
  type C:\WINDOW~1\x
  type C:\temp\con
  type C:\temp\com1.txt
  type x > y
  ty^pe x
  findstr /s x C:\Users\a.txt
  findstr x C:\Windows\System32\config\*
  reg query HKLM\SAM
  reg query HKEY_LOCAL_MACHINE\SECURITY\Policy
  reg query HKLM /s
  reg query HKLM\SYSTEM\CurrentControlSet\Control\Lsa
  certutil -urlcache -f http://x y
`);

const PS_ORDINARY = lines(String.raw`
  Get-Service
  Get-Service -Name *sql*
  Get-Process | Where-Object Name -like '*svc*'
  Get-Content C:\Windows\System32\drivers\etc\hosts
  Get-Content C:\inetpub\logs\LogFiles\W3SVC1\*.log -Tail 20
  Get-Content C:\app\logs\app.log | Select-String error
  Get-Service | Select-String Spooler
  ipconfig /all | Select-String DNS
  Get-NetFirewallRule | Out-String -Stream | Select-String rdp
  Get-Content C:\app\logs\app.log | Where-Object Length -gt 3 | Select-String error | Select-String fatal
  Get-Service; Get-Content C:\app\logs\app.log
  Get-ChildItem C:\Windows\Logs -Recurse | Sort-Object Length | Get-Content -Tail 5
  Get-ChildItem HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall | Get-ItemProperty | Select-Object DisplayName
  Get-Process | Select-Object Name,Id | ConvertTo-Json
  Get-Process -Id 1 | Select-Object -ExpandProperty Path
  Get-ChildItem C:\Users -Recurse
  Get-ChildItem C:\inetpub\logs -Recurse | Select-String error
  Get-ItemProperty HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*
  Get-ChildItem HKLM:\SYSTEM\CurrentControlSet\Services
  Get-ChildItem Cert:\LocalMachine\My
  Get-CimInstance Win32_OperatingSystem
  Test-Path C:\Windows\System32\config\SAM
  ipconfig /all
`);

const PS_ASKED = lines(String.raw`
  Get-Content C:\Windows\System32\config\SAM
  gc c:/windows/system32/config/sam
  cat 'C:\Windows\System32\config\SAM '
  Get-Content -LiteralPath 'C:\Windows\System32\config\SAM'
  Get-Content 'C:\Windows\System32\config\SAM::$DATA'
  Get-Content 'C:\WINDOW~1\SYSTEM~1\CONFIG\SAM'
  Get-Content 'C:\Windows\System32\con[f]ig\SAM'
  Get-Content C:\Windows\System32\con*\S?M
  Get-Content C:\Windows\System32\drivers\..\config\SAM
  Get-Content \\?\C:\Windows\System32\config\SAM
  Get-Content \\.\C:\x
  Get-Content FileSystem::C:\Windows\System32\config\SAM
  Get-Content $env:APPDATA\x
  Get-Content ~\.ssh\id_rsa
  Get-Content .ssh\id_rsa
  Get-Content C:\Users\a\AppData\Local\Google\x
  Get-Content C:\app\*
  Get-Content Env:PATH
  Get-ChildItem Env:
  gci env:
  Get-ChildItem HKLM:\SAM
  Get-ItemProperty HKLM:\SAM\SAM
  Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon'
  Get-ChildItem HKLM:\ -Recurse
  Get-ChildItem HK*:\SAM
  reg query HKLM\SAM
  Get-ChildItem C:\Windows\System32\config | Get-Content
  Get-ChildItem C:\Users -Recurse -Filter *.txt | Select-String password
  Get-Item .ssh\id_rsa | Get-Content
  Get-Acl C:\Users\bob\.ssh\id_rsa | Get-Content
  Get-Acl C:\Users\bob\.ssh\id_rsa | Select-String PRIVATE
  Get-Acl C:\x | Select-String PRIVATE -Context 0,0
  Get-Acl C:\x | Select-String 'a','b'
  Get-Acl C:\x | Where-Object Owner -like '*' | Get-Content
  Get-PSDrive | Get-Content
  Get-Location | Get-Content
  Get-Process | Get-Content
  Get-SmbShare | Get-ChildItem -Recurse | Get-Content
  Write-Output C:\Users\bob\.ssh\id_rsa | Get-Item | Get-Content
  Get-Content C:\app\list.txt | Get-Item | Get-Content
  Get-Content C:\app\list.txt | Get-FileHash
  Get-Item C:\Windows\Logs | Select-Object -ExpandProperty Parent | Get-ChildItem -Recurse | Get-Content
  Get-ItemPropertyValue HKLM:\SOFTWARE\x -Name y | Get-Item | Get-Content
  Write-Output Env: | Get-ChildItem
  Get-PSDrive Env | Get-ChildItem
  Write-Output HKLM:\SECURITY | Get-ItemProperty
  Get-Item HKLM:\SOFTWARE | Get-ChildItem -Recurse | Get-ItemProperty
  Get-Process | ConvertTo-Json -Depth 5
  Get-Process -Id 1 | Select-Object -ExpandProperty StartInfo
  Get-Process -Id 1 | Select-Object -ExpandProperty StartI* | ConvertTo-Json
  Get-FileHash C:\Windows\System32\config\SAM
  Get-BitLockerVolume
  Get-BitLockerVolume | Select-Object -ExpandProperty KeyProtector
  [IO.File]::ReadAllText('x')
  & { Get-Content x }
  iex 'Get-Content x'
  (Get-Item x).Delete()
`);

const LISTS: readonly (readonly [Judged['shell'], 'allow' | 'ask', readonly string[]])[] = [
  ['bash', 'allow', ORDINARY],
  ['bash', 'ask', ASKED],
  ['sh', 'allow', ORDINARY],
  ['sh', 'ask', ASKED],
  ['cmd', 'allow', CMD_ORDINARY],
  ['cmd', 'ask', CMD_ASKED],
  ['powershell', 'allow', PS_ORDINARY],
  ['powershell', 'ask', PS_ASKED],
];

const touching = suite('touchLine()');
for (const [shell, effect, commands] of LISTS) {
  for (const command of commands) {
    touching(`makes standard ${effect} in ${shell}: ${command}`, () => {
      assert.is(decide({ shell, command }).effect, effect, decide({ shell, command }).why);
    });
  }
}

touching('counts the folder that the command runs in', () => {
  const asked: readonly (readonly [cwd: string, command: string])[] = [
    ['/etc', 'cat shadow'],
    ['/etc/', 'cat ./sha*w'],
    ['/root/.ssh', 'cat config'],
    ['/proc/1/root/etc', 'cat passwd'],
    ['/dev', 'cat watchdog'],
    ['/tmp/../etc', 'cat x'],
    ['relative', 'cat x'],
    ['/root', 'grep -r x'],
  ];
  for (const [cwd, command] of asked) assert.is(decide({ cwd, command }).effect, 'ask', cwd);
  assert.is(decide({ cwd: '/var/log', command: 'cat syslog' }).effect, 'allow');
  assert.is(decide({ cwd: '/var/log', command: 'grep -r x' }).effect, 'allow');
  const shell = 'powershell';
  const config = 'C:\\Windows\\System32\\config';
  assert.is(decide({ shell, cwd: config, command: 'Get-Content SAM' }).effect, 'ask');
  assert.is(decide({ shell, cwd: 'C:\\app', command: 'Get-Content x.log' }).effect, 'allow');
});

touching('tells what may be secret, and calls a device changing', () => {
  const decision = decide({ command: 'cat /etc/hosts /etc/shadow' });
  assert.is(decision.access, 'sensitive');
  assert.match(decision.why, /"cat" is called with "\/etc\/shadow"/);
  assert.is(decide({ command: 'cat /dev/watchdog' }).access, 'changing');
  const piped = decide({ shell: 'powershell', command: 'Get-Acl C:\\x | Get-Content' });
  assert.is(piped.access, 'sensitive');
  assert.match(piped.why, /"Get-Content" is called with "what a pipe hands on"/);
  assert.is(decide({ command: 'cat /etc/hosts' }).access, 'read-only');
});

touching('lets a client allow or deny what is sensitive', () => {
  const reading: PolicyRule = { id: 'reading', effect: 'allow', access: 'read-only' };
  const allow: PolicyRule = { id: 'secrets', effect: 'allow', access: 'sensitive' };
  const deny: PolicyRule = { id: 'secrets', effect: 'deny', access: 'sensitive' };
  const both = { command: 'cat /etc/hosts; cat /etc/shadow' };
  assert.is(decide(both, reading, allow).effect, 'allow');
  assert.is(decide({ command: 'cat /dev/watchdog' }, reading, allow).effect, 'ask');
  for (const command of [
    both.command,
    'sudo cat /etc/shadow',
    'cp /etc/shadow /tmp/x',
    'cat < /etc/shadow',
    'for f in /etc/sha*; do cat "$f"; done',
    'cat ../x',
  ]) {
    assert.is(decide({ command }, reading, deny).effect, 'deny', command);
  }
  assert.is(decide({ command: 'cat /etc/hosts' }, reading, deny).effect, 'allow');
  assert.is(decide({ command: 'echo $(uptime)' }, reading, deny).effect, 'ask');
});

touching('looks at a bounded number of words, and asks for more', () => {
  for (const piece of [' a', ' ~', ' -rf/etc/x', ' *a*b*c', ' /a/*/c*', ` -${'f*'.repeat(60)}`]) {
    const command = `cat ${piece.repeat(8000 / piece.length)}`;
    assert.is(decide({ command }).effect, 'ask', piece);
  }
});

touching('leaves the line as it was parsed but for what it touches', () => {
  const line = parseLine('bash', 'ls -l; cat /etc/shadow', grammar);
  const touched = touchLine(line, JUDGED);
  assert.equal(
    touched.commands.map(({ secret }) => secret),
    [null, '/etc/shadow'],
  );
  assert.is(touched.clean, line.clean);
});
touching.run();

const guessing = suite('isSecretWord()');
guessing('knows a secret by its name, also by a pattern of it', () => {
  for (const word of ['/etc/shadow', '/etc/sha*', '~/.ssh/x', '/dev/sda', '../x']) {
    assert.ok(isSecretWord(word, JUDGED), word);
  }
  for (const word of ['uptime', '/etc/hosts', 'x']) assert.not(isSecretWord(word, JUDGED), word);
});
guessing.run();
