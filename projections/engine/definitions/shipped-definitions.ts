/**
 * What the projections are made from, as a module that a thread can load by its path: functions can't be handed to one.
 * A test hands in a module of its own with the same two exports.
 */
import type { Catalog } from '../../../domain/kernel/aggregate';
import { catalog as declaredCatalog } from '../../../domain/catalog';
import type { Projection } from '../../projection';
import { projections as declaredProjections } from '../../registry';

/** The exports that such a module has to have. */
export interface Definitions {
  /** The aggregates; their topics are replaced by those of the running program, which may have a prefix. */
  readonly catalog: Catalog;
  readonly projections: ReadonlyArray<Projection>;
}

export const catalog: Definitions['catalog'] = declaredCatalog;
export const projections: Definitions['projections'] = declaredProjections;
