// A policy in words, for the people whom it binds: the on-site page and the console say the same ones. What a rule
// means is said by crypto/policy.ts; nothing here decides anything.

import type { AskTerms, PolicyRule, PolicyRules, PolicyWindow } from '#crypto/policy.ts';

/** One rule in words. */
export interface RuleWords {
  /** Its id, for whoever looks it up in the policy. */
  readonly rule: string;
  /** What it is about, such as `commands that only read` or `mkfs, when it changes something`. */
  readonly what: string;
  /** The rule's own reason, as the client signed it. */
  readonly why: string | null;
  /** Who must approve, where this rule has terms of its own. */
  readonly terms: string | null;
}

/** A policy in words. */
export interface PolicyWords {
  /** All of it in one sentence. */
  readonly summary: string;
  /** What runs at once, without asking. */
  readonly allowed: readonly RuleWords[];
  /** What is asked although something else would let it run. */
  readonly asked: readonly RuleWords[];
  /** What is never run, whoever asks. */
  readonly refused: readonly RuleWords[];
  /** What becomes of everything that no rule names. */
  readonly otherwise: string;
  /** Who must approve what is asked, and how long there is time. */
  readonly terms: string;
  /** Whose clock the rules mean; null when none of them has hours. */
  readonly hours: string | null;
}

/** Somebody whom rules name by id. */
interface Named {
  readonly id: string;
  readonly name: string;
}

/** Says a policy in words. `approvers` are those of the authority in force: who is not among them is named by id. */
export function policyWords(
  policy: PolicyRules,
  { approvers = [] }: { approvers?: readonly Named[] } = {},
): PolicyWords {
  const names = new Map(approvers.map(({ id, name }) => [id, name]));
  const of = (effect: PolicyRule['effect']): readonly PolicyRule[] =>
    policy.rules.filter((rule) => rule.effect === effect);
  const say = (rules: readonly PolicyRule[]): readonly RuleWords[] =>
    rules.map((rule) => ruleWords(rule, names));
  const isShut = of('deny').some(isForAll);
  const isAskedAlways = isShut || of('ask').some(isForAll);
  const allowed = isAskedAlways ? [] : of('allow'); // deny beats ask beats allow
  const asked = isShut ? [] : of('ask');
  return {
    summary: summaryOf({ allowed, asked, refused: of('deny') }),
    allowed: say(allowed),
    asked: say(asked),
    refused: say(of('deny')),
    otherwise: otherwiseOf({ isShut, isAskedAlways }),
    terms: termsOf(policy.ask, names),
    hours: hasHours(policy) ? `Hours are those of ${policy.time_zone}.` : null,
  };
}

function summaryOf({
  allowed,
  asked,
  refused,
}: Readonly<Record<'allowed' | 'asked' | 'refused', readonly PolicyRule[]>>): string {
  if (refused.some(isForAll)) return 'Nothing is run here, whoever asks.';
  const kinds = refused.length === 1 ? 'one kind of command is' : 'some kinds of command are';
  const never = refused.length === 0 ? '' : `, and ${kinds} never run`;
  if (allowed.length === 0 || asked.some(isForAll)) return `Every command asks first${never}.`;
  const steps = allowed.filter((rule) => !isReading(rule));
  const hour = steps.every(({ window }) => window !== undefined) ? ', at certain hours' : '';
  const named = `some commands run at once${hour}`;
  const first = allowed.some(isReading)
    ? `Reading runs at once${steps.length === 0 ? '' : `; ${named}`}`
    : `${named.slice(0, 1).toUpperCase()}${named.slice(1)}`;
  return `${first}; everything else asks first${never}.`;
}

function otherwiseOf({
  isShut,
  isAskedAlways,
}: Readonly<Record<'isShut' | 'isAskedAlways', boolean>>): string {
  if (isShut) return 'Nothing else is asked: no command runs here.';
  return isAskedAlways
    ? 'Every command that is not refused asks first.'
    : 'Everything else asks first, and so does whatever cannot be judged for certain.';
}

/** Whether a rule meets whatever is asked, wherever and whenever. */
function isForAll({ id, effect, why, ask, ...criteria }: PolicyRule): boolean {
  return Object.keys(criteria).length === 0;
}

/** Whether a rule lets all reading run, wherever and whenever. */
function isReading({ access, ...rule }: PolicyRule): boolean {
  return access === 'read-only' && isForAll(rule);
}

function hasHours({ rules }: PolicyRules): boolean {
  return rules.some(({ window }) => window !== undefined);
}

