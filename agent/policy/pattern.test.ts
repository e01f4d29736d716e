import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { matchesPattern } from './pattern.ts';

const matching = suite('matchesPattern()');

matching('agrees with a regular expression on every short pattern and text', () => {
  const letters = fc.array(fc.constantFrom('a', 'b', '*', '/'), { maxLength: 7 });
  fc.assert(
    fc.property(letters, letters, (patternLetters, textLetters) => {
      const pattern = patternLetters.join('');
      const text = textLetters.join('').replaceAll('*', 'a');
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text);
      assert.is(
        matchesPattern(pattern, text, { ignoreCase: false }),
        expected,
        `${pattern} ${text}`,
      );
    }),
    { numRuns: 3000 },
  );
});

matching('lets a star not stand for excepted characters', () => {
  const options = { ignoreCase: false, except: '/\\' };
  assert.ok(matchesPattern('mkfs.*', 'mkfs.ext4', options));
  assert.not(matchesPattern('*', './evil', options));
  assert.not(matchesPattern('*', 'a\\evil', options));
  assert.not(matchesPattern('a*b*c', 'axb/c', options));
  assert.ok(matchesPattern('/opt/*', '/opt/x', options));
});

matching('ignores capitals only when told to', () => {
  assert.ok(matchesPattern('Get-*', 'gET-process', { ignoreCase: true }));
  assert.not(matchesPattern('Get-*', 'gET-process', { ignoreCase: false }));
});

matching('stays quick for a hostile pattern', () => {
  const pattern = '*a'.repeat(120);
  assert.not(matchesPattern(`${pattern}b`, 'a'.repeat(20_000), { ignoreCase: false }));
});
matching.run();
