import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { asCalled, programName } from './program-name.ts';

const name = suite('programName()');

name('is npm’s form for the source file of a clone, else its own name', () => {
  assert.is(programName('/home/olga/caisey/scripts/caisey.ts'), 'npm run -s caisey --');
  assert.is(programName('/usr/local/bin/caisey'), 'caisey');
});

name.run();

const called = suite('asCalled()');

const NPM = 'npm run -s caisey --';

called('replaces the name before a verb, and nowhere else', () => {
  assert.is(
    asCalled('Run "caisey session ls", or caisey run web -- df.', NPM),
    'Run "npm run -s caisey -- session ls", or npm run -s caisey -- run web -- df.',
  );
  for (const text of ['caisey is a program', '/etc/caisey run', 'my-caisey ls', '~/.caisey key']) {
    assert.is(asCalled(text, NPM), text);
  }
  assert.is(
    asCalled('Usage: caisey [options] [command]', NPM),
    `Usage: ${NPM} [options] [command]`,
  );
});

called('leaves a text as it is where the name is what is typed', () => {
  assert.is(asCalled('caisey ls', 'caisey'), 'caisey ls');
});

called.run();