function ruleWords(rule: PolicyRule, names: ReadonlyMap<string, string>): RuleWords {
  return {
    rule: rule.id,
    what: [subjectOf(rule), ...circumstancesOf(rule)].join(', '),
    why: rule.why ?? null,
    terms: rule.ask === undefined || rule.effect !== 'ask' ? null : termsOf(rule.ask, names),
  };
}

const WHOLE = {
  'read-only': 'commands that only read, and nothing that may be secret',
  sensitive: 'commands that may read what is secret',
  changing: 'commands that change something, or may',
} as const;

function subjectOf(rule: PolicyRule): string {
  const { programs, arguments: patterns, access } = rule;
  if (programs === undefined && patterns === undefined) {
    return access === undefined ? 'every command' : WHOLE[access];
  }
  const named = programs === undefined ? 'any program' : list(programs, 'or');
  return `${named}${patterns === undefined ? '' : argumentWords(patterns, rule.effect)}`;
}

/** What allows means these arguments one by one; what asks or refuses finds them anywhere. */
function argumentWords(patterns: readonly string[], effect: PolicyRule['effect']): string {
  const hasRest = patterns.at(-1) === '**';
  const leading = patterns.filter((pattern) => pattern !== '**').join(' ');
  if (effect !== 'allow') return leading === '' ? '' : ` with “${leading}” among its arguments`;
  if (leading === '') return hasRest ? ' with any arguments' : ' without arguments';
  return hasRest ? ` with “${leading}” and whatever follows` : ` with exactly “${leading}”`;
}

const WHEN = {
  'read-only': 'when it only reads, and nothing that may be secret',
  sensitive: 'when it may read what is secret',
  changing: 'when it changes something, or may',
} as const;

const PEOPLE = { owner: 'owners', technician: 'technicians', reviewer: 'reviewers' } as const;

function circumstancesOf(rule: PolicyRule): readonly string[] {
  const { programs, arguments: patterns, access, shells, labels, roles, window } = rule;
  const isNamed = programs !== undefined || patterns !== undefined;
  return [
    access !== undefined && isNamed ? WHEN[access] : null,
    shells === undefined ? null : `in ${list(shells, 'or')}`,
    labels === undefined ? null : `on machines labelled ${list(labels, 'and')}`,
    roles === undefined
      ? null
      : `for ${list(
          roles.map((role) => PEOPLE[role]),
          'and',
        )}`,
    window === undefined ? null : windowWords(window),
  ].filter((part) => part !== null);
}

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

function windowWords({ days, from, to }: PolicyWindow): string {
  const next = to <= from ? ' the next day' : '';
  return `${dayWords(days)} from ${from} to ${to}${next}`;
}

function dayWords(days: readonly number[]): string {
  const each = [...new Set(days)].sort((a, b) => a - b);
  const [first = 1] = each;
  const last = each.at(-1) ?? first;
  const nameOf = (day: number): string => DAYS[day - 1] ?? '';
  if (each.length === DAYS.length) return 'every day';
  const isRun = each.length > 2 && last - first === each.length - 1;
  return isRun ? `${nameOf(first)} to ${nameOf(last)}` : `on ${list(each.map(nameOf), 'and')}`;
}

function termsOf(
  { approvals, expires_s: expiresS, approvers, ladder = [] }: AskTerms,
  names: ReadonlyMap<string, string>,
): string {
  const say = (ids: readonly string[], word: 'and' | 'or'): string =>
    list(
      ids.map((id) => names.get(id) ?? id),
      word,
    );
  const people =
    approvers === undefined
      ? approvals === 1
        ? 'One approver'
        : `${approvals} approvers`
      : approvals === 1
        ? say(approvers, 'or')
        : `${approvals} of ${say(approvers, 'and')}`;
  const rungs = ladder.map(
    (rung) =>
      ` After ${durationWords(rung.after_s)} without an answer ${say(rung.approvers, 'and')} ${rung.approvers.length === 1 ? 'is' : 'are'} asked as well.`,
  );
  return `${people} must approve within ${durationWords(expiresS)}.${rungs.join('')}`;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** `30 minutes`, `90 seconds`: in the largest unit that says it without a rest. */
function durationWords(seconds: number): string {
  const [unit, lengthS] = UNITS.find(([, length]) => seconds % length === 0) ?? ['second', 1];
  const count = seconds / lengthS;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function list(words: readonly string[], last: 'and' | 'or'): string {
  const head = words.slice(0, -1).join(', ');
  const tail = words.at(-1) ?? '';
  return head === '' ? tail : `${head} ${last} ${tail}`;
}
