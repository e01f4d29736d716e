// The named checks that an evidence file must pass, and how one of them is run: what is wrong with hostile
// input becomes an outcome with words and the index of the entry, never an exception.

import { FormatError, VerifyError } from './error.ts';

/** Every report has all of them, in this order. */
export const CHECK_NAMES = [
  'log-signature',
  'witness-cosignatures',
  'range-inclusion',
  'session-complete',
  'values-bound',
  'commands-authorised',
  'approvals-signed',
  'attestation',
  'withheld',
  'not-proved',
] as const;

export type CheckName = (typeof CHECK_NAMES)[number];
/** `not-checked`: what it depends on failed, so nothing is said of it. */
export type CheckOutcome = 'passed' | 'failed' | 'not-applicable' | 'not-checked';

/** One check's answer. `index` is the entry of the log at which it broke, where one can be named. */
export interface Check {
  readonly name: CheckName;
  readonly outcome: CheckOutcome;
  readonly detail: string;
  readonly index: number | null;
}

/** Something in the file that does not hold, at an entry of the log where one can be named. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly index: number | null;

  constructor(index: number | null, message: string, options?: ErrorOptions) {
    super(message, options);
    this.index = index;
  }
}

/** What a check answers when it holds. */
export interface Held<T> {
  readonly detail: string;
  readonly value: T;
  readonly outcome?: 'passed' | 'not-applicable';
}

/** A check that was run: its value is there only when it held and all that it depends on did. */
export interface Ran<T> {
  readonly check: Check;
  readonly value: T | null;
}

/** Runs a check. What our own code throws for hostile input is its failure; anything else is a bug, and thrown. */
export async function runCheck<T>(
  name: CheckName,
  run: () => Held<T> | Promise<Held<T>>,
): Promise<Ran<T>> {
  try {
    const { detail, value, outcome = 'passed' } = await run();
    return { check: { name, outcome, detail, index: null }, value };
  } catch (error) {
    const { index, message } = faultOf(error);
    return { check: { name, outcome: 'failed', detail: message, index }, value: null };
  }
}

/** Takes a passed check back when something that it depends on does not hold. */
export function dependOn<T>(ran: Ran<T>, dependencies: readonly Ran<unknown>[]): Ran<T> {
  const broken = brokenOf(dependencies);
  if (broken === undefined || ran.check.outcome === 'failed') return ran;
  return { check: dependent(ran.check.name, broken), value: null };
}

/** The first of these that failed or was not checked. */
export function brokenOf(dependencies: readonly Ran<unknown>[]): Ran<unknown> | undefined {
  return dependencies.find(({ check: { outcome } }) => {
    return outcome === 'failed' || outcome === 'not-checked';
  });
}

/** A check of which nothing is said, for what it depends on failed. Names the failure at the bottom of it. */
export function dependent(name: CheckName, { check }: Ran<unknown>): Check {
  const detail =
    check.outcome === 'not-checked' ? check.detail : `It depends on "${check.name}", which failed`;
  return { name, outcome: 'not-checked', detail, index: null };
}

/** Runs `run`, and says at which entry of the log it failed. */
export function at<T>(index: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw located(index, error);
  }
}

/** As `at`, for what is asynchronous. */
export async function atAsync<T>(index: number, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw located(index, error);
  }
}

function located(index: number, error: unknown): Fault {
  const fault = faultOf(error);
  return new Fault(fault.index ?? index, fault.message, { cause: error });
}

function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof FormatError || error instanceof VerifyError) {
    return new Fault(null, error.message, { cause: error });
  }
  throw error;
}
