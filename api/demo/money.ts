/** Decimal texts as integer cents, digit by digit, without floating-point arithmetic. */

const DECIMAL = /^(\d{1,12})(?:\.(\d{1,2}))?$/;

/** Reads `149.9` as 14990. Throws if the text is not a decimal with at most two places. */
export const centsOf = (text: string): number => {
  const match = DECIMAL.exec(text);
  if (match === null) throw new RangeError(`'${text}' is not an amount with at most two decimal places`);
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
};

/** Formats 14990 as `149.90`. */
export const decimalOf = (cents: number): string => {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};
