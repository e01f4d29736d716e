// What the command line answers to whoever called it. `caisey run` answers with the code of its command instead,
// when that ran.

export const EXIT = {
  done: 0,
  /** Something failed; also: what was checked does not hold. */
  failed: 1,
  /** Wrong use, or input that cannot be used. */
  usage: 2,
  /** Refused: by policy, approver, agent or appliance; expired; withdrawn; declined. */
  refused: 3,
  /** No connection to the appliance, or the endpoint is offline. */
  unreachable: 4,
  /** Interrupted, or out of time. */
  interrupted: 5,
} as const;

/** As of ssh and timeout(1): how a command of `caisey run` ended that has no code of its own. */
export const TIMED_OUT = 124;
export const CANCELLED = 130;
/** As of env(1) and timeout(1): the endpoint could not start it. */
export const NOT_STARTED = 126;
/** 128 + SIGPIPE: whoever read our output has gone. */
export const BROKEN_PIPE = 141;

/** The part of `caisey --help` that says this. */
export const EXIT_HELP = `Exit codes:
  0  done
  1  failed, or what was checked does not hold
  2  wrong use, or input that cannot be used
  3  refused, denied or stopped: policy, approver, agent or appliance; expired; withdrawn
  4  no connection to the appliance, or the endpoint is offline or lost the command
  5  interrupted, or out of time
  "caisey run" answers with the command's own code; 124 when it timed out, 126 when it could not be
  started, 130 when you cancelled it, 128 + n when signal n ended it; 141 when nobody reads its output.
  "agent run" and "appliance run" say theirs in their help.`;
