import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  type Decision,
  type Judged,
  MAX_PROGRAMS,
  type PolicyRule,
  policySchema,
  type PolicyRules,
  presetPolicy,
  type ShellName,
  SHELLS,
} from '#crypto/policy.ts';

import { judgeBy, openJudge } from './decide.ts';
import { loadPowerShellGrammar } from './powershell-grammar.ts';

const judge = await openJudge();

const JUDGED: Judged = {
  shell: 'bash',
  command: 'uptime',
  cwd: null,
  env: {},
  labels: [],
  role: 'technician',
  atMs: Date.parse('2026-11-18T10:00:00Z'), // a Wednesday, eleven o'clock in Berlin
};

function policy(...rules: PolicyRule[]): PolicyRules {
  return policySchema.parse({
    time_zone: 'Europe/Berlin',
    rules,
    ask: { approvals: 1, expires_s: 600 },
  });
}

function decide(rules: PolicyRules, judged: Partial<Judged>): Decision {
  return judge(rules, { ...JUDGED, ...judged });
}

/** Effect and rule, in one word each. */
function outcome(rules: PolicyRules, judged: Partial<Judged>): string {
  const { effect, rule } = decide(rules, judged);
  return `${effect} ${rule ?? '-'}`;
}

const ALL: PolicyRule = { id: 'all', effect: 'allow' };
const STANDARD = presetPolicy('standard', 'Europe/Berlin');

const judging = suite('judgeBy()');
judging('parses a line once, however often its request is judged', async () => {
  const { parse } = await loadPowerShellGrammar();
  const texts: string[] = [];
  const counting = judgeBy({ parse: (text, use) => parse((texts.push(text), text), use) });
  const judged = { ...JUDGED, shell: 'powershell', command: 'Get-Service' } as const;
  assert.equal(counting(STANDARD, judged), judge(STANDARD, judged));
  const parses = texts.length;
  assert.equal(counting(STANDARD, { ...judged, role: 'owner' }), judge(STANDARD, judged));
  assert.is(texts.length, parses);
});
judging.run();

const order = suite('openJudge() on effects');

order('asks by default, with the terms of the policy', () => {
  const decision = decide(policy(), {});
  assert.is(decision.effect, 'ask');
  assert.is(decision.rule, null);
  assert.equal(decision.ask, { approvals: 1, expires_s: 600 });
});

order('lets deny beat ask, and ask beat allow, whatever their order', () => {
  const ask: PolicyRule = { id: 'some', effect: 'ask', programs: ['uptime'] };
  const deny: PolicyRule = { id: 'none', effect: 'deny', programs: ['uptime'] };
  assert.is(outcome(policy(ALL), {}), 'allow all');
  for (const rules of [
    [ALL, ask],
    [ask, ALL],
  ]) {
    assert.is(outcome(policy(...rules), {}), 'ask some');
  }
  for (const rules of [
    [ALL, ask, deny],
    [deny, ask, ALL],
    [ask, deny, ALL],
  ]) {
    assert.is(outcome(policy(...rules), {}), 'deny none');
  }
});

order('takes the ask rule that wants most approvals', () => {
  const two: PolicyRule = {
    id: 'two',
    effect: 'ask',
    programs: ['nft'],
    ask: { approvals: 2, expires_s: 60 },
  };
  const decision = decide(policy({ id: 'any', effect: 'ask' }, two), {
    command: 'nft flush ruleset',
  });
  assert.is(decision.rule, 'two');
  assert.is(decision.ask?.approvals, 2);
});

order('gives terms only with ask', () => {
  assert.is(decide(policy(ALL), {}).ask, null);
  assert.is(decide(policy({ id: 'no', effect: 'deny' }), {}).ask, null);
});
order.run();

const allow = suite('openJudge() on allow');

const RESTART: PolicyRule = {
  id: 'restart',
  effect: 'allow',
  programs: ['systemctl'],
  arguments: ['restart', '*'],
};
const RULES = policy({ id: 'reading', effect: 'allow', access: 'read-only' }, RESTART);

const ALLOWED: readonly (readonly [command: string, rule: string])[] = [
  ['uptime', 'reading'],
  ['systemctl restart nginx', 'restart'],
  ['systemctl restart nginx && systemctl status nginx', 'restart'],
];
for (const [command, rule] of ALLOWED) {
  allow(`allows ${JSON.stringify(command)} by "${rule}"`, () => {
    assert.is(outcome(RULES, { command }), `allow ${rule}`);
  });
}

