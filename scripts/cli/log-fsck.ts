// The examination of a log, by the appliance that runs it or on the disk of one that does not.

import { join } from 'node:path';

import { CAUGHT_ADVICE, DAMAGED_ADVICE } from '#appliance/ledger/advice.ts';
import { fsck } from '#appliance/ledger/fsck.ts';
import { checkLogExists } from '#appliance/ledger/ledger.ts';
import { useNativeCrypto } from '#agent/protocol/native-crypto.ts';
import { openStore } from '#appliance/ledger/store.ts';
import { CAUGHT_BY } from '#appliance/ledger/witnessed.ts';
import type { AnswerOf } from '#appliance/protocol/client-message.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import { visibleText } from '#crypto/visible.ts';
import type { Connection } from './connect.ts';
import { EXIT } from './exit-code.ts';
import type { Invocation } from './invocation.ts';
import { findLog, type LocalLog } from './log-source.ts';
import { openProgress, type Progress } from './progress.ts';

type Report = AnswerOf<'log.fsck'>;

/** Examines the log; answers the exit code. */
export async function fsckLog(
  invocation: Invocation,
  options: { isOffline: boolean },
): Promise<number> {
  const source = await findLog(invocation, options);
  const report =
    source.kind === 'appliance'
      ? await askAppliance(invocation, source.connection)
      : await examineFolder(invocation, source.log);
  const { size, root, firstBad, problems } = report;
  const { output } = invocation;
  const isSound = problems.length === 0;
  await output.result({ sound: isSound, ...report }, () => {
    const lines = problems.map(({ index, what }) => {
      const where = index === null ? 'log' : `entry ${index}`;
      return `${where}: ${visibleText(what)}`;
    });
    const verdict = isSound
      ? output.paint('green', `The log is sound: ${size} entries, root ${root}`)
      : output.paint(
          'red',
          `The log is damaged${firstBad === null ? '' : ` from entry ${firstBad} on`}`,
        );
    return `${[...lines, verdict].join('\n')}\n`;
  });
  if (isSound) return EXIT.done;
  const isCaught = problems.some(({ what }) => what.includes(CAUGHT_BY));
  await output.note(isCaught ? CAUGHT_ADVICE : DAMAGED_ADVICE, 'yellow');
  return EXIT.failed;
}

async function askAppliance(invocation: Invocation, connection: Connection): Promise<Report> {
  await using held = connection;
  await using progress = openProgress(invocation.terminal, 'Examining');
  return await held.client.call(
    'log.fsck',
    {},
    {
      signal: invocation.signal,
      onEvent: async (event) => {
        if (event.kind === 'progress') await progress.update(event.done, event.total);
      },
    },
  );
}

async function examineFolder(invocation: Invocation, log: LocalLog): Promise<Report> {
  const { places, logKey } = log;
  useNativeCrypto();
  await checkLogExists({ folder: places.log, secondFolder: places.second });
  await using store = await openStore(join(places.log, 'store'));
  await using progress = openProgress(invocation.terminal, 'Examining');
  const report = await fsck({
    ...{ store, logKey, secondFolder: places.second, signal: invocation.signal },
    onProgress: ({ entries, of }) => show(progress, entries, of),
  });
  return {
    size: report.size,
    root: encodeBase64url(report.root),
    firstBad: report.firstBad,
    problems: report.problems.slice(0, 1000).map(({ index, what }) => ({ index, what })),
  };
}

function show(progress: Progress, done: number, total: number): void {
  progress.update(done, total).catch(() => undefined); // nobody looks any more; the work goes on
}
