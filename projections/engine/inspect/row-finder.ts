/** What looks for the events of some rows, and how it names rows. */
import type { RecordedEvent } from '../../../domain/kernel/recorded-event';
import type { RowDifference } from '../../view-reader';
import { keyText, type Cell } from '../tables/tables';

/** A row of a projection's view, of its detail table (`memory`) or of one of its references. */
export interface RowAddress {
  readonly table: RowDifference['table'];
  readonly key: ReadonlyArray<Cell>;
}

/** Looks for the events of some rows, in the order of the store. */
export interface Finder {
  readonly look: (event: RecordedEvent) => void;
  /** The positions of the events that changed the row, in order. */
  readonly positionsOf: (row: RowAddress) => ReadonlyArray<number>;
}

/** An address as one text. */
export const addressText = ({ table, key }: RowAddress): string => `${table} ${keyText(key)}`;

/** Adds a position once. */
export const addPosition = (positions: number[], position: number): void => {
  if (positions.at(-1) !== position) positions.push(position);
};
