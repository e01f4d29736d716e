// The alerts that go on record, told to whoever runs the appliance as well: a wrong PIN, a forged statement, an
// endpoint that found a fork. Read from the log, so what is told is on record already, whoever raised it.

import { setTimeout as delay } from 'node:timers/promises';

import { LedgerError, type LedgerErrorCode } from '../ledger/error.ts';
import type { Ledger, StoredEntry } from '../ledger/ledger.ts';
import { openStored } from './record.ts';

/** An alert as an event of the appliance. */
export interface AlertEvent {
  readonly level: 'info' | 'warning' | 'error';
  readonly what: string;
  readonly cause?: unknown;
}

/** Tells each alert that is recorded from now on, until it is disposed: before the ledger. */
export function openAlertWatch(
  ledger: Ledger,
  onEvent: (event: AlertEvent) => void,
): AsyncDisposable {
  const stop = new AbortController();
  const { signal } = stop;
  const watching = watch(ledger, { onEvent, signal }).catch((cause: unknown) => {
    const isEnded = cause instanceof LedgerError && ENDED.has(cause.code);
    if (isEnded || signal.aborted) return; // the appliance says itself that its log ended
    onEvent({ level: 'error', what: 'alerts are not told here any more', cause });
  });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await watching;
    },
  };
}

const ENDED: ReadonlySet<string> = new Set<LedgerErrorCode>(['closed', 'latched']);

/** Each command publishes a checkpoint: alerts are looked for this often at most, and not on a command's way. */
const LOOK_MS = 1000;

/** A checkpoint is published a second after an entry at most; the index of alerts is looked at after it. */
async function watch(
  ledger: Ledger,
  { onEvent, signal }: { onEvent: (event: AlertEvent) => void; signal: AbortSignal },
): Promise<void> {
  let from = ledger.size;
  for await (const _ of ledger.followCheckpoints({ signal })) {
    for await (const entry of ledger.entriesOfKind('alert.raised', { from })) {
      from = entry.index + 1;
      onEvent(eventOf(entry));
    }
    await delay(LOOK_MS, undefined, { signal });
  }
}

function eventOf(entry: StoredEntry): AlertEvent {
  const { code, severity, detail } = openStored('alert.raised', entry);
  const level = severity === 'critical' ? 'error' : severity;
  return { level, what: `ALERT (${code}) ${detail}; on record as entry ${entry.index}` };
}
