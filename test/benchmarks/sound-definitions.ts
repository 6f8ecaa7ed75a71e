/** What the views' thread of the benchmark projects. */
export { catalog } from '../../domain/catalog';
export { soundProjections as projections } from './poisoned-projections';
