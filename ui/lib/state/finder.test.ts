// The palette's search, over a host that answers when the test lets it.

import '#scripts/testing/svelte-module.ts';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Destination, pagesFor } from '#ui/lib/destination.ts';

const { Finder } = await import('./finder.svelte.ts');

const machine = (title: string): Destination => ({
  ...{ href: `/sites/s/endpoints/${title}`, title, note: '', group: 'Machines' },
});

class Host {
  readonly asked: string[] = [];
  readonly #answers: PromiseWithResolvers<readonly Destination[]>[] = [];
  readonly finder = new Finder({
    pages: pagesFor('owner'),
    find: (text) => {
      this.asked.push(text);
      const answer = Promise.withResolvers<readonly Destination[]>();
      this.#answers.push(answer);
      return answer.promise;
    },
  });

  get titles(): readonly string[] {
    return this.finder.destinations.map(({ title }) => title);
  }

  /** Answers the oldest question, or fails it, and lets what follows from it happen. */
  async answer(found: readonly Destination[] | Error): Promise<void> {
    const answer = this.#answers.shift();
    if (found instanceof Error) answer?.reject(found);
    else answer?.resolve(found);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const finder = suite('Finder');

finder('shows pages at once, and what the host found when it has answered', async () => {
  const host = new Host();
  host.finder.query = 'sess';
  assert.equal([host.titles, host.finder.isLooking], [['Sessions'], true]);
  await host.answer([machine('sess-box')]);
  assert.equal([host.titles, host.finder.isLooking], [['Sessions', 'sess-box'], false]);
});

finder('asks for what stands there when an answer came, not for every letter', async () => {
  const host = new Host();
  for (const text of ['t', 'ti', 'til', 'till']) host.finder.query = text;
  await host.answer([machine('t-1')]);
  await host.answer([machine('till-1')]);
  assert.equal([host.asked, host.titles], [['t', 'till'], ['till-1']]);
});

finder('says that the host did not answer, and asks again with the next letter', async () => {
  const host = new Host();
  host.finder.query = 'till';
  await host.answer(new Error('away'));
  assert.equal([host.finder.hasFailed, host.finder.isLooking], [true, false]);
  host.finder.query = 'till-';
  assert.is(host.finder.hasFailed, false);
  await host.answer([machine('till-1')]);
  assert.equal(host.titles, ['till-1']);
});

finder('finds nothing of the fleet when nothing is typed any more', async () => {
  const host = new Host();
  host.finder.query = 'till';
  await host.answer([machine('till-1')]);
  host.finder.query = ' ';
  await host.answer([]);
  assert.not(host.titles.includes('till-1'));
  assert.equal(host.asked, ['till']);
});

finder.run();
