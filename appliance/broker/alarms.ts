// Alarms of one source: an endpoint, over all of its links, or the site itself. An endpoint that found a fork raises
// its alarm on every link again, and a hostile one raises what it likes: the record takes each once, and one in
// ALARM_MS at most, and counts the others in the next. Only the first is recorded when disk space is low.

import { encodeBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { sha256 } from '#crypto/hash.ts';
import { LedgerError } from '../ledger/error.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../work/clock.ts';
import { record } from '../work/record.ts';

/** A source's alarms are recorded no closer than this. */
export const ALARM_MS = 60_000;
/** So many alarms of a source are known again. */
const MAX_KNOWN = 64;

/** An alarm. */
export interface Alarm {
  /** Of which sort, as the record names it. */
  readonly code: string;
  readonly message: string;
  /** What was offered, or done: with the code it tells one alarm from another. */
  readonly offered: string;
  /** Whom it is about; null: the endpoint. */
  readonly subject?: string;
}

export interface AlarmsOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Id of the endpoint; null: the site itself raises them. */
  readonly endpoint: string | null;
  /** Told when an alarm could not be put on record. */
  readonly onFailure: (cause: unknown) => void;
}

/** What one source raised. */
export class Alarms {
  readonly #options: AlarmsOptions;
  /** Alarms that are on record, the oldest first. */
  readonly #known = new Set<string>();
  /** Whether one is to be recorded, now or in its time. */
  #isWaiting = false;
  /** Raised since the last record, and not recorded by themselves. */
  #others = 0;
  #triedAtMs: number | null = null;
  #stopTimer: () => void = () => undefined;
  #recording: Promise<void> = Promise.resolve();

  constructor(options: AlarmsOptions) {
    this.#options = options;
  }

  /** Takes an alarm. Resolves when it is on record, or will be in its time, or is not by itself. Never rejects. */
  take(alarm: Alarm): Promise<void> {
    if (this.#isWaiting || this.#known.has(nameOf(alarm))) {
      this.#others += 1;
      return this.settled();
    }
    this.#isWaiting = true;
    const { clock } = this.#options;
    const begin = (): void => {
      this.#recording = this.#record(alarm);
    };
    const earlyMs = this.#triedAtMs === null ? 0 : this.#triedAtMs + ALARM_MS - clock.now();
    if (earlyMs <= 0) begin();
    else this.#stopTimer = clock.after(earlyMs, begin);
    return this.settled();
  }

  /** Resolves when nothing of it is on its way to the log. */
  settled(): Promise<void> {
    return this.#recording;
  }

  /** The source is gone: nothing more of it goes on record. */
  forget(): void {
    this.#stopTimer();
  }

  async #record(alarm: Alarm): Promise<void> {
    const { ledger, clock, endpoint, onFailure } = this.#options;
    const isFirst = this.#known.size === 0;
    const others = this.#others;
    this.#triedAtMs = clock.now();
    try {
      await record(ledger, {
        kind: 'alert.raised',
        ...(endpoint === null ? {} : { endpoint }),
        fields: {
          code: alarm.code,
          severity: 'critical',
          subject: alarm.subject ?? endpoint,
          detail: detailOf(alarm, others),
        },
        isEssential: isFirst,
      });
      this.#others -= others;
      this.#know(nameOf(alarm));
    } catch (cause) {
      this.#others += 1;
      if (!(cause instanceof LedgerError && cause.code === 'closed')) onFailure(cause);
    } finally {
      this.#isWaiting = false;
    }
  }

  #know(name: string): void {
    const [oldest] = this.#known;
    if (oldest !== undefined && this.#known.size >= MAX_KNOWN) this.#known.delete(oldest);
    this.#known.add(name);
  }
}

/** One alarm, however often and in whichever words: of one sort, over one checkpoint that was offered. */
function nameOf({ code, offered }: Alarm): string {
  return encodeBase64url(sha256(encodeUtf8(`${code} ${offered.toWellFormed()}`)));
}

function detailOf({ message }: Alarm, others: number): string {
  const counted = others === 0 ? '' : `; alarms before, not recorded by themselves: ${others}`;
  return `${message.toWellFormed()}${counted}`;
}
