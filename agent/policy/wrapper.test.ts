import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { isWrapper, unwrap } from './wrapper.ts';

const unwrapping = suite('unwrap()');

const WORDS: readonly (readonly [
  program: string,
  args: string,
  inner: string,
  unclear: boolean,
])[] = [
  ['sudo', 'rm x', 'rm x', false],
  ['/usr/bin/sudo', '-u bob rm x', 'rm x', false],
  ['sudo', '-D /etc cat shadow', 'cat shadow', true],
  ['sudo', '-R /mnt cat x', 'cat x', true],
  ['sudo', '--user bob rm x', 'bob rm x', true],
  ['timeout', '5 rm x', 'rm x', false],
  ['timeout', '-k 3 5 rm x', 'rm x', false],
  ['env', '-u A B=1 rm x', 'rm x', true],
  ['nice', '-n 5 rm', 'rm', false],
  ['xargs', '-n 1 rm -f', 'rm -f', true],
  ['nohup', '-- rm', 'rm', false],
  ['busybox', 'rm x', 'rm x', true],
  ['find', '. -exec rm {} ;', 'rm {}', true],
  ['docker', 'exec web rm x', 'rm x', true],
];
for (const [program, args, inner, unclear] of WORDS) {
  unwrapping(`takes "${inner}" out of "${program} ${args}"`, () => {
    const unwrapped = unwrap(program, args.split(' '));
    assert.is(unwrapped?.words?.join(' '), inner);
    assert.is(unwrapped?.unclear, unclear);
  });
}

const SCRIPTS: readonly (readonly [program: string, args: readonly string[], text: string])[] = [
  ['sh', ['-c', 'rm x'], 'rm x'],
  ['bash', ['-lc', 'rm x'], 'rm x'],
  ['/bin/dash', ['-e', '-c', 'rm x', 'name'], 'rm x'],
  ['eval', ['rm', 'x'], 'rm x'],
  ['su', ['-', 'bob', '-c', 'rm x'], 'rm x'],
  ['cmd.exe', ['/c', 'del', 'x'], ' del x'],
  ['cmd', ['/cdel', 'x'], 'del x'],
  ['powershell', ['-NoProfile', '-Command', 'rm', 'x'], 'rm x'],
  ['pwsh', ['-c', 'rm x'], 'rm x'],
  ['iex', ['rm x'], 'rm x'],
];
for (const [program, args, text] of SCRIPTS) {
  unwrapping(`takes the script out of "${program} ${args.join(' ')}"`, () => {
    assert.is(unwrap(program, args)?.script?.text, text);
  });
}

unwrapping('leaves what runs nothing else', () => {
  assert.is(unwrap('ls', ['-l']), null);
  assert.is(unwrap('command', ['-v', 'ls']), null);
  assert.is(unwrap('find', ['.', '-name', 'x']), null);
  assert.is(unwrap('docker', ['ps']), null);
  assert.is(unwrap('python3', ['/opt/job.py']), null);
});

unwrapping('is unclear about code in an argument or on the input', () => {
  for (const [program, ...args] of [
    ['python3', '-c', 'x'],
    ['perl', '-e', 'x'],
    ['python'],
    ['bash'],
    ['sh', 'x.sh'],
    ['awk', 'BEGIN{}'],
    ['.', './x'],
    ['rundll32', 'x'],
  ]) {
    assert.ok(unwrap(program ?? '', args)?.unclear, `${program ?? ''} ${args.join(' ')}`);
  }
});
unwrapping.run();

const wrapper = suite('isWrapper()');
wrapper('knows wrappers by path, ending and alias, and nothing else', () => {
  for (const name of ['sudo', '/usr/bin/env', 'CMD.EXE', 'iex', 'saps', '.'])
    assert.ok(isWrapper(name), name);
  for (const name of ['ls', 'Get-Process', '', '/']) assert.not(isWrapper(name), name);
});
wrapper.run();
