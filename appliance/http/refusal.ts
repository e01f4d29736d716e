// Why a form comes back, in words for whoever sent it. What is not in here is a page of its own.

import { PinError } from '../gate/pin.ts';
import { WorkError } from '../work/error.ts';
import { formatWait } from './moment.ts';
import type { Notice } from './page.ts';
import { PageError } from './problem.ts';

/** What to say above a form that is shown again; null when the form would not help. */
export function noticeOf(cause: unknown): Notice | null {
  if (cause instanceof PinError) return pinNotice(cause);
  const isOurs = cause instanceof PageError || cause instanceof WorkError;
  switch (isOurs ? cause.code : null) {
    case 'form-invalid':
      return warn('Nothing was decided yet', 'Please type your PIN and press one of the buttons.');
    case 'form-stale':
      return warn(
        'This page was open for too long',
        'Nothing was decided. Please read it again and type your PIN once more.',
      );
    case 'not-allowed':
      return warn('This is not for you to decide', 'Nothing was decided: others were asked.');
    case 'approver-decided':
      return warn('You have approved this already', 'It still waits for somebody else.');
    case 'overloaded':
      return warn('Too much at once', 'Nothing was decided. Please try again in a minute.');
    default:
      return null;
  }
}

function pinNotice({ code, triesLeft, retryAfterMs }: PinError): Notice | null {
  switch (code) {
    case 'wrong-pin': {
      const left = triesLeft === 1 ? 'One try is left' : `${triesLeft ?? 0} tries are left`;
      return warn('That PIN is not right', `Nothing was decided. ${left} before you must wait.`);
    }
    case 'pin-locked':
      return {
        tone: 'bad',
        title: `Wrong PINs: please wait ${formatWait(retryAfterMs ?? 0)}`,
        text: 'Nothing was decided. It is on record that wrong PINs were typed. If that was not you, tell your IT provider.',
      };
    case 'weak-pin':
    case 'sealed-key':
      return null;
    default:
      throw new Error(`unreachable: code ${String(code satisfies never)}`);
  }
}

function warn(title: string, text: string): Notice {
  return { tone: 'warn', title, text };
}
