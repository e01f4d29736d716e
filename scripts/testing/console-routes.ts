// Every door of the console: each page, each form's action and each endpoint, read from `ui/routes` as SvelteKit does.

import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..', '..');
const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'fallback'];

/**
 * `GET /sites/[site]`, `POST /settings/sites?/add`, `POST /api/roster`. The module of a door is opened for what it
 * exports, so a handler or an action that is new is one more.
 */
export async function consoleDoors(): Promise<readonly string[]> {
  const doors = new Set<string>();
  for await (const file of glob('ui/routes/**/+{page,server,page.server}*', { cwd: ROOT })) {
    const [, folder = '', name = ''] = /^ui\/routes(.*)\/(\+[^/]+)$/.exec(file) ?? [];
    const path = folder.replaceAll(/\/\([^/]+\)/g, '') || '/';
    if (!name.startsWith('+server')) doors.add(`GET ${path}`);
    if (!/^\+(?:page\.)?server\.ts$/.test(name)) continue;
    const handlers = (await import(pathToFileURL(join(ROOT, file)).href)) as Handlers;
    for (const method of METHODS.filter((each) => each in handlers)) doors.add(`${method} ${path}`);
    for (const action of Object.keys(handlers.actions ?? {})) {
      doors.add(`POST ${path}${action === 'default' ? '' : `?/${action}`}`);
    }
  }
  return [...doors].toSorted();
}

interface Handlers {
  readonly actions?: Readonly<Record<string, unknown>>;
}
