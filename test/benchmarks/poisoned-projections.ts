/** One projection, sound and with a bug that hits one key in a hundred. */
import type { Projection } from '../../projections/projection';
import { stockLevel } from '../../projections/fulfilment/stock-level';

export const KEYS = 10_000;

export const soundProjections: ReadonlyArray<Projection> = [stockLevel];

export const poisonedProjections: ReadonlyArray<Projection> = [
  {
    ...stockLevel,
    project: (event) => {
      if (Number(event.stream.slice('stock-k'.length)) % 100 === 7)
        throw new TypeError('cannot read the shelf of undefined');
      return stockLevel.project(event);
    },
  },
];
