import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { closestWord } from './closest-word.ts';

const closest = suite('closestWord()');

closest('finds what was meant by one slip', () => {
  for (const typed of ['wbe', 'ewb', 'we', 'webb', 'wab']) {
    assert.is(closestWord(typed, ['dns', 'web', 'till']), 'web', typed);
  }
  assert.is(closestWord('sesion', ['ls', 'session']), 'session');
});

closest('finds nothing when a third of the letters and more differ', () => {
  for (const typed of ['bew', 'x', 'wbex', 'mail']) {
    assert.is(closestWord(typed, ['dns', 'web']), null, typed);
  }
});

closest('takes the nearest of several', () => {
  assert.is(
    closestWord('server-1', ['server-10', 'server-12', 'server-1a', 'server']),
    'server-10',
  );
  assert.is(closestWord('server', ['servers', 'server']), 'server');
});

closest.run();
