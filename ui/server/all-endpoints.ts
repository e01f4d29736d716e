// Every endpoint of the fleet, or of one site: the directory gives them page by page.

import {
  type FleetDirectory,
  type FleetEndpoint,
  type FleetQuestion,
  MAX_FLEET_PAGE,
} from './directory-fleet.ts';

/** All endpoints that fit a question, in the directory's order. */
export async function allEndpoints(
  directory: Pick<FleetDirectory, 'endpoints'>,
  question: Omit<FleetQuestion, 'after' | 'limit'> = {},
): Promise<FleetEndpoint[]> {
  const all: FleetEndpoint[] = [];
  let after: string | null = null;
  do {
    const { items, next } = await directory.endpoints({
      ...question,
      after,
      limit: MAX_FLEET_PAGE,
    });
    all.push(...items);
    after = next;
  } while (after !== null);
  return all;
}
