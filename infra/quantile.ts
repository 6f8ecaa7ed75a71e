/** A quantile of some numbers. */

/** The smallest of the values that at least this share of them does not exceed; 0 where there is none. */
export const quantileOf = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
};
