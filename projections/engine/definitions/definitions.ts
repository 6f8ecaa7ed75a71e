/** What the running program declares: its projections and the topics that each of them reads. */
export { topicsOf } from './projection-topics';
export type { Definitions } from './shipped-definitions';
