/** What a list of a view can be asked for: the operators of its filters, and its orders. */
import type { ViewColumn, ViewDescription } from './view-reader';

/** Upper limit on the values of one `in`. */
export const MAX_FILTER_VALUES = 100;

const RANGES = ['gt', 'gte', 'lt', 'lte'] as const;

/** The operators that a column takes after a dot; JSON columns cannot be filtered. */
export const operatorsOf = ({ type, nullable }: Pick<ViewColumn, 'type' | 'nullable'>): ReadonlyArray<string> => {
  if (type === 'json') return [];
  return [...(type === 'boolean' ? [] : RANGES), 'in', ...(nullable ? ['null'] : [])];
};

/** The orders that need no filter, ascending; each can be had with `-` before every column too. */
export const sortsOf = (view: Pick<ViewDescription, 'key' | 'columns' | 'indexes'>): ReadonlyArray<string> => [
  ...new Set(
    sortableIndexes(view).flatMap((index) => index.map((_column, length) => index.slice(0, length + 1).join(','))),
  ),
];

/** The key and the declared indexes, without columns that have no order. */
export const sortableIndexes = ({
  key,
  columns,
  indexes,
}: Pick<ViewDescription, 'key' | 'columns' | 'indexes'>): ReadonlyArray<ReadonlyArray<string>> =>
  [key, ...indexes].map((index) => {
    const end = index.findIndex((name) => columns.find((each) => each.name === name)?.type === 'json');
    return end < 0 ? index : index.slice(0, end);
  });
