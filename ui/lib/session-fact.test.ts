import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { checkShownEntry } from '#appliance/protocol/shown-entry.ts';
import { tellEntry } from '#scripts/testing/told-entry.ts';
import { factWords } from './session-fact.ts';

const words = suite('factWords()');

words('factWords() says until when a token is good as people read a time', () => {
  const entry = tellEntry(
    'token.created',
    {
      ...{ token: 'T'.repeat(21) + 'A', name: 'till-2', labels: ['tills'] },
      ...{ expires: '2026-11-22T16:30:19.385Z', by: 'Sarah Miller' },
    },
    { index: 6 },
  );
  assert.equal(factWords(checkShownEntry(entry)), {
    tone: 'plain',
    title: 'Sarah Miller made a token to enrol till-2',
    details: ['Labels: tills', 'Good until: 2026-11-22 16:30:19 UTC'],
  });
});

words.run();
