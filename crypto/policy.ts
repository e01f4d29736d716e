// The client's policy: what may run at once, what must be asked, what is refused. This file owns the
// words, because the signed `policy` statement carries them; agent/policy supplies the `Judge` that
// parses command lines and applies the rules.
//
// How a rule reads: every criterion that is present must hold (an absent one always does). Deny beats
// ask beats allow, the order of the rules does not matter for that. A line that no rule matches is asked.
//
//   programs   names as they are called, without quotes; `*` stands for any run of characters but / and \
//   arguments  one pattern an argument; `*` as above with slashes; `**` as the last one: any rest.
//              allow: the arguments must match one by one, and none is left over without `**`; a pattern
//              that begins with `*` does not match an option. ask, deny: the patterns may match anywhere
//              in the arguments, with or without the options between. An empty list allows no argument at all
//   access     `read-only`: the line only reads, and nothing that may be secret. `sensitive`: it may read what is
//              secret. `changing`: it may change something, or cannot be read
//   labels     all of them are on the endpoint
//   window     begins on one of `days` (1 is Monday) at `from`, ends at `to`, on the next day when `to` is
//              not later than `from`; wall clock of the policy's time zone

import * as z from 'zod';

export const SHELLS = ['sh', 'bash', 'powershell', 'pwsh', 'cmd'] as const;
export type ShellName = (typeof SHELLS)[number];

export const EFFECTS = ['allow', 'ask', 'deny'] as const;
export type Effect = (typeof EFFECTS)[number];

export const ROLES = ['owner', 'technician', 'reviewer'] as const;
export type Role = (typeof ROLES)[number];

/** What a whole command line does, as far as its parse can tell. */
export type Access = 'read-only' | 'sensitive' | 'changing' | 'unknown';

export const MAX_RULES = 256;
export const MAX_APPROVALS = 5;
/** At most this many program names are told in a `Decision`. */
export const MAX_PROGRAMS = 64;

const MAX_WAIT_S = 604_800; // a week

/** One line of visible text: nothing that could reorder, hide or break what a person reads. */
function line(maxLength: number): z.ZodString {
  return z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^[^\p{C}\u2028\u2029]+$/u, 'control or invisible character');
}

const approverIds = z.array(line(128)).min(1).max(32);

/** Who must agree, how many, until when, and who is woken when nobody answers. Times in seconds. */
export const askTermsSchema = z
  .strictObject({
    approvals: z.int().min(1).max(MAX_APPROVALS),
    expires_s: z.int().min(30).max(MAX_WAIT_S),
    /** Approver ids; absent: any approver of the site. */
    approvers: approverIds.exactOptional(),
    /** After so many seconds without an answer, these are asked as well. */
    ladder: z
      .array(z.strictObject({ after_s: z.int().min(0).max(MAX_WAIT_S), approvers: approverIds }))
      .min(1)
      .max(8)
      .exactOptional(),
  })
  .refine((terms) => isAscending(terms.ladder?.map((rung) => rung.after_s) ?? []), {
    message: 'ladder does not ascend',
    path: ['ladder'],
  });

const clockTime = z.string().regex(/^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/);

/** A span of hours that begins on certain days; `24:00` ends it with the day. */
export const windowSchema = z
  .strictObject({
    days: z.array(z.int().min(1).max(7)).min(1).max(7),
    from: clockTime,
    to: z.union([clockTime, z.literal('24:00')]),
  })
  .refine((window) => window.from !== window.to, 'window is empty');

export const ruleSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  effect: z.enum(EFFECTS),
  programs: z.array(line(128)).min(1).max(64).exactOptional(),
  arguments: z.array(line(256)).max(16).refine(restIsLast, '"**" is not last').exactOptional(),
  access: z.enum(['read-only', 'sensitive', 'changing']).exactOptional(),
  shells: z.array(z.enum(SHELLS)).min(1).max(SHELLS.length).exactOptional(),
  labels: z.array(line(64)).min(1).max(16).exactOptional(),
  roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length).exactOptional(),
  window: windowSchema.exactOptional(),
  ask: askTermsSchema.exactOptional(),
  why: line(500).exactOptional(),
});

