// What is over and kept for nothing: sign-ins and challenges of built-in accounts, invitations, browsers' keys. All of
// it is refused by its time already; here it leaves the store, at the start and once a day.

import { authTables } from './identity/auth-tables.ts';
import { timeText } from './directory-actor.ts';
import type { Store } from './store/store.ts';

const EVERY_MS = 86_400_000;
/** After this a count of tries means nothing any more. */
const TRIES_LIFE_MS = 86_400_000;

/** Deletes what is over at this moment. Answers how many rows went. */
export async function dropExpired(store: Store, { nowMs }: { nowMs: number }): Promise<number> {
  const at = timeText(nowMs);
  return store.alone(async (db) => {
    const auth = authTables(db);
    const tries = nowMs - TRIES_LIFE_MS;
    let gone = 0n;
    for (const query of [
      auth.deleteFrom('auth_session').where('expiresAt', '<=', at),
      auth.deleteFrom('auth_verification').where('expiresAt', '<=', at),
      auth.deleteFrom('auth_rate_limit').where('lastRequest', '<=', tries),
      db.deleteFrom('invitation').where('expires_at', '<=', at),
      db.deleteFrom('device').where('expires_at', '<=', at),
    ]) {
      gone += (await query.executeTakeFirstOrThrow()).numDeletedRows;
    }
    return Number(gone);
  });
}

/** Deletes what is over now, and then once a day until it is disposed of. */
export async function openDropping(
  store: Store,
  { now, onFailure }: { now: () => number; onFailure: (cause: unknown) => void },
): Promise<AsyncDisposable> {
  const drop = (): Promise<unknown> => dropExpired(store, { nowMs: now() }).catch(onFailure);
  await drop();
  let running = Promise.resolve<unknown>(undefined);
  const timer = setInterval(() => {
    running = drop();
  }, EVERY_MS);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running;
    },
  };
}
