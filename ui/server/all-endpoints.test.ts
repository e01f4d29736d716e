import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { allEndpoints } from './all-endpoints.ts';
import { type FleetEndpoint, type FleetQuestion, MAX_FLEET_PAGE } from './directory-fleet.ts';

const all = suite('allEndpoints()');

all('asks for every page of what fits, in order', async () => {
  const ids = Array.from({ length: 2 * MAX_FLEET_PAGE + 1 }, (_, i) => String(i));
  const asked: FleetQuestion[] = [];
  const found = await allEndpoints(
    {
      endpoints(question) {
        asked.push(question);
        const { after, limit = 0 } = question;
        const from = after == null ? 0 : Number(after);
        const items = ids.slice(from, from + limit).map((id) => ({ id }) as FleetEndpoint);
        const end = from + limit;
        return Promise.resolve({ items, next: end < ids.length ? String(end) : null });
      },
    },
    { siteId: 's1' },
  );
  assert.equal(
    found.map(({ id }) => id),
    ids,
  );
  assert.equal(
    asked.map(({ siteId, after }) => [siteId, after]),
    [
      ['s1', null],
      ['s1', String(MAX_FLEET_PAGE)],
      ['s1', String(2 * MAX_FLEET_PAGE)],
    ],
  );
});

all.run();
