/** What an order consists of. */
import { field, record, type RecordOf } from '../kernel/codec';
import { Amount, Identifier, Quantity } from '../kernel/values';

/** One line of an order: a quantity of one article, and its price. */
export const OrderLine = record('OrderLine', {
  sku: field(Identifier, 'The article, by its stock keeping unit; the id of its stock.'),
  quantity: field(Quantity, 'How many pieces of the article.'),
  unitPrice: field(Amount, "The price of one piece, in minor units of the order's currency."),
  freight: field(Amount, "The freight for the whole line (not for a piece), in minor units of the order's currency."),
});

/** A line in memory. */
export type OrderLine = RecordOf<(typeof OrderLine)['fields']>;

/** The total of the lines in minor units; not a safe integer where it is too large. */
export const amountOf = (lines: ReadonlyArray<OrderLine>): number =>
  lines.reduce((sum, line) => sum + line.quantity * line.unitPrice + line.freight, 0);

/** The total quantity of each article over all lines, in order of first occurrence. */
export const quantitiesBySku = (lines: ReadonlyArray<OrderLine>): ReadonlyMap<string, number> => {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  return quantities;
};

/** Whether two lists are equal line by line, prices included. */
export const areSameLines = (left: ReadonlyArray<OrderLine>, right: ReadonlyArray<OrderLine>): boolean =>
  left.length === right.length && left.every((line, index) => isSameLine(line, right[index]));

const isSameLine = (left: OrderLine, right: OrderLine | undefined): boolean =>
  left.sku === right?.sku &&
  left.quantity === right.quantity &&
  left.unitPrice === right.unitPrice &&
  left.freight === right.freight;