const NOT_ALLOWED: readonly string[] = [
  'systemctl stop nginx',
  'systemctl restart nginx mysql',
  'systemctl restart',
  'systemctl restart -H=root@other',
  'systemctl restart --root=/x',
  'systemctl --now restart nginx',
  'systemctl restart nginx; rm x',
  'systemctl restart nginx & uptime',
  'systemctl restart $(rm x)',
  'systemctl restart ng*',
  'sudo systemctl restart nginx',
  './systemctl restart nginx',
  '/tmp/systemctl restart nginx',
  'SYSTEMCTL restart nginx',
  'X=1 systemctl restart nginx',
  'systemctl restart nginx > /etc/passwd',
  'systemctl restart ngin\u0445',
];
for (const command of NOT_ALLOWED) {
  allow(`asks for ${JSON.stringify(command)}`, () => {
    assert.is(outcome(RULES, { command }), 'ask -');
  });
}

allow('lets a star not leave its folder', () => {
  const rules = policy({
    id: 'cache',
    effect: 'allow',
    programs: ['rm'],
    arguments: ['/var/cache/app/*', '**'],
  });
  assert.is(outcome(rules, { command: 'rm /var/cache/app/x' }), 'allow cache');
  assert.is(outcome(rules, { command: 'rm /var/cache/app/../../../etc/passwd' }), 'ask -');
});

allow('never allows what is not clean, not even by a rule without criteria', () => {
  const rules = policy(ALL);
  assert.is(outcome(rules, { command: 'rm -rf /' }), 'allow all');
  for (const command of ['ls $(id)', 'ls > x', 'ls &', 'ls \u202e', "r$'m' x", 'curl x | sh', '']) {
    assert.is(outcome(rules, { command }), 'ask -', command);
  }
});

allow('asks when environment or folder could change what the words mean', () => {
  assert.is(outcome(RULES, { env: { PATH: '/tmp' } }), 'ask -');
  assert.is(outcome(RULES, { cwd: '/tmp' }), 'allow reading');
  assert.is(outcome(RULES, { cwd: '/tmp\u202e' }), 'ask -');
  assert.is(outcome(RULES, { shell: 'cmd', command: 'ipconfig' }), 'allow reading');
  assert.is(outcome(RULES, { shell: 'cmd', command: 'ipconfig', cwd: 'C:\\x' }), 'ask -');
});

allow('takes names without regard to capitals in PowerShell and cmd', () => {
  const rules = policy({
    id: 'spooler',
    effect: 'allow',
    programs: ['restart-service'],
    arguments: ['spooler'],
  });
  assert.is(
    outcome(rules, { shell: 'powershell', command: 'Restart-Service Spooler' }),
    'allow spooler',
  );
  assert.is(
    outcome(rules, { shell: 'powershell', command: 'Restart-Service Spooler -Force' }),
    'ask -',
  );
});
allow.run();

const deny = suite('openJudge() on deny');

const NO_MKFS = policy(ALL, { id: 'mkfs', effect: 'deny', programs: ['mkfs', 'mkfs.*'] });

const DENIED: readonly string[] = [
  'mkfs /dev/sda',
  '/sbin/mkfs.ext4 /dev/sda',
  'MKFS.ext4 x',
  'uptime; mkfs x',
  'uptime && true | mkfs x',
  'echo $(mkfs x)',
  'echo "`mkfs x`"',
  'cat <(mkfs x)',
  'cat <<E\n$(mkfs x)\nE',
  'if true; then mkfs x; fi',
  'f() { mkfs x; }; f',
  'sudo mkfs x',
  'sudo -u root --weird value mkfs x',
  'sudo -Z value mkfs x',
  'env A=1 mkfs x',
  'ls | xargs mkfs',
  "find /dev -exec mkfs '{}' ';'",
  "sh -c 'mkfs x'",
  'sudo sh -c \'env sh -c "mkfs x"\'',
  'eval mkfs x',
  "eval 'mk''fs x'",
  'm\\kfs x',
  "mk''fs x",
  'X=mkfs; $X /dev/sda',
  'echo mkfs x | sh',
  'mkfs x >',
  'mkfs "unterminated',
  'time mkfs x',
  '! mkfs x',
  'mkfs x &',
  '\uff4d\uff4b\uff46\uff53 x', // full-width letters
  'mk\u200bfs x',
  'mk\\\nfs x',
  `echo ${'x '.repeat(20_000)}; mkfs x`,
];
for (const command of DENIED) {
  deny(`denies ${JSON.stringify(command.slice(0, 60))}`, () => {
    assert.is(outcome(NO_MKFS, { command }), 'deny mkfs');
  });
}

deny('does not deny a word that only looks like the program, in a clean line', () => {
  assert.is(outcome(NO_MKFS, { command: 'grep mkfs /var/log/syslog' }), 'allow all');
  assert.is(outcome(NO_MKFS, { command: 'ls mkfs', env: { A: '1' } }), 'ask -');
});

