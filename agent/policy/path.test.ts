import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  climbs,
  covers,
  DEEP,
  HOME,
  isHive,
  literalPath,
  MAX_PATH_CHARS,
  mayMeet,
  originalsOf,
  pathPattern,
  resolvePath,
} from './path.ts';

const UNIX = { windows: false };
const WINDOWS = { windows: true };

const pattern = suite('pathPattern()');
pattern('gives the names between slashes', () => {
  assert.equal(pathPattern('**/etc/*.key'), ['**', 'etc', '*.key']);
});
pattern.run();

const resolving = suite('resolvePath()');
const RESOLVED: readonly (readonly [text: string, windows: boolean, path: string])[] = [
  ['/etc//./Shadow/', false, 'etc/shadow'],
  ['notes', false, 'base/notes'],
  ['../notes', false, 'notes'],
  ['../../../notes', false, 'notes'],
  ['~/x', false, '~/x'],
  ['~', false, '~'],
  ['~root/x', false, '**/x'],
  ['~sys/sda', false, '**/sda'],
  ['~/../x', false, '**/x'],
  ['~-/x', false, '**/x'],
  ['/e[t]c/s[h]a[d]ow', false, 'e*c/s*ow'],
  ['C:\\Windows\\System32', true, 'c:/windows/system32'],
  ['C:/Windows/x. . ', true, 'c:/windows/x'],
  ['c:x', true, 'c:/**/x'],
  ['\\x', true, 'x'],
  ['C:\\x:stream', true, 'c:/x'],
  ['C:\\PROGRA~1\\x', true, 'c:/*/x'],
  ['C:\\a\\.. \\x', true, 'c:/x'],
  ['HKLM:\\SAM', true, 'hklm/sam'],
  ['HKLM:SAM', true, 'hklm/sam'],
  ['HKEY_LOCAL_MACHINE\\SAM', true, 'hklm/sam'],
  ['Env:PATH', true, 'env/path'],
  ['x', true, 'base/x'],
];
for (const [text, windows, path] of RESOLVED) {
  resolving(`takes ${JSON.stringify(text)} for ${path}`, () => {
    const named = { text, base: ['base'], glob: true };
    assert.is(resolvePath(named, { windows })?.join('/'), path);
  });
}
resolving('takes a star in quotes for a character', () => {
  const path = resolvePath({ text: '/etc/s*w', base: [], glob: false }, UNIX);
  assert.not(mayMeet(path ?? [], ['etc', 'shadow'], UNIX));
});
resolving('looks at no endless path', () => {
  for (const text of ['x'.repeat(MAX_PATH_CHARS + 1), '/x'.repeat(100)]) {
    assert.is(resolvePath({ text, base: [], glob: false }, UNIX), null);
  }
});
resolving.run();

const climbing = suite('climbs()');
climbing('knows the way up, in every spelling of Windows', () => {
  for (const text of ['..', '/a/../b', 'a/..']) assert.ok(climbs(text, UNIX), text);
  for (const text of ['a\\..\\b', 'a\\.. \\b', '...']) assert.ok(climbs(text, WINDOWS), text);
  for (const text of ['.', '/a/..b', '...', 'a\\..']) assert.not(climbs(text, UNIX), text);
});
climbing.run();

const copying = suite('originalsOf()');
copying('takes the endings of copies off, also where they are behind stars', () => {
  const originals = (name: string): string =>
    originalsOf(['etc', name])
      .map((path) => path.join('/'))
      .join(' ');
  assert.is(originals('shadow'), '');
  assert.is(originals('shadow~'), 'etc/shadow');
  assert.is(originals('shadow.bak~'), 'etc/shadow.bak etc/shadow');
  assert.is(originals('.shadow.swp'), 'etc/.shadow etc/shadow');
  assert.is(originals('#shadow#'), 'etc/#shadow etc/shadow');
  assert.is(originals('sha*.bak'), 'etc/sha*');
  assert.is(originals('*.log'), '');
  assert.is(originals('~'), '');
  assert.equal(originalsOf([]), []);
  assert.equal(originalsOf(['etc', DEEP]), []);
});
copying.run();

const meeting = suite('mayMeet()');
const MEETS: readonly (readonly [path: string, pattern: string, meets: boolean])[] = [
  ['etc/shadow', '**/etc/shadow', true],
  ['mnt/x/etc/shadow', '**/etc/shadow', true],
  ['etc/shadow.txt', '**/etc/shadow', false],
  ['e??/s*w', '**/etc/shadow', true],
  ['etc/*.conf', '**/etc/shadow', false],
  ['opt/*', '**/*.key', true],
  ['opt/*.log', '**/*.key', false],
  ['root/*', '**/.ssh/**', false],
  ['root/.*', '**/.ssh/**', true],
  ['root/**', '**/.ssh/**', true],
  ['root/.ssh', '**/.ssh/**', true],
  ['etc', '**/etc/shadow', false],
  ['**/shadow', '**/etc/shadow', true],
  ['**', 'proc/kmsg', true],
];
for (const [path, place, meets] of MEETS) {
  meeting(`says ${meets ? 'yes' : 'no'} to ${path} and ${place}`, () => {
    assert.is(mayMeet(pathPattern(path), pathPattern(place), UNIX), meets);
  });
}
meeting('lets a star stand for a dot on Windows', () => {
  assert.ok(mayMeet(['c:', '*'], ['**', '.ssh', '**'], WINDOWS));
});
meeting('agrees with a regular expression about every name and pattern', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 5 });
  const wild = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 5 });
  fc.assert(
    fc.property(name, wild, (text, place) => {
      const expected = new RegExp(`^${place.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      if (place.includes(DEEP)) return; // means something else
      assert.is(mayMeet([text], [place], WINDOWS), expected.test(text), `${text} ${place}`);
    }),
    { numRuns: 2000 },
  );
});
meeting.run();

const covering = suite('covers()');
covering('holds only when all that the path may name is covered', () => {
  const all = (text: string, path: string): boolean => covers(pathPattern(text), pathPattern(path));
  assert.ok(all('/var/log/**', 'var/log/*/x.log'));
  assert.ok(all('/var/log/**', 'var/log/**'));
  assert.ok(all('/proc/*/status', 'proc/*/status'));
  assert.not(all('/var/log/**', 'var/*/x.log'));
  assert.not(all('/proc/*/status', 'proc/1/*'));
  assert.not(all('/proc/*/status', 'proc/**/status'));
});
covering.run();

const literally = suite('literalPath()');
literally('leaves nothing for a star to stand for', () => {
  const path = literalPath(['var', '*', DEEP, 'id_?sa']);
  assert.not(mayMeet(path, ['**', 'id_rsa'], UNIX));
  assert.is(path.length, 3);
});
literally.run();

const hive = suite('isHive()');
hive('knows the roots of the registry', () => {
  for (const name of ['hklm', 'hkcu', 'hku', 'hkcr']) assert.ok(isHive(name));
  for (const name of ['hk', HOME, undefined]) assert.not(isHive(name));
});
hive.run();
