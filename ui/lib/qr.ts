// A QR code as one path of an SVG: squares of one unit, drawn by the page's own nodes.

import { encode } from 'uqr';

export interface Qr {
  /** Units of a side, the quiet border of 2 with it. */
  readonly size: number;
  /** The `d` of the path. */
  readonly path: string;
}

/** Draws text. @throws {RangeError} for text that no code can hold */
export function drawQr(text: string): Qr {
  const { size, data } = encode(text, { ecc: 'M', border: 2 });
  const path = data.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])),
  );
  return { size, path: path.join('') };
}
