// What goes wrong, or slowly, behind an on-site page as a test says: machines that keep commands running or are away,
// and a log that refuses.

import { LedgerError } from '#appliance/ledger/error.ts';
import type { Ledger } from '#appliance/ledger/ledger.ts';
import type { EndpointLinks, RunEnd } from '#appliance/work/link-port.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import type { Kind } from '#crypto/kind.ts';
import { SHELLS } from '#crypto/policy.ts';

/** Whether machines keep commands running. */
export type Hold = 'no' | 'until-cancelled' | 'until-released';

/** What a test says of the machines and the log. */
export interface Told {
  hold: Hold;
  state: string;
  isLogBroken: boolean;
  isOnline: boolean;
  crash: Kind | null;
}

/** Machines that answer with the state that was asked for, and run commands as long as they are told to. */
export function fakeLinks(told: Told): EndpointLinks & { release(): void } {
  const held = new Map<string, () => void>();
  return {
    isOnline: () => told.isOnline,
    shells: () => SHELLS,
    async run({ run, onOutput, onEnd }) {
      const bytes = encodeUtf8(told.state);
      told.state = '';
      if (bytes.length > 0) await onOutput({ stream: 'stdout', offset: 0, bytes });
      if (told.hold === 'no') return onEnd(exited('exited', bytes.length));
      await new Promise<void>((resolve) => held.set(run, resolve));
      return onEnd(exited('cancelled', bytes.length));
    },
    cancel(_endpoint, run) {
      if (told.hold === 'until-cancelled') held.get(run)?.();
    },
    release() {
      for (const end of held.values()) end();
    },
  };
}

function exited(outcome: 'exited' | 'cancelled', stdoutBytes: number): RunEnd {
  return {
    kind: 'exited',
    by: 'agent',
    outcome,
    exitCode: outcome === 'exited' ? 0 : null,
    signal: null,
    durationMs: 12,
    stdoutBytes,
    stderrBytes: 0,
    droppedBytes: 0,
    problem: null,
  };
}

/** The log, but for a fault that can be put in. */
export function breakable(ledger: Ledger, told: Told): Ledger {
  const append: Ledger['append'] = async (draft, options) => {
    if (told.isLogBroken) throw new LedgerError('latched', 'Cannot append: the test broke it');
    if (draft.sealed.kind === told.crash) {
      told.crash = null;
      throw new LedgerError('overloaded', 'Cannot append: the test refused it');
    }
    return ledger.append(draft, options);
  };
  return Object.create(ledger, { append: { value: append } }) as Ledger; // all else is inherited
}
