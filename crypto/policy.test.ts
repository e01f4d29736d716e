import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatJcs, parseJcsText } from './json.ts';
import { policySchema, presetPolicy, PRESETS, ruleSchema, windowSchema } from './policy.ts';

const ASK = { approvals: 1, expires_s: 600 };

const schema = suite('policySchema');

schema('takes what the presets give, also after a round through JCS', () => {
  for (const name of PRESETS) {
    const policy = presetPolicy(name, 'Europe/Berlin');
    assert.equal(policySchema.parse(parseJcsText(formatJcs(policy))), policy);
  }
});

const REFUSED: Readonly<Record<string, unknown>> = {
  'an unknown zone': { time_zone: 'Mars/Base', rules: [], ask: ASK },
  'an offset for a zone': { time_zone: '+01:00', rules: [], ask: ASK },
  'no terms': { time_zone: 'UTC', rules: [] },
  'a further name': { time_zone: 'UTC', rules: [], ask: ASK, extra: 1 },
  'no approvals': { time_zone: 'UTC', rules: [], ask: { ...ASK, approvals: 0 } },
  'six approvals': { time_zone: 'UTC', rules: [], ask: { ...ASK, approvals: 6 } },
  'half a second': { time_zone: 'UTC', rules: [], ask: { ...ASK, expires_s: 30.5 } },
  'no approvers at all': { time_zone: 'UTC', rules: [], ask: { ...ASK, approvers: [] } },
  'a ladder that goes down': {
    time_zone: 'UTC',
    rules: [],
    ask: {
      ...ASK,
      ladder: [
        { after_s: 60, approvers: ['a'] },
        { after_s: 60, approvers: ['b'] },
      ],
    },
  },
  'an id twice': {
    time_zone: 'UTC',
    rules: [
      { id: 'a', effect: 'ask' },
      { id: 'a', effect: 'deny' },
    ],
    ask: ASK,
  },
  'too many rules': {
    time_zone: 'UTC',
    rules: Array.from({ length: 257 }, (_, i) => ({ id: `r${i}`, effect: 'ask' })),
    ask: ASK,
  },
};
for (const [name, value] of Object.entries(REFUSED)) {
  schema(`refuses ${name}`, () => assert.not(policySchema.safeParse(value).success));
}
schema.run();

const rule = suite('ruleSchema');
const BAD_RULES: Readonly<Record<string, object>> = {
  'an id with capitals': { id: 'A' },
  'an unknown effect': { effect: 'maybe' },
  'an empty list of programs': { programs: [] },
  'a right-to-left override in a program': { programs: ['ls\u202e'] },
  'a line break in its reason': { why: 'a\nb' },
  'a rest that is not last': { arguments: ['**', 'x'] },
  'an unknown shell': { shells: ['fish'] },
  'an undefined criterion': { labels: undefined },
  'a further criterion': { user: 'root' },
};
rule('takes an empty list of arguments, and what is sensitive', () => {
  const bare = { id: 'a', effect: 'ask', arguments: [], access: 'sensitive' };
  assert.equal(ruleSchema.parse(bare), bare);
});
rule('takes every criterion', () => {
  const full = {
    id: 'full-1',
    effect: 'allow',
    programs: ['systemctl'],
    arguments: ['restart', '*', '**'],
    access: 'changing',
    shells: ['bash'],
    labels: ['web'],
    roles: ['owner'],
    window: { days: [1, 7], from: '22:00', to: '05:30' },
    ask: { ...ASK, approvers: ['anna'], ladder: [{ after_s: 0, approvers: ['ben'] }] },
    why: 'Nightly work.',
  };
  assert.equal(ruleSchema.parse(full), full);
});
for (const [name, bad] of Object.entries(BAD_RULES)) {
  rule(`refuses ${name}`, () => {
    assert.not(ruleSchema.safeParse({ id: 'a', effect: 'ask', ...bad }).success);
  });
}
rule.run();

const hours = suite('windowSchema');
hours('refuses what is no span of hours', () => {
  for (const bad of [
    { days: [1], from: '24:00', to: '01:00' },
    { days: [1], from: '8:00', to: '09:00' },
    { days: [1], from: '08:00', to: '08:00' },
    { days: [0], from: '08:00', to: '09:00' },
    { days: [8], from: '08:00', to: '09:00' },
    { days: [], from: '08:00', to: '09:00' },
  ]) {
    assert.not(windowSchema.safeParse(bad).success, JSON.stringify(bad));
  }
  assert.ok(windowSchema.safeParse({ days: [7], from: '00:00', to: '24:00' }).success);
});
hours.run();

const preset = suite('presetPolicy()');
preset('refuses an unknown time zone', () => {
  assert.throws(() => presetPolicy('standard', 'Nowhere'));
});
preset.run();
