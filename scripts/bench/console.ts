// `bench console`: what a technician at the console feels, and what a host bears. Each part is measured on a console
// of its own, in processes of their own, with the browser that the machine has.
//
//   npm run -s bench -- console --only keystroke    one part: keystroke, load, relay or fleet
//   npm run -s bench -- console --appliances 200    so many hold reservations, instead of 500

import * as z from 'zod';

import { findChromium } from '../testing/chromium.ts';
import { measureFleet } from './console-fleet.ts';
import { openConsolePlace } from './console-place.ts';
import { measureRelay } from './console-relay.ts';
import { measureLoad, measureKeystroke } from './console-session.ts';
import { openWorkSite } from './console-site.ts';
import type { BenchOptions, Figures } from './main.ts';
import { BenchUsageError } from './usage-error.ts';

const PARTS = ['keystroke', 'load', 'relay', 'fleet'] as const;
const APPLIANCES = 500;

export const options = {
  only: { type: 'string', multiple: true },
  appliances: { type: 'string' },
} as const;

const ownSchema = z.strictObject({
  only: z
    .array(z.enum(PARTS, 'Cannot measure: --only is keystroke, load, relay or fleet'))
    .default([...PARTS]),
  appliances: z.coerce
    .number('Cannot measure: --appliances is a number')
    .int('Cannot measure: --appliances is a whole number')
    .min(1, 'Cannot measure: --appliances is at least 1')
    .max(1500, 'Cannot measure: --appliances is at most 1500')
    .default(APPLIANCES),
});

/** Answers the figures of the parts that were asked for; all of them when none was named. */
export async function bench({ log, own }: BenchOptions): Promise<Figures> {
  const parsed = ownSchema.safeParse(own);
  if (!parsed.success) throw new BenchUsageError(parsed.error.issues[0]?.message ?? '');
  const { only, appliances } = parsed.data;
  const executablePath = findChromium();
  if (executablePath === null) {
    throw new BenchUsageError('Cannot measure: no Chromium here; install it, or set CHROMIUM_PATH');
  }
  const figures: Figures = {};
  const take = (more: Figures): void => void Object.assign(figures, more);
  if (only.includes('keystroke') || only.includes('load')) {
    await using place = await openConsolePlace({ executablePath, log });
    await using site = await openWorkSite(place);
    await place.stage.tell(async () => {
      if (only.includes('keystroke')) take(await measureKeystroke(place, { site, log }));
      if (only.includes('load')) take(await measureLoad(place, { site, log }));
    });
  }
  if (only.includes('relay')) {
    await using place = await openConsolePlace({ executablePath, log });
    take(await measureRelay(place, { appliances, log }));
  }
  if (only.includes('fleet')) {
    await using place = await openConsolePlace({ executablePath, log });
    await place.stage.tell(async () => take(await measureFleet(place, { log })));
  }
  return figures;
}
