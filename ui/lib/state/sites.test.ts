// Many sites at once: links of SiteState's own making, to appliances that are played by a few lines.

import '#scripts/testing/svelte-module.ts';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Client, ClientError } from '#appliance/protocol/client.ts';
import { signDevice } from '#appliance/protocol/session-key.ts';
import { statementSigner } from '#crypto/statement.ts';
import { createKeyed } from '#scripts/testing/live-site.ts';
import { refusalOf } from '#scripts/testing/live-session.ts';
import type { Keeper } from '#ui/lib/keeper.ts';
import type { SiteLists as Lists } from './site-lists.svelte.ts';

const { openSite } = await import('./site.svelte.ts');
const { SitesState } = await import('./sites.svelte.ts');
const { SiteLists } = await import('./site-lists.svelte.ts');
const { until } = await import('#scripts/testing/until.svelte.ts');

const keyed = await createKeyed();
const device = await signDevice(
  { peer: keyed.key, nowMs: Date.now() },
  statementSigner(keyed.signer),
);

/** Appliances by id, and how many are linked. */
class World {
  readonly away = new Set<string>();
  readonly swapped = new Set<string>();
  readonly dialled: string[] = [];
  linked = 0;
  most = 0;

  /** Opens a page's sites on this world. */
  open(atOnce: number): InstanceType<typeof SitesState> {
    return new SitesState({
      atOnce,
      open: (id) => {
        const pinSite = async (): Promise<void> => {
          if (this.swapped.has(id)) throw new Error('Cannot trust site: other keys');
        };
        const facts = {
          ...{ id, name: id, origin: id, keys: { appliance: keyed.key, log: LOG } },
          signedKeys: null,
          me: { person: 'p', name: 'P', role: 'owner', key: null } as const,
          keeper: { pinSite, pinned: nothing, pinnedSite: nothing } as unknown as Keeper, // all that a link asks of it
        };
        const appliance = { publicKey: keyed.signer.publicKey, addresses: [] };
        return openSite(
          { facts, appliance, mayGoStraight: false },
          { device, dial: async () => this.#dial(id) },
        );
      },
    });
  }

  #dial(id: string): Client {
    this.dialled.push(id);
    if (this.away.has(id)) throw new ClientError('stream-lost', `${id} does not answer`);
    this.linked += 1;
    this.most = Math.max(this.most, this.linked);
    const client = {
      lost: new Promise<never>(() => undefined),
      call: async () => Promise.resolve({}),
      [Symbol.asyncDispose]: async () => {
        this.linked -= 1;
        return Promise.resolve();
      },
    };
    return client as unknown as Client; // all that a link asks of it
  }
}

const LOG = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8';
const nothing = (): Promise<undefined> => Promise.resolve(undefined);
const IDS = ['a', 'b', 'c', 'd', 'e'];

const visits = suite('SitesState.visit()');

visits('links no more than so many at once, reaches all, and keeps the last', async () => {
  const world = new World();
  {
    await using sites = world.open(2);
    const seen = await Promise.all(IDS.map((id) => sites.visit(id, async (site) => site.id)));
    assert.equal(seen, IDS);
    assert.is(world.most, 2);
    assert.is(IDS.filter((id) => sites.isKept(id)).length, 2);
    const before = world.dialled.length;
    const kept = IDS.find((id) => sites.isKept(id)) ?? '';
    await sites.visit(kept, async () => undefined);
    assert.is(world.dialled.length, before, 'a kept link is used again');
  }
  assert.is(world.linked, 0, 'all are let go of with the page');
});

visits('says who is away, gives its place to another, and tries anew the next time', async () => {
  const world = new World();
  world.away.add('a');
  world.swapped.add('b');
  await using sites = world.open(1);
  assert.is(await refusalOf(sites.visit('a', async () => undefined)), 'away');
  assert.is(await refusalOf(sites.visit('b', async () => undefined)), 'keys-changed');
  assert.is(await sites.visit('c', async ({ id }) => id), 'c');
  world.away.clear();
  assert.is(await sites.visit('a', async ({ id }) => id), 'a');
});

visits('lets go of who waits for a place when the page goes', async () => {
  const world = new World();
  const sites = world.open(1);
  const inside = Promise.withResolvers<void>();
  const working = sites.visit('a', (_site, signal) => {
    inside.resolve();
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  });
  const waiting = sites.visit('b', async () => undefined);
  const codes = Promise.all([refusalOf(working), refusalOf(waiting)]);
  await inside.promise;
  await sites[Symbol.asyncDispose]();
  assert.equal(await codes, ['closed', 'closed']);
  assert.is(world.linked, 0);
});

visits.run();

const lists = suite('SiteLists');

lists('lists site by site, older pages behind, and what is away by itself', async () => {
  const world = new World();
  world.away.add('b');
  await using sites = world.open(2);
  const pages: Record<string, { items: string[]; next: number | null }> = {
    a: { items: ['a2'], next: 1 },
    c: { items: ['c1'], next: null },
  };
  const all: Lists<string> = new SiteLists<string>({
    ids: ['a', 'b', 'c'],
    sites,
    list: async ({ id }, { before }) =>
      Promise.resolve(
        before === null ? (pages[id] ?? { items: [], next: null }) : { items: ['a1'], next: null },
      ),
  });
  assert.is(all.pending, 3);
  await all.look();
  assert.is(all.pending, 0);
  assert.equal(
    all.all.map(({ id, phase, items }) => [id, phase, items]),
    [
      ['a', 'listed', ['a2']],
      ['b', 'failed', []],
      ['c', 'listed', ['c1']],
    ],
  );
  assert.equal(
    all.failed.map(({ why }) => why),
    ['b does not answer'],
  );
  assert.is(all.hasOlder, true);
  await all.older();
  assert.equal([all.all[0]?.items, all.hasOlder], [['a2', 'a1'], false]);
  world.away.clear();
  all.heardOf('b');
  all.heardOf('not one of ours');
  await until(() => all.failed.length === 0);
  pages['a'] = { items: ['a3', 'a2'], next: null };
  await all.lookAt('a');
  assert.equal(all.all[0]?.items, ['a3', 'a2'], 'what is asked anew is shown as it is now');
});

lists(
  'keeps what it had of a site that goes away, and asks once more when it hears meanwhile',
  async () => {
    const world = new World();
    await using sites = world.open(1);
    let isAway = false;
    let asked = 0;
    const answer = Promise.withResolvers<void>();
    const all = new SiteLists<string>({
      ids: ['a'],
      sites,
      list: async () => {
        asked += 1;
        if (asked === 1) await answer.promise;
        if (isAway) throw new ClientError('stream-lost', 'Lost it');
        return { items: [`answer ${asked}`], next: null };
      },
    });
    const looking = all.look();
    await until(() => all.all[0]?.phase === 'looking');
    all.heardOf('a');
    answer.resolve();
    await looking;
    assert.equal(all.all[0]?.items, ['answer 2']);
    isAway = true;
    await all.look();
    assert.equal([all.failed[0]?.why, all.all[0]?.items], ['Lost it', ['answer 2']]);
  },
);

lists.run();
