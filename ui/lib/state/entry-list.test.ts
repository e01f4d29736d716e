// A list of entries on a page, over a site that answers page by page from a log made by hand.

import '#scripts/testing/svelte-module.ts';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ClientError } from '#appliance/protocol/client.ts';
import type { LogEntries } from '#appliance/protocol/log-entries.ts';
import type { ShownEntry } from '#appliance/protocol/shown-entry.ts';
import type { SiteLink } from '#ui/lib/site.ts';
import { STORY_ENDPOINT, tellOffline, tellOnline } from '#scripts/testing/told-entry.ts';
import { STORY_LOG } from '#scripts/testing/told-session.ts';

const { EntryList } = await import('./entry-list.svelte.ts');

/** A machine that comes at even places of the log and goes at odd ones. */
class ToldSite {
  size = 0;
  asked = 0;
  /** Fails the next question. */
  fails: Error | null = null;
  /** Places that one question looks at, at most. */
  reach = Infinity;
  readonly told: number[] = [];
  readonly list = new EntryList({
    link: { call: ((verb, asked: Asked) => this.#answer(verb, asked)) as SiteLink['call'] },
    ...{ origin: STORY_LOG, endpoint: STORY_ENDPOINT, limit: 3 },
    kinds: ['endpoint.online', 'endpoint.offline'],
    onEntry: ({ leaf }) => this.told.push(leaf.i),
  });

  constructor(size: number) {
    this.size = size;
  }

  get indices(): readonly number[] {
    return (this.list.entries ?? []).map(({ leaf }) => leaf.i);
  }

  #answer(verb: string, { before = this.size, limit }: Asked): Promise<LogEntries> {
    assert.is(verb, 'log.entries');
    this.asked += 1;
    const { fails } = this;
    this.fails = null;
    if (fails !== null) return Promise.reject(fails);
    const entries: ShownEntry[] = [];
    let index = before - 1;
    for (; index >= Math.max(0, before - this.reach) && entries.length < limit; index--) {
      if (this.reach === Infinity || index === 0) entries.push(tell(index));
    }
    return Promise.resolve({ entries, next: index < 0 ? null : index + 1 });
  }
}

interface Asked {
  readonly before?: number;
  readonly limit: number;
}

const told = new Map<number, ShownEntry>();

/** The entry at a place of the log: the same one each time. */
function tell(index: number): ShownEntry {
  const entry = told.get(index) ?? (index % 2 === 0 ? tellOnline(index) : tellOffline(index));
  told.set(index, entry);
  return entry;
}

const list = suite('EntryList');

list('reads the newest page, older ones when it is asked to, and then knows no more', async () => {
  const site = new ToldSite(7);
  assert.is(site.list.entries, null);
  await site.list.look();
  assert.equal([site.indices, site.list.hasMore], [[6, 5, 4], true]);
  await site.list.more();
  await site.list.more();
  assert.equal([site.indices, site.list.hasMore], [[6, 5, 4, 3, 2, 1, 0], false]);
  assert.equal(site.told, [6, 5, 4, 3, 2, 1, 0]);
});

list('takes up what is new, tells each entry once, and keeps the older pages', async () => {
  const site = new ToldSite(5);
  await site.list.look();
  await site.list.more();
  site.size = 7;
  await site.list.look();
  assert.equal(site.indices, [6, 5, 4, 3, 2, 1, 0]);
  assert.equal([...site.told].sort(), [0, 1, 2, 3, 4, 5, 6]);
  site.size = 20;
  await site.list.look();
  assert.equal(site.indices, [19, 18, 17], 'there would be a gap');
  assert.ok(site.list.hasMore);
});

list('goes on by itself while nothing was found, but not for ever', async () => {
  const site = new ToldSite(60);
  site.reach = 10;
  await site.list.look();
  assert.equal([site.indices, site.asked], [[0], 6]);
  const far = new ToldSite(1000);
  far.reach = 10;
  await far.list.look();
  assert.equal([far.indices, far.asked, far.list.hasMore], [[], 8, true]);
});

list('asks again what was lost with the link, and says what the site refused', async () => {
  const site = new ToldSite(2);
  site.fails = new ClientError('stream-lost', 'gone');
  await site.list.look();
  assert.equal([site.indices, site.asked], [[1, 0], 2]);
  site.fails = new ClientError('not-allowed', 'no');
  await site.list.look();
  assert.match(site.list.problem ?? '', 'role');
  assert.equal(site.indices, [1, 0]);
  assert.is(site.list.isAsking, false);
  await site.list.look();
  assert.is(site.list.problem, null);
});

list.run();
