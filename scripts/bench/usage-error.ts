/** What is wrong with how a benchmark was asked for; the program ends with exit code 2. */
export class BenchUsageError extends Error {
  override name = 'BenchUsageError';
  readonly code = 'usage';
}
