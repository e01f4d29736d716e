import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { withFirstPage } from './newest-first.ts';

const place = (item: number): number => item;

const first = suite('withFirstPage()');

first('keeps what stands below the page, and each item once', () => {
  assert.equal(withFirstPage([8, 6, 5, 3], [9, 8, 6], place), {
    items: [9, 8, 6, 5, 3],
    isJoined: true,
  });
  assert.equal(withFirstPage([8, 6], [8, 6], place), { items: [8, 6], isJoined: true });
});

first('drops what is known when more came than a page holds: there would be a gap', () => {
  assert.equal(withFirstPage([3, 2], [9, 8, 7], place), { items: [9, 8, 7], isJoined: false });
  assert.equal(withFirstPage([], [2, 1], place), { items: [2, 1], isJoined: false });
  assert.equal(withFirstPage([3, 2], [], place), { items: [], isJoined: false });
});

first.run();
