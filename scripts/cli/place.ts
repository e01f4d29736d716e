// Where things lie in a person's folder. Apart from home.ts, so that naming them loads nothing.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where the on-site page is, unless somebody chose another place. */
export const PAGE_ADDRESS = '127.0.0.1:8420';

/** The places in a home. */
export interface Home {
  readonly folder: string;
  readonly siteFile: string;
  readonly trustFile: string;
  readonly keys: string;
  readonly myKey: string;
  readonly rootKey: string;
  readonly authorityKey: string;
  readonly sessions: string;
  readonly appliance: string;
  readonly agent: string;
}

/** The places of the home in a folder. */
export function homeAt(path: string): Home {
  const folder = resolve(path);
  const keys = join(folder, 'keys');
  return {
    folder,
    siteFile: join(folder, 'site.json'),
    trustFile: join(folder, 'trust.json'),
    keys,
    myKey: join(keys, 'me.key'),
    rootKey: join(keys, 'msp-root.key'),
    authorityKey: join(keys, 'authority.key'),
    sessions: join(folder, 'sessions'),
    appliance: join(folder, 'appliance'),
    agent: join(folder, 'agent'),
  };
}

/** The home of a person who names none. */
export function defaultHome(): string {
  return join(homedir(), '.caisey');
}
