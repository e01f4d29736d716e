import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { scanWords } from './scan.ts';

const scanning = suite('scanWords()');

for (const text of [
  ...[
    'x;mkfs',
    'x|mkfs|y',
    '$(mkfs)',
    '`mkfs`',
    '"mkfs"',
    "mk''fs",
    'm\\kfs',
    'mk^fs',
    'x=mkfs',
    'x,mkfs',
  ],
  ...[
    '/sbin/mkfs',
    'C:\\x\\mkfs.exe',
    'MKFS',
    '{mkfs}',
    "$'mkfs'",
    '\uff4dkfs',
    'mk\u200bfs',
    'x\u00a0mkfs',
  ],
  ...['[mkfs]', '@mkfs', '!mkfs', 'x\rmkfs', 'x\u0085mkfs', 'mk\\\nfs', 'mk"fs', '>mkfs'],
]) {
  scanning(`finds a name in ${JSON.stringify(text)}`, () => {
    assert.ok(scanWords(text, 'bash').names.has('mkfs'));
  });
}

scanning('finds cmdlets by alias only where there are aliases', () => {
  assert.ok(scanWords('(rm x)', 'powershell').names.has('remove-item'));
  assert.ok(scanWords('pwsh -c "rm x"', 'bash').names.has('remove-item'));
  assert.not(scanWords('(rm x)', 'bash').names.has('remove-item'));
});
scanning.run();
