// Quantiles of samples, as benchmarks report them.

/** The q-quantile of samples (0 ≤ q ≤ 1) by the nearest rank; NaN for none. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1));
  return sorted[rank] ?? NaN;
}