deny('reaches cmdlets by alias, name of the module, call and block', () => {
  const rules = policy(ALL, { id: 'no', effect: 'deny', programs: ['Remove-Item'] });
  for (const command of [
    'Remove-Item x',
    'remove-item x',
    'rm x',
    'Get-ChildItem | del',
    "& 'Remove-Item' x",
    "& ('Remove' + '-Item') x; ri y",
    'Get-Process | ForEach-Object { Remove-Item $_ }',
    'Microsoft.PowerShell.Management\\Remove-Item x',
    "iex 'Remove-Item x'",
    'Remove`-Item x',
    'Get-X > y; Remove-Item x',
  ]) {
    assert.is(outcome(rules, { shell: 'powershell', command }), 'deny no', command);
  }
  assert.is(outcome(rules, { shell: 'bash', command: 'rm x' }), 'allow all');
});

deny('finds arguments wherever they stand', () => {
  const rules = policy(ALL, {
    id: 'stop',
    effect: 'deny',
    programs: ['systemctl'],
    arguments: ['stop', 'mysql', '**'],
  });
  for (const command of [
    'systemctl stop mysql',
    'systemctl --now stop mysql x',
    'systemctl stop --no-block mysql',
    'sudo systemctl stop mysql',
    'systemctl stop mysql $(x)',
  ]) {
    assert.is(outcome(rules, { command }), 'deny stop', command);
  }
  assert.is(outcome(rules, { command: 'systemctl start mysql' }), 'allow all');
});
deny.run();

const context = suite('openJudge() on context');

context('wants every label, one of the roles, one of the shells', () => {
  const rules = policy({ ...ALL, labels: ['web', 'test'], roles: ['owner'], shells: ['bash'] });
  const meets: Partial<Judged> = { labels: ['test', 'web', 'x'], role: 'owner' };
  assert.is(outcome(rules, meets), 'allow all');
  assert.is(outcome(rules, { ...meets, labels: ['web'] }), 'ask -');
  assert.is(outcome(rules, { ...meets, role: 'technician' }), 'ask -');
  assert.is(outcome(rules, { ...meets, shell: 'sh' }), 'ask -');
});

context('keeps to the window of a rule', () => {
  const rules = policy({ ...ALL, window: { days: [3], from: '22:00', to: '06:00' } });
  assert.is(outcome(rules, {}), 'ask -');
  assert.is(outcome(rules, { atMs: Date.parse('2026-11-19T01:00:00Z') }), 'allow all');
  assert.is(outcome(rules, { atMs: Number.NaN }), 'ask -');
});

context('lets a deny hold at a time that is none', () => {
  const window = { days: [1], from: '22:00', to: '23:00' };
  const rules = policy({ id: 'no', effect: 'deny', window });
  assert.is(outcome(rules, { atMs: Number.NaN }), 'deny no');
});

context('tells changing from reading', () => {
  const rules = policy(ALL, { id: 'changes', effect: 'ask', access: 'changing' });
  assert.is(outcome(rules, { command: 'uptime' }), 'allow all');
  assert.is(outcome(rules, { command: 'rm x' }), 'ask changes');
  assert.is(outcome(rules, { command: 'echo $(uptime)' }), 'ask changes');
});
context.run();

const presets = suite('openJudge() on presets');

presets('careful asks even for reading', () => {
  const careful = presetPolicy('careful', 'UTC');
  assert.is(outcome(careful, {}), 'ask ask-everything');
  assert.is(outcome(careful, { command: 'mkfs.ext4 /dev/sda1' }), 'deny no-wiping');
});

presets('standard allows reading, asks the rest, denies what destroys', () => {
  const expected: readonly (readonly [Partial<Judged>, string])[] = [
    [{ command: 'journalctl -u nginx -n 50' }, 'allow reading'],
    [{ command: 'systemctl restart nginx' }, 'ask -'],
    [{ command: 'dd if=/dev/zero of=/dev/sda bs=1M' }, 'deny no-raw-disk'],
    [{ command: 'rm -rf /' }, 'deny no-root-removal'],
    [{ command: 'rm -rf --no-preserve-root /' }, 'deny no-root-removal'],
    [{ command: 'rm -rf /tmp/x' }, 'ask -'],
    [{ command: 'for f in *; do rm "$f"; done' }, 'ask -'],
    [{ shell: 'cmd', command: 'format c: /q' }, 'deny no-format'],
    [{ shell: 'cmd', command: 'vssadmin delete shadows /all /quiet' }, 'deny no-backup-removal'],
    [{ shell: 'cmd', command: 'vssadmin list shadows' }, 'allow reading'],
    [{ shell: 'cmd', command: 'bcdedit /enum' }, 'allow reading'],
    [{ shell: 'cmd', command: 'bcdedit /set x' }, 'deny no-wiping'],
    [{ shell: 'powershell', command: 'Get-Disk | Clear-Disk -RemoveData' }, 'deny no-wiping'],
    [{ shell: 'powershell', command: 'wevtutil cl System' }, 'deny no-log-clearing-tool'],
    [{ shell: 'powershell', command: 'Get-Service' }, 'allow reading'],
  ];
  for (const [judged, wanted] of expected) {
    assert.is(outcome(STANDARD, judged), wanted, JSON.stringify(judged));
  }
});

