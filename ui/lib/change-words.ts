// What administrators did, in words. The details are the directory's own, of many versions: what is missing or is
// not known is said plainly.

import { roleName } from './role-words.ts';

/** A change as the directory tells it. */
export interface ToldChange {
  readonly what: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

type Read = (name: string) => string;
/** The texts of a detail that is a list; none when it was not kept. */
type List = (name: string) => readonly string[];

const WORDS: Readonly<Record<string, (of: Read, all: List) => string>> = {
  'organisation.founded': (of) => `founded ${of('name')}`,
  'person.joined': (of) => `came in for the first time, as ${roleName(of('role'))}`,
  'person.role-told': (of) =>
    `came with another role from Clerk: ${roleName(of('role'))}, before ${roleName(of('before'))}`,
  'device.revoked': (of) => `revoked a browser of ${of('name')}`,
  'client.created': (of) => `added the client ${of('name')}`,
  'client.renamed': (of) => `renamed the client ${of('before')} to ${of('name')}`,
  'client.removed': (of) => `removed the client ${of('name')}`,
  'site.created': (of) => `added the site ${of('name')}`,
  'site.renamed': (of) => `renamed the site ${of('before')} to ${of('name')}`,
  'site.removed': (of) => `removed the site ${of('name')}`,
  'site.token': (of) => `made a new token for the site ${of('name')}`,
  'site.token-revoked': (of) => `revoked the token of the site ${of('name')}`,
  'site.claiming': (of) => `typed the claim code of the appliance of the site ${of('name')}`,
  'site.joined': (of) => `of the site ${of('name')} joined with its token`,
  'site.signed': (of) => `signed the keys of the site ${of('name')}`,
  'roster.signed': (of, all) => {
    const size = `${of('members')} ${of('members') === '1' ? 'key' : 'keys'} in it`;
    return [
      `signed roster ${of('version')}, with ${size}`,
      ...listed('new', all('added')),
      ...listed('taken out', all('removed')),
      ...listed('changed', all('changed')),
    ].join('; ');
  },
  'key.proposed': () => 'made a signing key',
  'person.invited': (of) => `invited ${of('email')} as ${roleName(of('role'))}`,
  'person.role': (of) =>
    `changed the role of ${of('name')} from ${roleName(of('before'))} to ${roleName(of('role'))}`,
  'person.removed': (of) => `removed ${of('name')}`,
  'invitation.withdrawn': (of) => `withdrew the invitation of ${of('email')}`,
};

/** What was done, to be read after the name of who did it. */
export function changeWords({ what, detail }: ToldChange): string {
  const words = Object.hasOwn(WORDS, what) ? WORDS[what] : undefined;
  if (words === undefined) return what;
  return words(
    (name) => textOf(detail[name]),
    (name) => textsOf(detail[name]),
  );
}

function listed(word: string, names: readonly string[]): readonly string[] {
  return names.length === 0 ? [] : [`${word}: ${names.join(', ')}`];
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function textOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : '(not kept)';
}
