/** Filters of a list as clients write them: `column=value`, or `column.operator=value`. */
import * as E from 'fp-ts/Either';
import { MAX_FILTER_VALUES, operatorsOf } from '../../view-query';
import type { ListFailure, ViewColumn, ViewDescription } from '../../view-reader';
import { cellOf, type Cell } from '../tables/tables';

/** One condition on a column. */
export interface Condition {
  readonly column: string;
  readonly operator: Operator;
  readonly cells: ReadonlyArray<Cell>;
}

export type Operator = 'eq' | 'in' | 'gt' | 'gte' | 'lt' | 'lte' | 'null' | 'not-null';

/** Parses filters by the name of their parameter. */
export const conditionsOf = (
  { columns }: Pick<ViewDescription, 'columns'>,
  filters: Readonly<Record<string, string>>,
): E.Either<ListFailure, ReadonlyArray<Condition>> => {
  const known = columns.filter(({ type }) => type !== 'json');
  const conditions: Condition[] = [];
  for (const [name, text] of Object.entries(filters)) {
    const [columnName = '', operator = 'eq', ...more] = name.split('.');
    const column = known.find((each) => each.name === columnName);
    if (column === undefined) return E.left({ _tag: 'UnknownFilter', name, known: known.map((each) => each.name) });
    const invalid = (reason: string): E.Either<ListFailure, never> => E.left({ _tag: 'InvalidFilter', name, reason });
    const operators = operatorsOf(column);
    // `eq` is what a name without an operator means, and no operator itself.
    if (more.length > 0 || (name !== columnName && !operators.includes(operator)))
      return invalid(`after the column it takes ${operators.map((each) => `.${each}`).join(', ')}`);
    const condition = conditionOf(column, operator, text);
    if (typeof condition === 'string') return invalid(condition);
    conditions.push(condition);
  }
  return E.right(conditions);
};

/** The condition, or what is wrong with its value. */
const conditionOf = (column: ViewColumn, operator: string, text: string): Condition | string => {
  const { name, type } = column;
  if (operator === 'null') {
    if (text !== 'true' && text !== 'false') return `it takes true or false, not '${text}'`;
    return { column: name, operator: text === 'true' ? 'null' : 'not-null', cells: [] };
  }
  const texts = operator === 'in' ? valuesIn(text) : [text];
  if (texts.length > MAX_FILTER_VALUES) return `it takes at most ${MAX_FILTER_VALUES} values, not ${texts.length}`;
  const cells: Cell[] = [];
  for (const each of texts) {
    const cell = cellOf(column, each);
    if (cell === undefined)
      return operator === 'in'
        ? `each of its values, between commas, is ${FILTERS[type]}, not '${each}'`
        : `it takes ${FILTERS[type]}, not '${each}'`;
    cells.push(cell);
  }
  // `operatorsOf` names only operators of this type.
  return { column: name, operator: operator as Operator, cells };
};

const FILTERS = { integer: 'a whole number', boolean: 'true or false', text: 'a text', json: 'nothing' } as const;

/** Values between commas; a backslash takes the next character as it is. */
const valuesIn = (text: string): ReadonlyArray<string> => {
  const values: string[] = [];
  let value = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (character === ',') {
      values.push(value);
      value = '';
      continue;
    }
    if (character === '\\' && index + 1 < text.length) index += 1;
    value += text[index] ?? '';
  }
  return [...values, value];
};