/** The body of a `policy` statement. Hostile until parsed. */
export const policySchema = z.strictObject({
  /** IANA name, such as `Europe/Berlin`: the wall clock that windows mean. */
  time_zone: z.string().max(64).refine(isTimeZone, 'unknown time zone'),
  rules: z
    .array(ruleSchema)
    .max(MAX_RULES)
    .refine((rules) => new Set(rules.map((rule) => rule.id)).size === rules.length, 'ids repeat'),
  /** Used when the deciding rule has no terms of its own, and when no rule matches. */
  ask: askTermsSchema,
});

export type AskTerms = z.infer<typeof askTermsSchema>;
export type PolicyWindow = z.infer<typeof windowSchema>;
export type PolicyRule = z.infer<typeof ruleSchema>;
export type PolicyRules = z.infer<typeof policySchema>;

/** One request, as the gate and the agent see it: what would run, where, for whom, and when. */
export interface Judged {
  readonly shell: ShellName;
  readonly command: string;
  readonly cwd: string | null;
  readonly env: Readonly<Record<string, string>>;
  /** The labels of the endpoint. */
  readonly labels: readonly string[];
  readonly role: Role;
  readonly atMs: number;
}

/** What a policy says about a request, and why, in words for the client's contact. */
export interface Decision {
  readonly effect: Effect;
  /** Id of the deciding rule; null: no rule matched, so it is asked. */
  readonly rule: string | null;
  readonly access: Access;
  /** Names of the programs that the line runs: without quotes, in order, each once. */
  readonly programs: readonly string[];
  readonly why: string;
  /** Only with effect `ask`. */
  readonly ask: AskTerms | null;
}

/**
 * Judges a request by a policy: pure, never throws for any text, and the same answer everywhere. The
 * port by which `checkWorkOrder` and the gate reach the parsers of agent/policy.
 */
export type Judge = (policy: PolicyRules, judged: Judged) => Decision;

function restIsLast(patterns: readonly string[]): boolean {
  return !patterns.slice(0, -1).includes('**');
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0));
}

function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return false; // no offsets: they know no summer time
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false; // a RangeError is how Intl says that it does not know the zone
  }
}

export const PRESETS = ['careful', 'standard', 'after-hours'] as const;
export type PresetName = (typeof PRESETS)[number];

/**
 * A policy to start from.
 * - `careful`: everything is asked, reading too; what destroys is refused.
 * - `standard`: reading is allowed, but asked where it may show secrets; the rest is asked; what destroys is refused.
 * - `after-hours`: as standard, and on nights (18:00 to 08:00) and weekends a short list of steps that
 *   undo themselves (restarting one service by its whole name, emptying a DNS cache) is allowed without waking
 *   anybody. The services that stop the machine, open it or belong to the system itself are asked.
 * @throws {z.ZodError} when the time zone is not known
 */
export function presetPolicy(name: PresetName, timeZone: string): PolicyRules {
  return policySchema.parse({
    time_zone: timeZone,
    rules: [...DESTRUCTIVE, ...presetRules(name)],
    ask: { approvals: 1, expires_s: 1800 },
  });
}

function presetRules(name: PresetName): readonly PolicyRule[] {
  switch (name) {
    case 'careful':
      return [{ id: 'ask-everything', effect: 'ask', why: 'Every command is asked at this site.' }];
    case 'standard':
      return [READING];
    case 'after-hours':
      return [
        READING,
        ...SYSTEM_SERVICES,
        ...afterHours('night', { days: [1, 2, 3, 4, 5, 6, 7], from: '18:00', to: '08:00' }),
        ...afterHours('weekend', { days: [6, 7], from: '08:00', to: '18:00' }),
      ];
    default:
      return name satisfies never;
  }
}

