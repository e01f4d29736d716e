// The six fields of a command, bounded as a whole: they are hashed, signed, shown to an approver and sent in one
// frame together with the commands that capture the state before and after. What no shell could ever begin is
// refused here as well, so that no client is asked for it.

import type * as z from 'zod';

import { encodeUtf8 } from '#crypto/bytes.ts';
import { type COMMAND_FIELDS, type FieldsOf, KIND_SHAPES } from '#crypto/kind.ts';
import { NOT_WELL_FORMED } from './bounded-text.ts';

/** What a command is, as its session's key signs it. */
export type CommandFields = Pick<FieldsOf<'command.started'>, (typeof COMMAND_FIELDS)[number]>;

/** What of a command the gate judges by. */
export type JudgedFields = Pick<CommandFields, 'command' | 'shell' | 'cwd' | 'env'>;

/**
 * So many bytes of JSON in all. In base64url they fit one disclosure, and three commands of that size fit one frame
 * of `command.submit` with room for their signatures.
 */
export const MAX_COMMAND_BYTES = 90 * 1024;

/** All variables together, names and values, in bytes of UTF-8: half of what Linux takes for one argument. */
export const MAX_ENV_BYTES = 64 * 1024;
const MAX_ENV_VARIABLES = 256;

const NOT_WHOLE = 'is not a whole path: it begins at the root, as /srv or C:\\srv';
const HOLDS_NUL = 'has a NUL in it, which no system takes';

const FIELDS = KIND_SHAPES['command.started'].fields;

/** What of a command the gate judges by, within its bounds and well-formed. */
export const judgedFieldsSchema: z.ZodType<JudgedFields> = FIELDS.pick({
  command: true,
  shell: true,
  cwd: true,
  env: true,
}).superRefine(checkBounds);

/** The six fields, within their bounds and well-formed. */
export const commandFieldsSchema: z.ZodType<CommandFields> = FIELDS.pick({
  command: true,
  shell: true,
  cwd: true,
  env: true,
  timeout_ms: true,
  output_limit: true,
}).superRefine(checkBounds);

/** True when there is nothing in a text that a shell could run. */
export function isBlank(command: string): boolean {
  return command.trim() === '';
}

/** True for a folder that is named from its root, on whatever system: `/srv`, `C:\srv`, `\\host\share`. */
export function isWholePath(folder: string): boolean {
  return /^(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(folder);
}

function checkBounds(fields: JudgedFields, { addIssue }: z.RefinementCtx): void {
  const refuse = (path: readonly string[], message: string): void => {
    addIssue({ code: 'custom', path: [...path], message });
  };
  const variables = Object.entries(fields.env);
  if (isBlank(fields.command)) refuse(['command'], 'is empty');
  if (fields.command.includes('\0')) refuse(['command'], HOLDS_NUL);
  if (fields.cwd?.includes('\0') === true) refuse(['cwd'], HOLDS_NUL);
  if (fields.cwd !== null && !isWholePath(fields.cwd)) refuse(['cwd'], NOT_WHOLE);
  if (!fields.command.isWellFormed()) refuse(['command'], NOT_WELL_FORMED);
  if (fields.cwd?.isWellFormed() === false) refuse(['cwd'], NOT_WELL_FORMED);
  if (variables.some((pair) => !pair.join('').isWellFormed())) refuse(['env'], NOT_WELL_FORMED);
  if (variables.length > MAX_ENV_VARIABLES) {
    refuse(['env'], `has more than ${MAX_ENV_VARIABLES} variables`);
  }
  if (encodeUtf8(variables.flat().join('')).length > MAX_ENV_BYTES) {
    refuse(['env'], `is more than ${MAX_ENV_BYTES} bytes in all`);
  }
  if (encodeUtf8(JSON.stringify(fields)).length > MAX_COMMAND_BYTES) {
    const message = `is more than ${MAX_COMMAND_BYTES} bytes together with its folder and variables`;
    refuse(['command'], message);
  }
}
