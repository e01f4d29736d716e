// Names in commands that are shown to be pasted.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { nameToPaste } from './name.ts';

const paste = suite('nameToPaste()');

paste('shows no name that a shell would take for more', () => {
  for (const name of ['web', 'SRV-FILES-01', 'till_1.shop']) assert.is(nameToPaste(name), name);
  for (const name of ['', '-rf', 'a b', 'x;reboot', '$(id)', '`id`', 'a\nb', 'x'.repeat(65)]) {
    assert.is(nameToPaste(name), 'NAME');
  }
});

paste.run();
