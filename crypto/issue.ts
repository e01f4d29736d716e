// What a schema refused, for people: which field, and which rule in plain words. Values are never quoted; they
// may be secrets.

import type * as z from 'zod';

/** Says the first thing that a schema refused: `"note" is longer than 4096 characters`. */
export function describeIssue({ issues }: Pick<z.ZodError, 'issues'>): string {
  const [issue] = issues;
  if (issue === undefined) throw new TypeError('Cannot describe issue: there is none');
  const where = issue.path.join('.');
  const rule = ruleOf(issue);
  const subject = where === '' ? 'it' : `"${where}"`;
  return /^(?:is|has) /.test(rule) ? `${subject} ${rule}` : `${subject}: ${rule}`;
}

function ruleOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_big':
      return sizeRule(issue, { word: 'longer', many: 'more', limit: issue.maximum });
    case 'too_small':
      return sizeRule(issue, { word: 'shorter', many: 'fewer', limit: issue.minimum });
    case 'invalid_type':
      return `is missing, or is no ${issue.expected}`;
    case 'invalid_value':
      return `is not ${issue.values.length === 1 ? '' : 'one of '}${issue.values.join(', ')}`;
    case 'unrecognized_keys':
      return `has "${issue.keys.join('", "')}", which nobody knows`;
    case 'invalid_key':
      return 'has a name that is too long, or not allowed';
    case 'custom':
    case 'invalid_format':
      return issue.message.startsWith('not ') ? `is ${issue.message}` : issue.message;
    case 'not_multiple_of':
    case 'invalid_union':
    case 'invalid_element':
      return issue.message;
    default:
      throw new Error(`unreachable: issue ${String(issue satisfies never)}`);
  }
}

function sizeRule(
  { origin }: { readonly origin: string },
  { word, many, limit }: { word: string; many: string; limit: number | bigint },
): string {
  if (origin === 'string') {
    return limit === 1 && word === 'shorter' ? 'is empty' : `is ${word} than ${limit} characters`;
  }
  const isCounted = origin === 'array' || origin === 'set' || origin === 'map';
  if (isCounted) return `has ${many} than ${limit} items`;
  return `is ${word === 'longer' ? 'more' : 'less'} than ${limit}`;
}
