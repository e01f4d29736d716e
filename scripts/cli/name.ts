// Names of people, clients and sites, and the short ids by which statements name people.

import { CliError } from './error.ts';

const MAX_NAME_CHARS = 128;

/** Refuses a name that statements cannot hold. @throws {CliError} code `usage` */
export function checkName(what: string, name: string): void {
  const isName = name.length >= 1 && name.length <= MAX_NAME_CHARS && !/\p{C}/u.test(name);
  if (isName && name.trim() === name) return;
  throw new CliError('usage', `Cannot take ${what} "${name.slice(0, MAX_NAME_CHARS)}": no name`, {
    hint: `A name has 1 to ${MAX_NAME_CHARS} visible characters.`,
  });
}

/** `Olga Öwner` → `olga-owner`; what has no Latin letter becomes `person`. */
export function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const slug = plain
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 48)
    .replace(/-+$/, '');
  return slug === '' ? 'person' : slug;
}

/** A name as it stands in a command that is shown to be pasted; what a shell could take otherwise is `NAME`. */
export function nameToPaste(name: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) ? name : 'NAME';
}
