// allow, ask or deny: the client's policy applied to one request. Pure and synchronous once the grammar
// is loaded; the agent, the gate and the verifier run this same code and must agree.

import {
  type Decision,
  type Judge,
  type Judged,
  MAX_PROGRAMS,
  type PolicyRule,
  type PolicyRules,
  type ShellName,
} from '#crypto/policy.ts';

import { accessOfLine, allows, meetsContext, restricts } from './match.ts';
import { type ParsedLine, parseLine } from './parse.ts';
import {
  type GrammarFiles,
  loadPowerShellGrammar,
  type PowerShellGrammar,
} from './powershell-grammar.ts';
import { NO_WORDS, scanWords } from './scan.ts';
import { type TouchedCommand, type TouchedLine, touchLine } from './touch.ts';
import { isPlainText } from './word.ts';

/** Loads the grammars, from the installed packages unless their bytes are given, and gives the judge. */
export async function openJudge(files?: GrammarFiles): Promise<Judge> {
  return judgeBy(await loadPowerShellGrammar(files));
}

/** The judge that reads by a grammar. A request is judged several times on its way: its line is parsed once. */
export function judgeBy(grammar: PowerShellGrammar): Judge {
  let last: { shell: ShellName; command: string; parsed: ParsedLine } | null = null;
  return (policy, judged) => {
    const { shell, command } = judged;
    if (last?.shell !== shell || last.command !== command) {
      last = { shell, command, parsed: parseLine(shell, command, grammar) };
    }
    return decide(policy, judged, last.parsed);
  };
}

function decide(policy: PolicyRules, judged: Judged, parsed: ParsedLine): Decision {
  const line = inContext(touchLine(parsed, judged), judged);
  const scanned = parsed.clean ? NO_WORDS : scanWords(judged.command, judged.shell);
  const suspected = { judged, line, scanned };
  const rules = policy.rules.filter((rule) => meetsContext(rule, policy, judged));
  const restricting = rules.filter((rule) => rule.effect !== 'allow' && restricts(rule, suspected));
  const told = { access: accessOfLine(line), programs: programsOf(line) };
  const deny = restricting.find((rule) => rule.effect === 'deny');
  if (deny !== undefined) {
    return {
      effect: 'deny',
      rule: deny.id,
      ...told,
      why: deny.why ?? whyDenied(deny, line),
      ask: null,
    };
  }
  const ask = mostApprovals(restricting, policy);
  if (ask !== null) {
    const why =
      ask.why ?? (line.clean ? `The rule "${ask.id}" of this site asks it.` : whyAsked(line));
    return { effect: 'ask', rule: ask.id, ...told, why, ask: ask.ask ?? policy.ask };
  }
  const allow = line.clean ? allowing(rules, line, judged) : null;
  if (allow !== null) {
    return {
      effect: 'allow',
      rule: allow.id,
      ...told,
      why: allow.why ?? whyAllowed(line),
      ask: null,
    };
  }
  return { effect: 'ask', rule: null, ...told, why: whyAsked(line), ask: policy.ask };
}

/** The line, not clean either when what surrounds it could change what its words mean. */
function inContext(line: TouchedLine, judged: Judged): TouchedLine {
  const problem = line.problem ?? contextProblem(judged);
  return { ...line, clean: problem === null, problem };
}

function contextProblem({ shell, cwd, env }: Judged): string | null {
  if (Object.keys(env).length > 0) return 'sets environment variables';
  if (cwd === null) return null;
  if (!isPlainText(cwd)) return 'runs in a folder with an unusual name';
  // cmd looks for programs in the current folder before anywhere else.
  return shell === 'cmd' ? 'runs in a folder that may hold its own programs' : null;
}

/** Of the ask rules that match, the one that wants most approvals; the first of equals. */
function mostApprovals(rules: readonly PolicyRule[], policy: PolicyRules): PolicyRule | null {
  const approvals = (rule: PolicyRule): number => (rule.ask ?? policy.ask).approvals;
  return rules.reduce<PolicyRule | null>(
    (most, rule) => (most === null || approvals(rule) > approvals(most) ? rule : most),
    null,
  );
}

/** The rule that allows the line: one that covers all of it if there is one, else that of its first command. */
function allowing(
  rules: readonly PolicyRule[],
  line: TouchedLine,
  judged: Judged,
): PolicyRule | null {
  const allowRules = rules.filter((rule) => rule.effect === 'allow');
  const covers = (rule: PolicyRule): boolean =>
    line.commands.every((command) => allows(rule, command, judged));
  const whole = allowRules.find(covers);
  if (whole !== undefined) return whole;
  const each = line.commands.map((command) =>
    allowRules.find((rule) => allows(rule, command, judged)),
  );
  return each.includes(undefined) ? null : (each[0] ?? null);
}

const MAX_SHOWN_CHARS = 128;

function programsOf(line: TouchedLine): readonly string[] {
  return [...new Set(line.commands.map(nameForPeople))].slice(0, MAX_PROGRAMS);
}

function nameForPeople({ program }: TouchedCommand): string {
  return textForPeople(program);
}

/** Text that can be shown: what is invisible is replaced, what is long is cut. */
function textForPeople(text: string): string {
  const visible = text
    .toWellFormed()
    .replace(/[\p{C}\p{Z}]/gu, (char) => (char === ' ' ? ' ' : '\ufffd'));
  return [...visible].slice(0, MAX_SHOWN_CHARS).join('');
}

function whyAsked(line: TouchedLine): string {
  if (line.problem !== null) return `Cannot be judged for certain: the line ${line.problem}.`;
  const changing = line.commands.find((command) => !command.readOnly);
  if (changing !== undefined) {
    const name = nameForPeople(changing);
    return `Changes something, or may: runs "${name}", and not in a way that is known to only read.`;
  }
  const sensitive = line.commands.find((command) => command.secret !== null);
  if (sensitive !== undefined) {
    const word = textForPeople(sensitive.secret ?? '');
    return `Only reads, but what it shows may be secret: "${nameForPeople(sensitive)}" is called with "${word}".`;
  }
  return 'Only reads, but no rule of this site allows it.';
}

function whyAllowed(line: TouchedLine): string {
  return accessOfLine(line) === 'read-only'
    ? 'Only reads.'
    : 'A rule of this site allows exactly this.';
}

function whyDenied(rule: PolicyRule, line: TouchedLine): string {
  return line.clean
    ? `The rule "${rule.id}" of this site refuses it.`
    : `The line cannot be judged for certain and holds what the rule "${rule.id}" of this site refuses.`;
}