const READING: PolicyRule = {
  id: 'reading',
  effect: 'allow',
  access: 'read-only',
  why: 'Only reads, and no known place of secrets, which this site allows.',
};

const DESTRUCTIVE: readonly PolicyRule[] = [
  {
    id: 'no-wiping',
    effect: 'deny',
    access: 'changing',
    programs: [
      ...['mkfs', 'mkfs.*', 'mke2fs', 'mkswap', 'wipefs', 'shred', 'blkdiscard', 'sgdisk'],
      ...['diskpart', 'format.com', 'Format-Volume', 'Clear-Disk', 'Initialize-Disk'],
      ...['Remove-Partition', 'Reset-PhysicalDisk', 'bcdedit'],
    ],
    why: 'Erases a disk or keeps the machine from starting.',
  },
  { id: 'no-format', effect: 'deny', shells: ['cmd', 'powershell', 'pwsh'], programs: ['format'] },
  { id: 'no-raw-disk', effect: 'deny', programs: ['dd'], arguments: ['of=/dev/*'] },
  { id: 'no-root-removal', effect: 'deny', programs: ['rm'], arguments: ['/'] },
  { id: 'no-free-space-wipe', effect: 'deny', programs: ['cipher'], arguments: ['/w*'] },
  {
    id: 'no-backup-removal',
    effect: 'deny',
    programs: ['vssadmin', 'wbadmin'],
    arguments: ['delete'],
    why: 'Removes the backups that undo a mistake or an extortion.',
  },
  { id: 'no-shadow-shrink', effect: 'deny', programs: ['vssadmin'], arguments: ['resize'] },
  { id: 'no-shadow-copy', effect: 'deny', programs: ['wmic'], arguments: ['shadowcopy', 'delete'] },
  {
    id: 'no-log-clearing',
    effect: 'deny',
    programs: ['Clear-EventLog', 'Remove-EventLog'],
    why: 'Removes the record of what happened on the machine.',
  },
  { id: 'no-log-clearing-tool', effect: 'deny', programs: ['wevtutil'], arguments: ['cl'] },
  { id: 'no-log-clearing-word', effect: 'deny', programs: ['wevtutil'], arguments: ['clear-log'] },
];

/** Starting these does not undo itself: `systemd-poweroff.service` is a service by its whole name, too. */
const SYSTEM_SERVICES: readonly PolicyRule[] = (
  [
    ['system', 'systemd-*'],
    ['emergency', 'emergency*'],
    ['rescue', 'rescue*'],
    ['debug-shell', 'debug-shell*'],
    ['boot', 'initrd-*'],
    ['bus', 'dbus*'],
    ['people', 'user@*'],
    ['consoles', '*getty@*'],
    ['upgrades', 'apt-daily*'],
    ['packages', 'packagekit*'],
  ] as const
).map(([name, pattern]) => ({
  id: `restart-${name}`,
  effect: 'ask',
  programs: ['systemctl'],
  arguments: ['restart', pattern],
  why: 'Restarts a part of the system itself, which may not undo itself.',
}));

function afterHours(when: string, window: PolicyWindow): readonly PolicyRule[] {
  const why = 'Undoes itself, and this site allows it outside working hours.';
  const common = {
    effect: 'allow',
    roles: ['owner', 'technician'],
    window,
    why,
  } satisfies Partial<PolicyRule>;
  const steps: readonly (readonly [name: string, program: string, ...patterns: string[]])[] = [
    ['restart', 'systemctl', 'restart', '*.service'],
    ['dns-cache', 'resolvectl', 'flush-caches'],
    ['dns-cache-windows', 'ipconfig', '/flushdns'],
  ];
  return [
    ...steps.map(([name, program, ...patterns]) => ({
      id: `${when}-${name}`,
      programs: [program],
      arguments: patterns,
      ...common,
    })),
    {
      id: `${when}-dns-cache-cmdlet`,
      programs: ['Clear-DnsClientCache'],
      arguments: [],
      ...common,
    },
  ];
}
