// Many light appliances in a process of their own, so that what they cost is not taken for the host's. Run by
// `openLightAppliances`: they are told of by messages between the two processes.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import process from 'node:process';

import * as z from 'zod';

import { useNativeCrypto } from '#agent/protocol/native-crypto.ts';
import { type LightAppliance, openLightAppliance } from './light-appliance.ts';

const taskSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('join'),
    console: z.string(),
    sites: z.array(z.strictObject({ siteId: z.string(), secret: z.string() })),
    /** Of each. */
    endpoints: z.int(),
  }),
  /** Changes so many endpoints a second, over all; 0: none. */
  z.strictObject({ kind: z.literal('stir'), perSecond: z.number() }),
]);

const reportSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('joined'), keys: z.array(z.string()) }),
  z.strictObject({ kind: z.literal('stirring') }),
  z.strictObject({ kind: z.literal('failed'), why: z.string() }),
]);

type Task = z.infer<typeof taskSchema>;
type Report = z.infer<typeof reportSchema>;

/** So many join at once. */
const AT_ONCE = 8;
const STIR_MS = 50;

export interface LightAppliances extends AsyncDisposable {
  /** Their peer keys, `ed25519:…`. */
  readonly keys: readonly string[];
  stir(perSecond: number): Promise<void>;
}

/** Starts a process with an appliance for each site. Resolves when all hold their reservations. */
export async function openLightAppliances(
  options: Omit<Extract<Task, { kind: 'join' }>, 'kind'>,
): Promise<LightAppliances> {
  const child = fork(fileURLToPath(import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  const ask = async (task: Task): Promise<Report> => {
    const { promise, resolve, reject } = Promise.withResolvers<Report>();
    child.once('message', (message) => resolve(reportSchema.parse(message)));
    void ended.then(() => reject(new Error('Cannot go on: the light appliances are gone')));
    child.send(task);
    const report = await promise;
    if (report.kind === 'failed') throw new Error(report.why);
    return report;
  };
  try {
    const joined = await ask({ kind: 'join', ...options });
    return {
      keys: joined.kind === 'joined' ? joined.keys : [],
      async stir(perSecond) {
        await ask({ kind: 'stir', perSecond });
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** The process: what it is told, it does. */
function serve(): void {
  const opened: LightAppliance[] = [];
  let stirring: NodeJS.Timeout | undefined;
  const tell = (report: Report): void => {
    process.send?.(report);
  };
  const take = async (task: Task): Promise<void> => {
    if (task.kind === 'join') {
      await joinAll(task, opened);
      tell({ kind: 'joined', keys: opened.map(({ key }) => key) });
    } else {
      clearInterval(stirring);
      let next = 0;
      const each = (task.perSecond * STIR_MS) / 1000;
      if (task.perSecond > 0) {
        stirring = setInterval(() => opened[next++ % opened.length]?.stir(each), STIR_MS);
      }
      tell({ kind: 'stirring' });
    }
  };
  process.on('message', (message) => {
    take(taskSchema.parse(message)).catch((cause: unknown) => {
      tell({
        kind: 'failed',
        why: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
      });
    });
  });
  process.on('disconnect', () => process.exit());
}

async function joinAll(
  { console: origin, sites, endpoints }: Extract<Task, { kind: 'join' }>,
  opened: LightAppliance[],
): Promise<void> {
  const waiting = [...sites];
  const work = async (): Promise<void> => {
    for (let site = waiting.shift(); site !== undefined; site = waiting.shift()) {
      const { siteId, secret } = site;
      opened.push(await openLightAppliance({ console: origin, site: siteId, secret, endpoints }));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

if (import.meta.main) {
  useNativeCrypto();
  serve();
}
