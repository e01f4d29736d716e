import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { bash, sh } from './bash.ts';

const ATTACKS = ['id', '-x', '--', '-c id', '"; id; "', "'; id; '", '$(id)', 'a\nb', ''];

const test = suite('sh and bash');

test('sh and bash get the command as the one argument behind the last switch', () => {
  for (const command of ATTACKS) {
    assert.equal(sh.args(command), ['-c', '--', command]);
    assert.equal(bash.args(command), ['--noprofile', '--norc', '-c', '--', command]);
  }
});

test('sh and bash are named by absolute paths', () => {
  assert.ok([...sh.paths, ...bash.paths].every((path) => path.startsWith('/')));
});

test.run();
