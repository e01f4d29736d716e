// What went wrong, for the person: one line that says what and why, one that says what to do, and the code that
// the process ends with. Errors of other rooms are known by name and code here, for importing all their classes
// would take longer than most commands.

import { describeSystemError } from '#agent/system-error.ts';
import { ledgerAdvice } from '#appliance/ledger/advice.ts';
import { EXIT } from './exit-code.ts';

export type CliErrorCode =
  | 'usage'
  | 'unusable'
  | 'exists'
  | 'no-site'
  | 'no-key'
  | 'unknown'
  | 'ambiguous'
  | 'no-session'
  | 'not-verified'
  | 'declined'
  | 'unreachable'
  | 'timeout'
  | 'interrupted';

/** Why the command line itself does not go on. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliErrorCode;
  /** What to do about it. */
  readonly hint: string | null;

  constructor(
    code: CliErrorCode,
    message: string,
    { hint, ...options }: ErrorOptions & { hint?: string } = {},
  ) {
    super(message, options);
    this.code = code;
    this.hint = hint ?? null;
  }
}

/** An error as the person and the caller are told it. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly exitCode: number;
  /** Not one that we know: a fault of ours. */
  readonly isUnexpected: boolean;
}

/** Says what an error means to whoever runs the command line. */
export function problemOf(error: unknown): Problem {
  const said = error instanceof Error ? error.message : String(error);
  const message = describeSystemError(error) ?? said;
  const code = codeOf(error);
  const exitCode = exitCodeOf(error, code);
  const hint = error instanceof CliError ? error.hint : (HINTS[code] ?? ledgerAdvice(code));
  return {
    ...{ code, message, hint },
    exitCode: exitCode ?? EXIT.failed,
    isUnexpected: exitCode === null,
  };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unexpected';
  if (error.name === 'AbortError') return 'interrupted';
  return 'code' in error && typeof error.code === 'string' ? error.code : 'unexpected';
}

/** Null: not an error that is expected. */
function exitCodeOf(error: unknown, code: string): number | null {
  if (error instanceof CliError) return OWN[error.code];
  if (!(error instanceof Error)) return null;
  switch (error.name) {
    case 'ClientError':
    case 'WorkError':
      return SAID[code] ?? EXIT.refused;
    case 'ProtocolError':
      return EXIT.unreachable;
    case 'LedgerError':
      return code === 'locked' || code === 'missing' ? EXIT.usage : EXIT.failed;
    case 'FormatError':
    case 'PinError':
      return EXIT.usage;
    case 'VerifyError':
    case 'AgentError':
      return EXIT.failed;
    case 'AbortError':
      return EXIT.interrupted;
    default:
      return 'syscall' in error ? EXIT.usage : null;
  }
}

const OWN: Readonly<Record<CliErrorCode, number>> = {
  usage: EXIT.usage,
  unusable: EXIT.usage,
  exists: EXIT.usage,
  'no-site': EXIT.usage,
  'no-key': EXIT.usage,
  unknown: EXIT.usage,
  ambiguous: EXIT.usage,
  'no-session': EXIT.usage,
  'not-verified': EXIT.failed,
  declined: EXIT.refused,
  unreachable: EXIT.unreachable,
  timeout: EXIT.interrupted,
  interrupted: EXIT.interrupted,
};

/** What an appliance says that is no refusal. */
const SAID: Readonly<Record<string, number>> = {
  'request-invalid': EXIT.usage,
  'stream-lost': EXIT.unreachable,
  stopping: EXIT.unreachable,
  'endpoint-offline': EXIT.unreachable,
  'endpoint-unknown': EXIT.usage,
  'shell-missing': EXIT.usage,
  'token-unknown': EXIT.usage,
  'session-unknown': EXIT.usage,
  'session-exists': EXIT.usage,
  'request-unknown': EXIT.usage,
  'reminded-lately': EXIT.failed,
  'name-taken': EXIT.usage,
  'session-busy': EXIT.failed,
  'record-incomplete': EXIT.failed,
  'folder-unusable': EXIT.usage,
  'answer-too-large': EXIT.failed,
  overloaded: EXIT.failed,
  latched: EXIT.failed,
  'disk-low': EXIT.failed,
  damaged: EXIT.failed,
  internal: EXIT.failed,
};

/** What to do, by the code of the error, whoever said it. */
const HINTS: Readonly<Record<string, string>> = {
  'reminded-lately': 'Remind again in a minute, or telephone: "caisey site status" names the page.',
  'peer-unreachable':
    'Start it by "npm start" in a clone, or by "caisey appliance run"; or mend its address in site.json.',
  'peer-closed':
    'Is this key in the site\'s roster ("site people"), or an approver\'s ("site approvers")? "caisey key show" prints it.',
  'peer-unknown': "Another machine has the appliance's address. Do not go on before you know why.",
  'protocol-unsupported': 'Does the same version of Caisey run on both sides?',
  'stream-lost':
    'What runs goes on and is recorded; what waited in a session opened for it is withdrawn. If the appliance itself was ended, all of it is ended on record when it starts again. "caisey session ls --all" shows it.',
  timeout: 'Is the network slow or cut? Try again.',
  'endpoint-offline': '"caisey ls" shows when it was last seen.',
  'shell-missing':
    'Choose one that it has by --shell. One that was installed since shows when its agent was started again.',
  'endpoint-pending':
    'Compare the fingerprint that the machine printed when it was enrolled: "caisey endpoint verify NAME" shows ours.',
  'endpoint-unknown': '"caisey ls" lists the endpoints.',
  'token-unknown': '"caisey endpoint tokens" lists those that can be used still.',
  'session-unknown': '"caisey session ls --all" lists the sessions.',
  'session-busy': 'Wait until its commands have ended, or close it first.',
  'request-unknown': '"caisey request ls --all" lists the requests.',
  'request-decided': '"caisey request show" says how it was decided.',
  'state-not-read-only': 'Give --state a command that only reads.',
  'name-taken': 'Choose another name, or remove the endpoint: "caisey endpoint rm".',
  'not-allowed': '"caisey site people" says who may do what; "caisey key show" which key you use.',
  'rolled-back': 'Somebody else changed it meanwhile. Look at it, and try again.',
  overloaded: 'The log has more to write than it can. Try again in a moment.',
  latched: 'The log does not write any more. Look at the appliance.',
  'disk-low': 'The disk of the appliance is nearly full.',
  locked: 'The appliance runs on this folder: stop it, or ask it.',
  internal: "The appliance's own log says more.",
  ENOENT: 'Check the path.',
  EACCES: 'Check who owns the file, and who may read it.',
  EEXIST: 'Choose another name, or move it away first.',
};
