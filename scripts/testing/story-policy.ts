// The story's policy, and a judge for it that is as small as its rules.

import type { Judge, PolicyRule, PolicyRules } from '#crypto/policy.ts';

/** The policy of the story: reading is allowed, wiping refused, everything else asked. */
export const STORY_RULES: PolicyRules = {
  time_zone: 'Europe/Berlin',
  rules: [
    { id: 'no-wiping', effect: 'deny', programs: ['mkfs'] },
    { id: 'reading', effect: 'allow', access: 'read-only' },
  ],
  ask: { approvals: 1, expires_s: 1800 },
};

const READERS = new Set(['cat', 'ls', 'df', 'nft-list', 'systemctl-status']);

/** A judge as small as its rules: the first word is the program, whatever else the line says. */
export const storyJudge: Judge = (policy, judged) => {
  const program = judged.command.split(' ')[0] ?? '';
  const access = READERS.has(program) ? 'read-only' : 'changing';
  const matches = (rule: PolicyRule): boolean =>
    (rule.programs?.includes(program) ?? true) &&
    (rule.access ?? access) === access &&
    (rule.labels?.every((label) => judged.labels.includes(label)) ?? true) &&
    (rule.roles?.includes(judged.role) ?? true);
  const find = (effect: PolicyRule['effect']): PolicyRule | undefined =>
    policy.rules.find((rule) => rule.effect === effect && matches(rule));
  const rule = find('deny') ?? find('ask') ?? find('allow');
  const effect = rule?.effect ?? 'ask';
  return {
    effect,
    rule: rule?.id ?? null,
    access,
    programs: [program],
    why: `It runs ${program}.`,
    ask: effect === 'ask' ? (rule?.ask ?? policy.ask) : null,
  };
};
