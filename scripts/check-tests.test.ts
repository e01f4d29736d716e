import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { checkTestFile } from './check-tests.ts';

const it = suite('checkTestFile()');

const refused: [claim: string, text: string, offence: string][] = [
  ['a suite that is never run', `const a = suite('a()');\na('x', f);`, 'x.test.ts:1: suite "a"'],
  [
    'one suite of two that is never run',
    `const a = suite('a()');\na.run();\nconst b = suite('b()');`,
    'x.test.ts:3: suite "b"',
  ],
  ['.only', `const a = suite('a()');\na.only('x', f);\na.run();`, 'x.test.ts:2: "a.only"'],
  ['a test after .run()', `const a = suite('a()');\na.run();\na('x', f);`, 'x.test.ts:3: a test'],
  ['no suite at all', `f();`, 'without a suite()'],
  ['a .run() in a comment', `const a = suite('a()');\n// a.run();`, 'never run'],
];
for (const [claim, text, offence] of refused) {
  it(`refuses ${claim}`, () => {
    const offences = checkTestFile('x.test.ts', text);
    assert.is(offences.length, 1, offences.join('\n'));
    assert.match(offences[0] ?? '', offence);
  });
}

it('allows suites with their .run(), also inside a contract function', () => {
  const text = `
    function contract(open) { const c = suite('c()'); c('x', f); c.run(); }
    const a = suite('a()');
    for (const x of []) a(x, f);
    a.skip('later', f);
    a.run();`;
  assert.equal(checkTestFile('x.test.ts', text), []);
});

const MAKER = `function make() { const s = suite('s()'); s.before(open); return s; }\n`;

it('allows a function that makes a suite and returns it, when what it made is run', () => {
  assert.equal(checkTestFile('x.test.ts', `${MAKER}const a = make();\na('x', f);\na.run();`), []);
});

it('refuses a suite from such a function that is never run', () => {
  const offences = checkTestFile('x.test.ts', `${MAKER}const a = make();\na('x', f);`);
  assert.equal(offences, ['x.test.ts:2: suite "a" is never run: write a.run()']);
});

it('allows a file that only calls a contract from elsewhere', () => {
  assert.equal(checkTestFile('x.test.ts', `storeContract('memory', open);`), []);
});

it.run();
