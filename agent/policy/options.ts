// Options of Unix programs, read strictly: an option that is not named here makes the call unknown, so a
// program's newer or rarer options can never slip through.

import type { Reads } from './word.ts';

export interface OptionForm {
  /** Letters of options without a value: `'la'` for `-l -a -la`. */
  readonly flags?: string;
  /** Letters of options with a value, joined or as the next word. */
  readonly values?: string;
  /** Long options without a value, blank-separated, without dashes; abbreviations are not read. */
  readonly long?: string;
  /** Long options with a value, by `=` or as the next word. */
  readonly longValues?: string;
  /** How many words may follow that are no options; absent: any number, and globs too. */
  readonly operands?: number;
  /** What such a word must look like. */
  readonly operand?: RegExp;
  /** What the value of an option must look like. */
  readonly value?: RegExp;
}

export interface OptionReading {
  /** Every option that was given, with its value or null. */
  readonly options: ReadonlyMap<string, string | null>;
  readonly operands: readonly string[];
}

/** Reads words by a form; null when they do not fit it. */
export function readOptions(form: OptionForm, words: Parameters<Reads>[0]): OptionReading | null {
  const options = new Map<string, string | null>();
  const operands: string[] = [];
  if (form.operands !== undefined && words.some((word) => word.glob)) return null;
  const texts = words.map((word) => word.text);
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i] ?? '';
    if (text === '--') {
      operands.push(...texts.slice(i + 1));
      break;
    }
    const read = text.startsWith('--') ? readLong(form, text) : readShort(form, text);
    if (read === 'operand') operands.push(text);
    else if (read === null) return null;
    else {
      for (const flag of read.flags) options.set(flag, null);
      if (read.option === null) continue;
      const value = read.value ?? texts[++i];
      // where the value is optional, the program takes a word with a dash for its next option
      if (read.value === null && value?.startsWith('-') === true) return null;
      if (value === undefined || form.value?.test(value) === false) return null;
      options.set(read.option, value);
    }
  }
  if (operands.length > (form.operands ?? Infinity)) return null;
  if (operands.some((operand) => form.operand?.test(operand) === false)) return null;
  return { options, operands };
}

/** Reads only, when the words fit the form and, if given, the reading holds. */
export function reads(form: OptionForm, holds?: (reading: OptionReading) => boolean): Reads {
  return (words) => {
    const reading = readOptions(form, words);
    return reading !== null && (holds?.(reading) ?? true);
  };
}

interface ReadOption {
  readonly flags: readonly string[];
  readonly option: string | null;
  readonly value: string | null;
}

function readLong(form: OptionForm, text: string): ReadOption | null {
  const [, name = '', joined] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(text) ?? [];
  if (form.longValues?.split(' ').includes(name) === true) {
    return { flags: [], option: name, value: joined ?? null };
  }
  const isFlag = joined === undefined && form.long?.split(' ').includes(name) === true;
  return isFlag ? { flags: [name], option: null, value: null } : null;
}

function readShort(form: OptionForm, text: string): ReadOption | 'operand' | null {
  if (!text.startsWith('-') || text === '-') return 'operand';
  const flags: string[] = [];
  for (let i = 1; i < text.length; i++) {
    const letter = text.charAt(i);
    if (form.values?.includes(letter) === true) {
      return { flags, option: letter, value: text.slice(i + 1) || null };
    }
    if (form.flags?.includes(letter) !== true) return null;
    flags.push(letter);
  }
  return { flags, option: null, value: null };
}
