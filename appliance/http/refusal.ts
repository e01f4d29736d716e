// Why a form comes back, in words for whoever sent it. What is not in here is a page of its own.

import type { Context } from 'hono';

import { PinError } from '../gate/pin.ts';
import { LedgerError } from '../ledger/error.ts';
import { WorkError } from '../work/error.ts';
import { MAX_SAID_CHARS } from './form.ts';
import { COOKIE_ADVICE } from './form-token.ts';
import { formatWait } from './moment.ts';
import type { Notice } from './page.ts';
import { PageError, problemOf } from './problem.ts';

/** What the form would have done. */
type Deed = 'decided' | 'stopped' | 'changed' | 'said';

/**
 * Says why a form comes back, and with which status. `deed` is what was not done.
 * @throws what is no reason to show the form again
 */
export function refuseForm(c: Context, cause: unknown, deed: Deed = 'decided'): Notice {
  const notice = noticeOf(cause, deed);
  if (notice === null) throw cause;
  const { status, retryAfterS } = problemOf(cause);
  c.status(status);
  if (retryAfterS !== null) c.header('Retry-After', String(retryAfterS));
  return notice;
}

/** Null when the form would not help. */
function noticeOf(cause: unknown, deed: Deed): Notice | null {
  const nothing = `Nothing was ${deed}`;
  if (cause instanceof PinError) return pinNotice(cause, nothing);
  const isOurs =
    cause instanceof PageError || cause instanceof WorkError || cause instanceof LedgerError;
  switch (isOurs ? cause.code : null) {
    case 'form-invalid':
      return warn(`${nothing} yet`, 'Please type your PIN and press one of the buttons.');
    case 'form-stale':
      return warn(
        'This page was open for too long',
        `${nothing}. Please read it again and type your PIN once more.`,
      );
    case 'cookie-missing':
      return warn('Your browser sent no cookie', `${nothing}. ${COOKIE_ADVICE}`);
    case 'text-empty':
      return warn(`${nothing} yet`, 'Please type what you want to say, and your PIN once more.');
    case 'text-too-long':
      return warn(
        'That was too long',
        `${nothing}. Please use at most ${MAX_SAID_CHARS} characters; what you typed is still below.`,
      );
    case 'session-unknown':
    case 'session-closed':
      return warn('This session has ended', `${nothing}.`);
    case 'not-allowed':
      return deed === 'decided'
        ? warn('This is not for you to decide', `${nothing}: others were asked.`)
        : warn('That name is not one of this page', `${nothing}. Please choose your name again.`);
    case 'approver-decided':
      return warn('You have approved this already', 'It still waits for somebody else.');
    case 'overloaded':
      return warn('Too much at once', `${nothing}. Please try again in a minute.`);
    default:
      return null;
  }
}

function pinNotice({ code, triesLeft, retryAfterMs }: PinError, nothing: string): Notice | null {
  switch (code) {
    case 'wrong-pin': {
      const left = triesLeft === 1 ? 'One try is left' : `${triesLeft ?? 0} tries are left`;
      return warn('That PIN is not right', `${nothing}. ${left} before you must wait.`);
    }
    case 'pin-locked':
      return {
        tone: 'bad',
        title: `Wrong PINs: please wait ${formatWait(retryAfterMs ?? 0)}`,
        text: `${nothing}. It is on record that wrong PINs were typed. If that was not you, tell your IT provider.`,
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
