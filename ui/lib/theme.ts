// Light, dark, or as the system has it: a cookie, so that the first paint is right without a script.

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

export const THEME_COOKIE = 'caisey-theme';

/** The theme of a cookie or a form; what is none is the system's. */
export function parseTheme(text: string | undefined): Theme {
  return THEMES.find((theme) => theme === text) ?? 'system';
}
