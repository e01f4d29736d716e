import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { changeWords } from './change-words.ts';

const words = suite('changeWords()');

words('changeWords() says who became what', () => {
  const detail = { name: 'Tom', before: 'read-only', role: 'technician', person: 'x' };
  assert.is(
    changeWords({ what: 'person.role', detail }),
    'changed the role of Tom from looks only to technician',
  );
  assert.is(
    changeWords({ what: 'roster.signed', detail: { version: 3, members: 2 } }),
    'signed roster 3, with 2 keys in it',
  );
  assert.is(
    changeWords({ what: 'roster.signed', detail: { version: 1, members: 1 } }),
    'signed roster 1, with 1 key in it',
  );
  assert.is(
    changeWords({
      what: 'roster.signed',
      detail: { version: 4, members: 2, added: ['Tom', 'Ann'], removed: ['Bob'], changed: [] },
    }),
    'signed roster 4, with 2 keys in it; new: Tom, Ann; taken out: Bob',
  );
  assert.is(
    changeWords({ what: 'roster.signed', detail: { version: 5, members: 2, changed: ['Ann', 7] } }),
    'signed roster 5, with 2 keys in it; changed: Ann',
  );
  assert.is(
    changeWords({ what: 'site.signed', detail: { name: 'Berlin' } }),
    'signed the keys of the site Berlin',
  );
});

words('changeWords() says what it does not know as it stands, and nothing of a prototype', () => {
  for (const what of ['site.painted', 'toString', '__proto__']) {
    assert.is(changeWords({ what, detail: {} }), what);
  }
});

words('changeWords() says that a detail was not kept, whatever stands there', () => {
  for (const detail of [{}, { name: null }, { name: { a: 1 } }, { name: '' }]) {
    assert.is(changeWords({ what: 'person.removed', detail }), 'removed (not kept)');
  }
});

words.run();
