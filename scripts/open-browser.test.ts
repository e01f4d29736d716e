import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { browserCommand } from './open-browser.ts';

const browser = suite('browserCommand()');

browser('browserCommand() opens where somebody can see it, and nowhere else', () => {
  const cases: readonly (readonly [NodeJS.Platform, Record<string, string>, string | undefined])[] =
    [
      ['linux', {}, undefined],
      ['linux', { DISPLAY: '' }, undefined],
      ['linux', { DISPLAY: ':0' }, 'xdg-open'],
      ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, 'xdg-open'],
      ['linux', { DISPLAY: ':0', BROWSER: 'none' }, undefined],
      [
        'linux',
        { DISPLAY: 'localhost:10.0', SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' },
        undefined,
      ],
      ['darwin', {}, 'open'],
      ['darwin', { SSH_CONNECTION: 'x' }, undefined],
      ['win32', {}, 'rundll32'],
      ['win32', { BROWSER: 'none' }, undefined],
    ];
  for (const [platform, environment, program] of cases) {
    assert.is(browserCommand(platform, environment)?.[0], program, JSON.stringify(environment));
  }
});

browser.run();
