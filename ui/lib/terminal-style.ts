// The colours of a terminal as class names of ours. A program has many colours; the console has the few that can be
// read on its ground, in light and dark, so each is taken for the nearest of these. Nothing can be coloured away:
// hidden, blinking and faint text is shown as text.

import Anser from 'anser';

type Hue = 'ink' | 'soft' | 'bad' | 'good' | 'warn' | 'accent';

const TEXT: Readonly<Record<Hue, string>> = {
  ink: '',
  soft: 'text-soft',
  bad: 'text-bad',
  good: 'text-good',
  warn: 'text-warn',
  accent: 'text-accent',
};

const GROUND: Readonly<Record<Hue, string>> = {
  ink: 'bg-raised',
  soft: 'bg-raised',
  bad: 'bg-bad-soft',
  good: 'bg-good-soft',
  warn: 'bg-warn-soft',
  accent: 'bg-accent-soft',
};

const NAMED: Readonly<Record<string, Hue>> = {
  'ansi-black': 'ink',
  'ansi-red': 'bad',
  'ansi-green': 'good',
  'ansi-yellow': 'warn',
  'ansi-blue': 'accent',
  'ansi-magenta': 'accent',
  'ansi-cyan': 'accent',
  'ansi-white': 'ink',
  'ansi-bright-black': 'soft',
  'ansi-bright-red': 'bad',
  'ansi-bright-green': 'good',
  'ansi-bright-yellow': 'warn',
  'ansi-bright-blue': 'accent',
  'ansi-bright-magenta': 'accent',
  'ansi-bright-cyan': 'accent',
  'ansi-bright-white': 'ink',
};

const DECORATIONS: Readonly<Partial<Record<string, string>>> = {
  bold: 'font-bold',
  italic: 'italic',
  underline: 'underline',
  strikethrough: 'line-through',
};

/** The style that a stream's colour sequences have led to. */
export class TerminalStyle {
  readonly #anser = new Anser();
  #className = '';

  /** Class names for text that is printed now; empty for plain text. */
  get className(): string {
    return this.#className;
  }

  /** Takes the codes of one colour sequence: digits and semicolons. */
  apply(codes: string): void {
    const now = this.#anser.processChunkJson(`${codes}m`, { json: true, use_classes: true }, true);
    const decorations = new Set<string>(now.decorations);
    now.decorations.splice(0, Infinity, ...(decorations as Set<Anser.DecorationName>)); // the same, each once
    const text = hueOf(now.fg, now.fg_truecolor);
    const ground = hueOf(now.bg, now.bg_truecolor);
    const isReverse = decorations.has('reverse');
    this.#className = [
      text === null ? '' : TEXT[text],
      ground === null && !isReverse ? '' : GROUND[ground ?? text ?? 'ink'],
      ...Array.from(decorations, (name) => DECORATIONS[name] ?? ''),
    ]
      .filter((name) => name !== '')
      .join(' ');
  }
}

/** `named` is anser's word for a colour, `rgb` the numbers of a true colour; both are null at run time for none. */
function hueOf(named: string | null, rgb: string | null): Hue | null {
  if (named === null) return null;
  if (named === 'ansi-truecolor') return nearestHue((rgb ?? '').split(',').map(Number));
  const [, index] = /^ansi-palette-(\d+)$/.exec(named) ?? [];
  return index === undefined ? (NAMED[named] ?? 'ink') : nearestHue(paletteColour(Number(index)));
}

/** Colours 16 to 231 of the palette are a cube of six levels, the rest greys. */
function paletteColour(index: number): readonly number[] {
  if (index >= 232) return [0, 1, 2].map(() => 8 + (index - 232) * 10);
  const at = index - 16;
  return [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map((level) =>
    level === 0 ? 0 : 55 + level * 40,
  );
}

function nearestHue([red = 0, green = 0, blue = 0]: readonly number[]): Hue {
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  if (most - least < 48) return most > 64 && most < 176 ? 'soft' : 'ink';
  const isHigh = (level: number): boolean => level > (most + least) / 2;
  if (isHigh(blue)) return 'accent';
  if (isHigh(red)) return isHigh(green) ? 'warn' : 'bad';
  return 'good';
}