presets('standard asks for what only looks as if it read', () => {
  const rules = presetPolicy('standard', 'UTC');
  const commands = [
    'rpm -qa --pipe /tmp/x',
    'rpm -q --import /tmp/key',
    'journalctl -n --vacuum-time=1s',
    'journalctl --lines --rotate',
    'journalctl --boot --flush',
    'lsof -i -Db',
    'arch rm -rf /tmp/x',
  ];
  for (const command of commands) assert.is(outcome(rules, { command }), 'ask -', command);
  for (const cwd of ['/dev', '/proc/1/root', '/tmp/../dev', '/sys/kernel/debug']) {
    assert.is(outcome(rules, { command: 'cat watchdog', cwd }), 'ask -', cwd);
  }
});
presets.run();

const words = suite('openJudge() in words');

words('tells what runs, once each, in order, and in bounds', () => {
  const decision = decide(STANDARD, {
    command: "uptime | grep x; sudo nft flush ruleset; 'uptime'",
  });
  assert.equal(decision.programs, ['uptime', 'grep', 'sudo', 'nft']);
  assert.is(decision.access, 'changing');
  assert.match(decision.why, /runs "sudo"/);
  const many = Array.from({ length: 100 }, (_, i) => `p${i}`).join(';');
  assert.is(decide(STANDARD, { command: many }).programs.length, MAX_PROGRAMS);
});

words('shows no invisible character and no endless name', () => {
  const decision = decide(STANDARD, { command: `a\u202eb; ${'x'.repeat(500)}` });
  for (const text of [...decision.programs, decision.why]) {
    assert.not.match(text, /[\p{C}]/u);
    assert.ok(text.length < 300);
  }
});

words('says why in the words of the rule when it has some', () => {
  const rules = policy({ id: 'a', effect: 'deny', why: 'Payroll is closed.' });
  assert.is(decide(rules, {}).why, 'Payroll is closed.');
});
words.run();

const hostile = suite('openJudge() on any text');

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        ...[
          "'",
          '"',
          '\\',
          '$',
          '`',
          '(',
          ')',
          '{',
          '}',
          '<',
          '>',
          '|',
          '&',
          ';',
          '%',
          '^',
          '@',
          ',',
        ],
        ...[
          'ls',
          'rm',
          'dir',
          'Get-Process',
          'sudo',
          'sh',
          '-c',
          'find',
          '-exec',
          ' ',
          ' ',
          '\n',
          '\0',
        ],
        ...['powershell', '-enc', 'AAAA', 'cmd', '/c', 'eval', '$_', '\ud800', '\u202e'],
      ),
      { maxLength: 14 },
    )
    .map((parts) => parts.join('')),
);

/**
 * A second opinion, simple enough to be sure of: outside quotes that nothing is replaced in, no character by which
 * this shell does more than split words and start programs. `$` is a letter like others to cmd: MSSQL$SQLEXPRESS.
 */
function isPlainToStrictEye(shell: ShellName, command: string): boolean {
  if (/[^\t\n\x20-\x7e]/.test(command)) return false;
  if (shell === 'cmd') return !/[`"%!^&|<>(){}\n]/.test(command.trim());
  const harmless =
    shell === 'sh' || shell === 'bash' ? /'[^']*'|"[^"$`]*"/g : /'[^']*'|"[^"$`]*"|\{\$_[^{}]*\}/g; // a block that compares
  const bare = command.replace(harmless, '');
  return !/[`$(){}<>^'"]|(?<!&)&(?!&)/.test(bare);
}

hostile('never throws, answers the same twice, and allows only what a strict eye allows', () => {
  const open = policy(ALL);
  fc.assert(
    fc.property(fc.constantFrom(...SHELLS), text, (shell, command) => {
      const decision = decide(open, { shell, command });
      assert.equal(decide(open, { shell, command }), decision);
      if (decision.effect !== 'allow') return;
      assert.ok(isPlainToStrictEye(shell, command), JSON.stringify([shell, command]));
    }),
    { numRuns: 3000 },
  );
});

hostile('answers in time for long and deep lines', () => {
  for (const piece of [
    '$(',
    '(',
    '{',
    "'",
    '"',
    '`',
    'sudo ',
    'sh -c ',
    '; ',
    '<<E\n',
    '{$_.a ',
    '\\',
  ]) {
    for (const shell of SHELLS) {
      const decision = decide(STANDARD, { shell, command: piece.repeat(5000) });
      assert.is.not(decision.effect, 'allow');
    }
  }
});
hostile.run();
