import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as z from 'zod';

import { describeIssue } from './issue.ts';

const describe = suite('describeIssue()');

const schema = z.strictObject({
  note: z.string().min(1).max(3),
  labels: z.array(z.string()).max(1),
  limit: z.int().min(1).max(9),
  shell: z.enum(['sh', 'cmd']),
  version: z.literal(1),
  name: z.string().regex(/^a+$/, 'letters only'),
  key: z.string().refine((text) => text === 'key', 'not a key'),
  who: z.strictObject({ name: z.string().max(2) }),
  env: z.record(z.string().max(1), z.string()),
});

const GOOD = {
  note: 'abc',
  labels: ['a'],
  limit: 1,
  shell: 'sh',
  version: 1,
  name: 'a',
  key: 'key',
  who: { name: 'a' },
  env: { A: '' },
};

for (const [over, said] of [
  [{ note: 'abcd' }, '"note" is longer than 3 characters'],
  [{ note: '' }, '"note" is empty'],
  [{ labels: ['a', 'b'] }, '"labels" has more than 1 items'],
  [{ limit: 0 }, '"limit" is less than 1'],
  [{ limit: 10 }, '"limit" is more than 9'],
  [{ shell: 'fish' }, '"shell" is not one of sh, cmd'],
  [{ version: 2 }, '"version" is not 1'],
  [{ name: 'b' }, '"name": letters only'],
  [{ key: 'hunter2' }, '"key" is not a key'],
  [{ who: { name: 'abc' } }, '"who.name" is longer than 2 characters'],
  [{ env: { AA: '' } }, '"env.AA" has a name that is too long, or not allowed'],
  [{ note: undefined }, '"note" is missing, or is no string'],
  [{ more: 1 }, 'it has "more", which nobody knows'],
] as const) {
  describe(`says: ${said}`, () => {
    const { error } = schema.safeParse({ ...GOOD, ...over });
    assert.ok(error);
    assert.is(describeIssue(error), said);
  });
}

describe('never quotes a value', () => {
  const { error } = schema.safeParse({ ...GOOD, shell: 'hunter2', note: 'hunter2' });
  assert.ok(error);
  assert.not.match(describeIssue(error), 'hunter2');
});

describe.run();
