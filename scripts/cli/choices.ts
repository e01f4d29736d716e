// The words that options choose from. Crypto owns them; they are repeated here, and checked by type, because
// loading their schemas would double the time that `--help` takes.

import type { DigestLevel } from '#crypto/digest-level.ts';
import type { PresetName, Role, ShellName } from '#crypto/policy.ts';

export const SHELL_CHOICES = [
  'sh',
  'bash',
  'powershell',
  'pwsh',
  'cmd',
] as const satisfies readonly ShellName[];

export const PRESET_CHOICES = [
  'careful',
  'standard',
  'after-hours',
] as const satisfies readonly PresetName[];

export const ROLE_CHOICES = ['owner', 'technician', 'reviewer'] as const satisfies readonly Role[];

export const LEVEL_CHOICES = [
  'sealed',
  'standard',
  'open',
] as const satisfies readonly DigestLevel[];
