import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { endpointCommand, OPERATING_SYSTEMS, parseLabels } from './endpoint-command.ts';

const command = suite('endpointCommand()');

command('endpointCommand() keeps the token out of every program’s arguments', () => {
  for (const { id } of OPERATING_SYSTEMS) {
    const text = endpointCommand({ os: id, token: 'TOKEN' });
    const afterCaisey = text.slice(text.indexOf('caisey'));
    assert.not.match(afterCaisey, /TOKEN/, id);
    assert.match(text, /^(?:printf %s )?'TOKEN' \| caisey agent enrol --token-file -/);
  }
});

command.run();

const labels = suite('parseLabels()');

labels('parseLabels() drops blanks and doubles', () => {
  assert.equal(parseLabels(' server, accounting ,,server'), ['server', 'accounting']);
  assert.equal(parseLabels(''), []);
});

labels.run();
