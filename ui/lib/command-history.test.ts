import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  browseCommands,
  completeCommand,
  distinctCommands,
  MAX_COMPLETIONS,
  shownCommand,
  stepCommand,
} from './command-history.ts';

const RUN = ['ls', 'df -h', 'ls', 'systemctl restart cups', 'df -i'];

const distinct = suite('distinctCommands()');

distinct('distinctCommands() keeps each where it was run last', () => {
  assert.equal(distinctCommands(RUN), ['df -h', 'ls', 'systemctl restart cups', 'df -i']);
});

distinct.run();

const step = suite('stepCommand()');

step('stepCommand() goes to the oldest and back to what was being typed', () => {
  let browsing = browseCommands(['a', 'b'], 'draft');
  const seen = [];
  for (const direction of ['older', 'older', 'older', 'newer', 'newer', 'newer'] as const) {
    browsing = stepCommand(browsing, direction);
    seen.push(shownCommand(browsing));
  }
  assert.equal(seen, ['b', 'a', 'a', 'b', 'draft', 'draft']);
});

step.run();

const complete = suite('completeCommand()');

complete('completeCommand() offers the newest that begin so, then those that hold it', () => {
  const commands = distinctCommands(RUN);
  assert.equal(completeCommand(commands, 'df'), ['df -i', 'df -h']);
  assert.equal(completeCommand(commands, 's'), ['systemctl restart cups', 'ls']);
});

complete('completeCommand() offers nothing for an empty line, nor the line itself', () => {
  assert.equal(completeCommand(RUN, '  '), []);
  assert.equal(completeCommand(['df -i'], 'df -i'), []);
});

complete('completeCommand() offers so many at most', () => {
  const many = Array.from({ length: 50 }, (_, i) => `echo ${i}`);
  assert.is(completeCommand(many, 'echo').length, MAX_COMPLETIONS);
});

complete.run();
