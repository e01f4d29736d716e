import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { AgentError } from '#agent/error.ts';
import { ProtocolError } from '#agent/protocol/error.ts';
import { PinError } from '#appliance/gate/pin.ts';
import { LedgerError } from '#appliance/ledger/error.ts';
import { ClientError } from '#appliance/protocol/client.ts';
import { FormatError, VerifyError } from '#crypto/error.ts';
import type { CommandOutcome } from '#appliance/protocol/client-message.ts';
import { CliError, problemOf } from './error.ts';
import { exitCodeFor } from './run-command.ts';

const problem = suite('problemOf()');

problem('knows the errors of every room by name and code', () => {
  for (const [error, exitCode] of [
    [new CliError('interrupted', 'x'), 5],
    [new CliError('declined', 'x'), 3],
    [new CliError('not-verified', 'x'), 1],
    [new ClientError('not-allowed', 'x'), 3],
    [new ClientError('expired', 'x'), 3],
    [new ClientError('request-invalid', 'x'), 2],
    [new ClientError('stream-lost', 'x'), 4],
    [new ClientError('endpoint-offline', 'x'), 4],
    [new ClientError('session-unknown', 'x'), 2],
    [new ClientError('internal', 'x'), 1],
    [new ProtocolError('peer-unreachable', 'x'), 4],
    [new ProtocolError('timeout', 'x'), 4],
    [new LedgerError('locked', 'x'), 2],
    [new LedgerError('damaged', 'x'), 1],
    [new FormatError('evidence', 'x'), 2],
    [new PinError('weak-pin', 'x'), 2],
    [new VerifyError('binding', 'x'), 1],
    [new AgentError('token-used', 'x'), 1],
    [new DOMException('x', 'AbortError'), 5],
    [Object.assign(new Error('x'), { code: 'ENOENT', syscall: 'open' }), 2],
  ] as const) {
    const found = problemOf(error);
    assert.is(found.exitCode, exitCode, `${error.name} ${found.code}`);
    assert.is(found.isUnexpected, false);
  }
});

problem('takes what it does not know for a fault of ours', () => {
  for (const error of [new TypeError('x is not a function'), 'text', null]) {
    const { exitCode, isUnexpected } = problemOf(error);
    assert.is(exitCode, 1);
    assert.is(isUnexpected, true);
  }
});

problem.run();

const exit = suite('exitCodeFor()');

function outcome(over: Partial<CommandOutcome>): CommandOutcome {
  return {
    outcome: 'exited',
    exitCode: null,
    signal: null,
    problem: null,
    code: null,
    stoppedBy: null,
    droppedBytes: 0,
    index: 1,
    n: 1,
    ...over,
  };
}

exit('is the command’s own, as a shell would say it', () => {
  assert.is(exitCodeFor(outcome({ exitCode: 0 }), false), 0);
  assert.is(exitCodeFor(outcome({ exitCode: 255 }), false), 255);
  assert.is(exitCodeFor(outcome({ outcome: 'signalled', signal: 'SIGKILL' }), false), 137);
  assert.is(exitCodeFor(outcome({ outcome: 'signalled', signal: 'SIGNONSENSE' }), false), 1);
  assert.is(exitCodeFor(outcome({ outcome: 'timed-out' }), false), 124);
  assert.is(exitCodeFor(outcome({ outcome: 'cancelled' }), false), 130);
});

exit('is 3 for what was not allowed, 130 when it was the person who cancelled', () => {
  for (const word of ['refused', 'denied', 'expired', 'withdrawn'] as const) {
    assert.is(exitCodeFor(outcome({ outcome: word }), false), 3);
  }
  assert.is(exitCodeFor(outcome({ outcome: 'withdrawn' }), true), 130);
  assert.is(exitCodeFor(outcome({ outcome: 'refused' }), true), 130);
  assert.is(exitCodeFor(outcome({ outcome: 'denied' }), true), 3);
});

exit('is 126 for what could not be started, 4 for what the endpoint was not there for', () => {
  assert.is(exitCodeFor(outcome({ outcome: 'not-started' }), false), 126);
  assert.is(exitCodeFor(outcome({ outcome: 'interrupted' }), false), 4);
  const offline = outcome({ outcome: 'refused', code: 'endpoint-offline' });
  assert.is(exitCodeFor(offline, false), 4);
});

exit('is 3 for what somebody else stopped', () => {
  for (const word of ['cancelled', 'refused', 'withdrawn'] as const) {
    const stopped = outcome({ outcome: word, stoppedBy: 'Carla Client' });
    assert.is(exitCodeFor(stopped, false), 3);
    assert.is(exitCodeFor(stopped, true), 130);
  }
});

exit.run();
