/** Rounds a figure to hundredths: what is finer is noise. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
