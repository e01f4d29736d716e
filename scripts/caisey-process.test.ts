import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { startDaemon } from './caisey-process.ts';

const start = suite('startDaemon()');

start('startDaemon() tells what a program prints so that a terminal obeys none of it', async () => {
  await using stack = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'caisey-process-'));
  stack.defer(() => rm(home, { recursive: true, force: true }));
  const said = String.raw`process.stdout.write('\x1b[1A\x1b[2K\x07All is well\n');`;
  const complained = String.raw`process.stderr.write('\u202eAt C:\\here …\n');`;
  const lines: string[] = [];
  const daemon = stack.use(
    startDaemon(
      { program: process.execPath, args: ['-e', `${said}${complained}`] },
      { home, onLine: (line) => lines.push(line) },
    ),
  );
  assert.is(await daemon.ended, 0);
  assert.equal(lines.sort(), [
    String.raw`\u{202e}At C:\here …`,
    String.raw`\x1b[1A\x1b[2K\x07All is well`,
  ]);
});

start.run();
