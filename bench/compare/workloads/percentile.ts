// The nth percentile of some samples, for the workloads that report how long single turns and ticks took.

/** The smallest sample that is not exceeded by so many percent of them. */
export function percentile(samples: readonly number[] | Float64Array, percent: number): number {
  if (samples.length === 0) throw new Error('there are no samples');
  const ascending = Float64Array.from(samples).sort();
  return ascending[Math.max(0, Math.ceil((ascending.length * percent) / 100) - 1)] as number;
}
