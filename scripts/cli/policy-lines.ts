// The client's policy for people: in the words that the on-site page and the console say it in.

import { policyWords, type RuleWords } from '#appliance/protocol/policy-words.ts';
import type { PolicyRules } from '#crypto/policy.ts';
import type { StatementOf } from '#crypto/statement.ts';
import { visibleText } from '#crypto/visible.ts';

/** A policy in lines. */
export function policyLines(
  rules: PolicyRules,
  approvers: StatementOf<'authority'>['approvers'],
): readonly string[] {
  const words = policyWords(rules, { approvers });
  return [
    visibleText(words.summary),
    ...part('Runs at once', words.allowed),
    ...part('Is asked all the same', words.asked),
    ...part('Is never run', words.refused),
    '',
    visibleText(words.otherwise),
    visibleText(words.terms),
    ...(words.hours === null ? [] : [visibleText(words.hours)]),
  ];
}

function part(title: string, rules: readonly RuleWords[]): readonly string[] {
  if (rules.length === 0) return [];
  return ['', `${title}:`, ...rules.flatMap(ruleLines)];
}

function ruleLines({ rule, what, why, terms }: RuleWords): readonly string[] {
  const more = [why, terms].filter((text) => text !== null);
  return [
    `  - ${visibleText(what)}  (${visibleText(rule)})`,
    ...more.map((text) => `      ${visibleText(text)}`),
  ];
}
