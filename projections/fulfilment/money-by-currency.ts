/** Sums by currency, as JSON columns hold them. Amounts of two currencies are never added up. */

/** A column that was added to member by member holds integers by currency; null before the first. */
const entriesOf = (sums: unknown): ReadonlyArray<readonly [currency: string, sum: number]> =>
  typeof sums === 'object' && sums !== null ? (Object.entries(sums) as ReadonlyArray<readonly [string, number]>) : [];

/** The sum in a currency; where none is named, that of the only currency there is, and 0 where there are several. */
export const amountIn = (sums: unknown, currency: string | null): number => {
  const entries = entriesOf(sums);
  if (currency !== null) return entries.find(([each]) => each === currency)?.[1] ?? 0;
  return entries.length === 1 ? (entries[0]?.[1] ?? 0) : 0;
};

/** The currency with the greatest sum, the first in the alphabet of several; null where there is none. */
export const mainCurrency = (sums: unknown): string | null => {
  let main: readonly [currency: string, sum: number] | undefined;
  for (const each of entriesOf(sums)) if (main === undefined || each[1] > main[1]) main = each;
  return main?.[0] ?? null;
};
