import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Dialect, findProgram, forgetProgram } from './dialect.ts';

const test = suite('findProgram()');

test('findProgram() takes the first path that can be run, and looks again only when told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-dialect-'));
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  const paths = [first, second];
  const dialect: Dialect = { paths, isVerbatim: false, args: () => [], refusal: () => null };
  assert.is(findProgram(dialect), null);
  await writeFile(second, '');
  assert.is(findProgram(dialect), null, 'a file is not a program yet');
  await chmod(second, 0o700);
  assert.is(findProgram(dialect), second);
  await writeFile(first, '', { mode: 0o700 });
  assert.is(findProgram(dialect), second);
  forgetProgram(dialect);
  assert.is(findProgram(dialect), first);
  await rm(folder, { recursive: true });
});

test.run();
