/** Sums by currency, as JSON columns hold them. Amounts of different currencies are never added up. */

/** A column changed by `addEach` holds integers by currency, and null before the first change. */
const entriesOf = (sums: unknown): ReadonlyArray<readonly [currency: string, sum: number]> =>
  typeof sums === 'object' && sums !== null ? (Object.entries(sums) as ReadonlyArray<readonly [string, number]>) : [];

/** The sum in a currency. Without a currency: the sum of the only currency there is, or 0 where there are several. */
export const amountIn = (sums: unknown, currency: string | null): number => {
  const entries = entriesOf(sums);
  if (currency !== null) return entries.find(([each]) => each === currency)?.[1] ?? 0;
  return entries.length === 1 ? (entries[0]?.[1] ?? 0) : 0;
};

/** The currency with the greatest sum, of equal ones the alphabetically first; null where there is none. */
export const mainCurrency = (sums: unknown): string | null => {
  let main: readonly [currency: string, sum: number] | undefined;
  for (const each of entriesOf(sums)) if (main === undefined || each[1] > main[1]) main = each;
  return main?.[0] ?? null;
};
