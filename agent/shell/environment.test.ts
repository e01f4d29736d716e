import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { commandEnvironment, commandFolder, environmentRefusal } from './environment.ts';

const refusal = suite('environmentRefusal()');

refusal('environmentRefusal() lets ordinary variables through, with any value', () => {
  const env = { A: '', _b: "';$(id)`\n\u00e9", HOME: '/x', TZ: 'UTC', LDAP_HOST: 'x', PATHS: 'y' };
  assert.is(environmentRefusal(env), null);
});

refusal('environmentRefusal() names the variable that is in the way', () => {
  for (const name of [
    'PATH',
    'path',
    'Ld_Preload',
    'DYLD_INSERT_LIBRARIES',
    'PSModulePath',
    'A B',
    '__proto__ ',
  ]) {
    assert.ok(environmentRefusal({ [name]: 'x' })?.includes(name), name);
  }
});

refusal.run();

const environment = suite('commandEnvironment()');

environment(
  'commandEnvironment() puts the order over the fixed part, and the marker over all',
  () => {
    const fixed = commandEnvironment({}, 'm');
    const changed = commandEnvironment({ HOME: '/x', EXTRA: 'y', CAISEY_RUN: 'z' }, 'm');
    assert.equal(changed, { ...fixed, HOME: '/x', EXTRA: 'y' });
    assert.is(fixed['CAISEY_RUN'], 'm');
  },
);

environment.run();

const folder = suite('commandFolder()');

folder('commandFolder() is an absolute folder', () => {
  assert.match(commandFolder(), /^(\/|[A-Z]:\\)/);
});

folder.run();
