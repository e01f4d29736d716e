// The words of the `after-hours` preset: nights from 18:00 to 08:00 and weekends, on the clock of the site.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Judged, presetPolicy } from '#crypto/policy.ts';

import { openJudge } from './decide.ts';

const judge = await openJudge();

const NIGHT = '2026-11-19T02:09:00Z';
const NOON = '2026-11-18T11:00:00Z'; // a Wednesday
const RESTART = 'systemctl restart nginx.service';

interface Asked extends Partial<Judged> {
  readonly at?: string;
  readonly zone?: string;
}

function outcome({ at = NIGHT, zone = 'Europe/Berlin', ...judged }: Asked): string {
  const { effect, rule } = judge(presetPolicy('after-hours', zone), {
    ...{ shell: 'bash', command: RESTART, cwd: null, env: {}, labels: [], role: 'technician' },
    ...judged,
    atMs: Date.parse(at),
  });
  return `${effect} ${rule ?? '-'}`;
}

const hours = suite('presetPolicy() after-hours, by the clock');

const TIMES: readonly (readonly [at: string, zone: string, outcome: string])[] = [
  // winter in Berlin: UTC+1
  ['2026-11-18T16:59:59Z', 'Europe/Berlin', 'ask -'],
  ['2026-11-18T17:00:00Z', 'Europe/Berlin', 'allow night-restart'],
  ['2026-11-19T06:59:59Z', 'Europe/Berlin', 'allow night-restart'],
  ['2026-11-19T07:00:00Z', 'Europe/Berlin', 'ask -'],
  // the weekend, and the Monday after it
  ['2026-11-21T06:59:59Z', 'Europe/Berlin', 'allow night-restart'],
  ['2026-11-21T07:00:00Z', 'Europe/Berlin', 'allow weekend-restart'],
  ['2026-11-22T16:59:59Z', 'Europe/Berlin', 'allow weekend-restart'],
  ['2026-11-23T06:59:59Z', 'Europe/Berlin', 'allow night-restart'],
  ['2026-11-23T07:00:00Z', 'Europe/Berlin', 'ask -'],
  // summer time begins on 2026-03-29, ends on 2026-10-25
  ['2026-03-27T16:59:59Z', 'Europe/Berlin', 'ask -'],
  ['2026-03-27T17:00:00Z', 'Europe/Berlin', 'allow night-restart'],
  ['2026-03-29T01:00:00Z', 'Europe/Berlin', 'allow night-restart'],
  ['2026-03-30T05:59:59Z', 'Europe/Berlin', 'allow night-restart'],
  ['2026-03-30T06:00:00Z', 'Europe/Berlin', 'ask -'],
  ['2026-03-30T15:59:59Z', 'Europe/Berlin', 'ask -'],
  ['2026-03-30T16:00:00Z', 'Europe/Berlin', 'allow night-restart'],
  ['2026-10-25T01:30:00Z', 'Europe/Berlin', 'allow night-restart'],
  ['2026-10-26T06:59:59Z', 'Europe/Berlin', 'allow night-restart'],
  ['2026-10-26T07:00:00Z', 'Europe/Berlin', 'ask -'],
  // the site's clock, not the server's
  ['2026-11-18T22:59:59Z', 'America/New_York', 'ask -'],
  ['2026-11-18T23:00:00Z', 'America/New_York', 'allow night-restart'],
  ['2026-07-15T22:00:00Z', 'America/New_York', 'allow night-restart'],
  ['2026-11-18T12:30:00Z', 'Asia/Kolkata', 'allow night-restart'],
  ['2026-11-18T12:29:59Z', 'Asia/Kolkata', 'ask -'],
];
for (const [at, zone, expected] of TIMES) {
  hours(`gives "${expected}" at ${at} in ${zone}`, () => {
    assert.is(outcome({ at, zone }), expected);
  });
}
hours.run();

const steps = suite('presetPolicy() after-hours, by the step');

steps('allows its short list to technicians and owners, and not by day', () => {
  const list: readonly (readonly [Partial<Judged>, string])[] = [
    [{ command: RESTART }, 'restart'],
    [{ command: 'resolvectl flush-caches' }, 'dns-cache'],
    [{ shell: 'cmd', command: 'ipconfig /flushdns' }, 'dns-cache-windows'],
    [{ shell: 'powershell', command: 'Clear-DnsClientCache' }, 'dns-cache-cmdlet'],
  ];
  for (const [judged, name] of list) {
    assert.is(outcome(judged), `allow night-${name}`);
    assert.is(outcome({ ...judged, role: 'owner' }), `allow night-${name}`);
    assert.is(outcome({ ...judged, role: 'reviewer' }), 'ask -');
    assert.is(outcome({ ...judged, at: NOON }), 'ask -');
  }
});

steps('asks for a step with anything more to it', () => {
  for (const command of [
    'systemctl restart nginx',
    'systemctl restart nginx.service ssh.service',
    'systemctl restart --now nginx.service',
    'systemctl -H root@x restart nginx.service',
    'systemctl stop nginx.service',
    'sudo systemctl restart nginx.service',
    'nft flush ruleset',
    ...['poweroff.target', "'*'", "'*.service'", "'s?h.service'", '--now'].map(
      (unit) => `systemctl restart ${unit}`,
    ),
  ]) {
    assert.is(outcome({ command }), 'ask -', command);
  }
  for (const command of ['Clear-DnsClientCache -CimSession dc01', 'Clear-DnsClientCache -AsJob']) {
    assert.is(outcome({ shell: 'powershell', command }), 'ask -', command);
  }
});

steps('asks for services whose start does not undo itself', () => {
  for (const unit of [
    ...['systemd-poweroff', 'systemd-reboot', 'systemd-kexec', 'systemd-suspend', 'emergency'],
    ...['rescue', 'debug-shell', 'initrd-switch-root', 'dbus', 'dbus-broker', 'user@1000'],
    ...['getty@tty1', 'serial-getty@ttyS0', 'apt-daily-upgrade', 'packagekit'],
  ]) {
    const decided = outcome({ command: `systemctl restart ${unit}.service` });
    assert.match(decided, /^ask restart-/, unit);
  }
  assert.is(outcome({ command: 'systemctl status systemd-resolved.service' }), 'allow reading');
});

steps('asks for secrets by night, too', () => {
  assert.is(outcome({ command: 'cat /etc/shadow' }), 'ask -');
  assert.is(outcome({ command: 'cat /etc/hosts' }), 'allow reading');
  assert.is(outcome({ command: 'mkfs.ext4 /dev/sda1' }), 'deny no-wiping');
});
steps.run();
